"""In which timezone the service speaks, and in which it listens.

Neither is documented. Answers name the timezone of their dates. Requests may be
read in the same one, or in UTC; the rows of an answer tell which, mostly.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from voxframe._plan.model import PageRequest
from voxframe._timezones import utc_to_wall

_HOUR = 3600
# No clock change moves by more, so looking this far finds the lowest and the highest face.
_CHANGES = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class ServiceTimezone:
    """What is known of the service's clock; a value, replaced when more is known.

    Attributes
    ----------
    speaks : tzinfo
        Timezone of the dates in answers.
    listens : tzinfo
        Timezone in which ``from_date`` and ``to_date`` are read.
    sure : bool
        Whether rows have shown ``listens``. Until then windows are asked for so
        wide that they hold what is wanted under both readings.
    """

    speaks: tzinfo = UTC
    listens: tzinfo = UTC
    sure: bool = True

    def faces(self, first: int, end: int) -> tuple[int, int]:
        """Give the window on the clock face that requests are read on.

        Parameters
        ----------
        first, end : int
            Seconds since 1970, UTC, half-open.

        Returns
        -------
        tuple of int
            ``from_date`` and ``to_date`` as seconds of the clock face; they
            hold at least the window, and more where clocks change.
        """
        low = first + min(_offset(first + h * _HOUR, self.listens) for h in _CHANGES)
        high = end + max(_offset(end - h * _HOUR, self.listens) for h in _CHANGES)
        return (low, high) if self.sure else (min(low, first), max(high, end))

    def of(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put instants, in seconds since 1970, on that clock face."""
        return utc_to_wall(instants, self.listens)

    def learn(
        self, ask: PageRequest, zone: tzinfo, instants: NDArray[np.int64]
    ) -> "ServiceTimezone":
        """Learn from an answer: its timezone, and which rows it gave for which window.

        Parameters
        ----------
        ask : PageRequest
            What was asked.
        zone : tzinfo
            Timezone of the answer.
        instants : array of int64
            The rows' starts, seconds since 1970, UTC.

        Returns
        -------
        ServiceClock
            This one if it explains the answer, else a better one.
        """
        if zone == self.speaks:
            return self
        as_spoken = _inside(ask, utc_to_wall(instants, zone))
        as_utc = _inside(ask, instants)
        if instants.size and as_utc and not as_spoken:
            return ServiceTimezone(zone, UTC)
        return ServiceTimezone(zone, zone, sure=bool(instants.size) and not as_utc)

    def other(self) -> "ServiceTimezone":
        """Give the other reading of requests."""
        return ServiceTimezone(self.speaks, UTC if self.listens != UTC else self.speaks)


def _inside(ask: PageRequest, seconds: NDArray[np.int64]) -> bool:
    return bool(np.all((seconds >= ask.first) & (seconds <= ask.last)))


def _offset(instant: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else round(offset.total_seconds())
