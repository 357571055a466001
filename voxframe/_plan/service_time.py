"""In which timezone the service speaks, in which it listens, and by which seconds it is asked.

Neither timezone is documented. Answers name the one of their dates. Requests may
be read in the same one, or in UTC; rows of an answer that fit under one reading
only tell which.

A date in an hour that clocks repeat, or skip, can be read in any way. So no
request begins or ends in one: a plan takes it as one second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voxframe._plan.model import format_wall_time
from voxframe._timezones import ClockChange, clock_changes, utc_to_wall

Seconds = NDArray[np.int64]

# Clocks differ by less than a day from UTC: changes so near to a window can touch its requests.
_DAY = 86_400


@dataclass(frozen=True)
class RequestTime:
    """The seconds by which a window is asked for, with its stretches that are never cut.

    Attributes
    ----------
    stretches : tuple of (int, int)
        Half-open, apart and in order; in seconds as requests spell them. A plan
        takes each as one second.
    """

    stretches: tuple[tuple[int, int], ...] = ()

    @cached_property
    def _bounds(self) -> tuple[Seconds, Seconds, Seconds]:
        begins, ends = np.array(self.stretches, np.int64).reshape(-1, 2).T
        return begins, ends, np.concatenate([[0], np.cumsum(ends - begins - 1)])

    def planned(self, spelled: Seconds) -> Seconds:
        """Turn seconds of requests into seconds of a plan."""
        begins, ends, saved = self._bounds
        if not begins.size:
            return spelled
        after = np.searchsorted(begins, spelled, "right")
        last = np.maximum(after - 1, 0)
        inside = (after > 0) & (spelled < ends[last])
        return np.where(inside, begins[last] - saved[last], spelled - saved[after])

    def asked(self, planned: int) -> int:
        """Turn a second of a plan into the one by which a request begins or ends."""
        begins, _, saved = self._bounds
        before = np.searchsorted(begins - saved[:-1], planned, "left")
        return int(planned + saved[before])

    def spell(self, planned: int) -> str:
        """Write a second of a plan the way the service does."""
        return format_wall_time(self.asked(planned))


@dataclass(frozen=True, slots=True)
class ServiceTimezone:
    """What is known of the service's clock; a value, replaced when more is known.

    Attributes
    ----------
    speaks : tzinfo
        Timezone of the dates in answers.
    listens : tzinfo or None
        Timezone in which ``from_date`` and ``to_date`` are read: `speaks` or UTC. None
        until rows have shown which; windows are then asked for so wide that they hold
        what is wanted under both readings.
    """

    speaks: tzinfo = UTC
    listens: tzinfo | None = UTC

    @property
    def _readings(self) -> list[tzinfo]:
        return [self.speaks, UTC] if self.listens is None else [self.listens]

    def window(self, first: int, end: int) -> tuple[RequestTime, int, int]:
        """Return how a window is asked for, and where a plan of it begins and ends.

        Parameters
        ----------
        first, end : int
            Seconds since 1970, UTC, half-open.
        """
        time = self.request_time(first, end)
        edges = np.array([first, end - 1])
        placed = [time.planned(utc_to_wall(edges, reading)) for reading in self._readings]
        return time, min(int(low) for low, _ in placed), max(int(high) for _, high in placed) + 1

    def places(self, time: RequestTime, instants: Seconds) -> list[Seconds]:
        """Return the instants as seconds of a plan, under each reading that is possible."""
        return [time.planned(utc_to_wall(instants, reading)) for reading in self._readings]

    def learn(self, first: int, last: int, zone: tzinfo, instants: Seconds) -> "ServiceTimezone":
        """Learn from an answer: its timezone, and which rows it gave for which request.

        Parameters
        ----------
        first, last : int
            The dates of the request, as spelled.
        zone : tzinfo
            Timezone of the answer.
        instants : array of int64
            The rows' starts, seconds since 1970, UTC.

        Returns
        -------
        ServiceTimezone
            This one if it explains the answer, else a better one.
        """
        if zone == self.speaks and self.listens is not None:
            return self
        if zone is UTC:
            return ServiceTimezone()
        fitting = [
            reading
            for reading in (zone, UTC)
            if _fits(ServiceTimezone(zone, reading), first, last, instants)
        ]
        return ServiceTimezone(zone, fitting[0] if len(fitting) == 1 else None)

    def other(self) -> "ServiceTimezone":
        """Return the other reading of requests."""
        return ServiceTimezone(self.speaks, UTC if self.listens != UTC else self.speaks)

    def request_time(self, first: int, end: int) -> RequestTime:
        """Return the time of requests about a window."""
        changes = clock_changes(self.speaks, first - 2 * _DAY, end + 2 * _DAY)
        return RequestTime(
            _joined(s for reading in self._readings for s in _stretches(changes, reading))
        )


def _fits(clock: ServiceTimezone, first: int, last: int, instants: Seconds) -> bool:
    """Return whether a request for these dates may give these rows."""
    time = clock.request_time(first, last)
    low, high = time.planned(np.array([first, last])).tolist()
    (placed,) = clock.places(time, instants)
    return bool(np.all((placed >= low) & (placed <= high)))


def _stretches(changes: Iterable[ClockChange], reading: tzinfo) -> Iterable[tuple[int, int]]:
    """Return what is never cut: one second before a change's hours until their end.

    The second before is the last one that a date names without doubt.
    """
    for change in changes:
        at, low, high = change.at, *sorted((change.before, change.after))
        if reading is not UTC:
            yield at + low - 1, at + high
        elif change.after < change.before:
            # Rows of the repeated hour, whose dates do not tell which of the two they are of.
            yield at - (high - low) - 1, at + (high - low)


def _joined(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for first, end in sorted(stretches):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((first, end))
    return tuple(joined)
