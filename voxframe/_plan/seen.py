"""Every session that a plan has been told of, by second."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxframe._plan.model import Limits, PageRequest, PageRows

_LOOK_AHEAD = 60


class Seen:
    """Sessions received so far, each once, and what their answers gave away.

    Attributes
    ----------
    inclusive : bool
        Whether an answer has shown that ``to_date`` belongs to a window.
    most : int
        The most rows that an answer had.
    crowds : int
        Seconds that had to be read by offsets or filters.
    """

    def __init__(self) -> None:
        self.crowds = 0
        self.inclusive = False
        self.most = 0
        self._ids: list[NDArray[np.int64]] = []
        self._starts: list[NDArray[np.int64]] = []
        self._sorted: NDArray[np.int64] | None = None

    def add(self, ask: PageRequest, held: PageRows) -> None:
        """Remember the rows of an answer."""
        if not held.ids.size:
            return
        self.most = max(self.most, held.ids.size)
        if held.starts.max() == ask.last > ask.first:
            self.inclusive = True
        self._ids.append(held.ids)
        self._starts.append(held.starts)
        self._sorted = None

    def _all(self) -> NDArray[np.int64]:
        """Give the starts of all different sessions, sorted."""
        if self._sorted is None:
            ids = np.concatenate([np.empty(0, np.int64), *self._ids])
            starts = np.concatenate([np.empty(0, np.int64), *self._starts])
            unique, at = np.unique(ids, return_index=True)
            self._ids, self._starts = [unique], [starts[at]]
            self._sorted = np.sort(starts[at])
        return self._sorted

    def between(self, first: int, last: int) -> NDArray[np.int64]:
        """Give the starts in ``first <= second <= last``, sorted."""
        starts = self._all()
        return starts[
            np.searchsorted(starts, first, "left") : np.searchsorted(starts, last, "right")
        ]

    def count(self, first: int, last: int) -> int:
        """Count the sessions in ``first <= second <= last``."""
        return int(self.between(first, last).size)

    def proves(self, first: int, last: int, total: int) -> bool:
        """Say whether ``total`` is what is here, whatever ``to_date`` means.

        No more is here than there is. So if all that is here before the last
        second makes up the total, none is missing, and none starts in the last
        second if that counts; only where it is known to count may it be added.
        """
        return total == self.count(first, last - 1) or (
            self.inclusive and total == self.count(first, last)
        )

    def gap(self, second: int, low: int, high: int) -> int:
        """Find a second in which no known session starts, at or soon after ``second``."""
        second = min(max(second, low), high)
        near = self.between(second, min(second + _LOOK_AHEAD, high))
        free = np.setdiff1d(np.arange(second, min(second + _LOOK_AHEAD, high) + 1), near)
        return int(free[0]) if free.size else second


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What the steps of one plan share.

    Attributes
    ----------
    workers : int
        Answers wanted side by side.
    free : Sequence of str
        Filters that the query leaves free, by which a crowded second can be split.
    limits : Limits
        What one answer can give.
    seen : Seen
        The rows so far.
    """

    workers: int
    free: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    seen: Seen = field(default_factory=Seen)
