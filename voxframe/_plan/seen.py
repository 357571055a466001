"""Every session that a plan has been told of, by second, and what its answers prove."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxframe._plan.model import Limits, PageRequest, PageRows, format_wall_time
from voxframe.errors import IncompleteHistoryError

# A cut is moved by no more seconds than this to find one in which no session starts.
_LOOK_AHEAD = 60
# Rows and their count are of two moments, so they may contradict each other now and then. So many
# times in a row, with the world's rows coming and going, they do not: the counts are wrong.
_CONTRADICTIONS = 10


class Seen:
    """Sessions received so far, each once, and what their answers gave away.

    Attributes
    ----------
    largest : int
        The most rows that an answer had.
    capped : bool
        Whether an answer had fewer rows than were asked for and there.
    dense_seconds : int
        Seconds that had to be read by offsets or filters.
    """

    def __init__(self) -> None:
        self.dense_seconds = 0
        self.capped = False
        self.largest = 0
        self._ids: list[NDArray[np.int64]] = []
        self._starts: list[NDArray[np.int64]] = []
        self._sorted: NDArray[np.int64] | None = None

    def add(self, ask: PageRequest, held: PageRows) -> None:
        """Remember the rows of an answer."""
        rows = held.ids.size
        if held.total is not None and rows < min(ask.count, held.total - ask.offset):
            self.capped = True
        if not rows:
            return
        self.largest = max(self.largest, rows)
        self._ids.append(held.ids)
        self._starts.append(held.starts)
        self._sorted = None

    def _all(self) -> NDArray[np.int64]:
        """Return the starts of all different sessions, sorted."""
        if self._sorted is None:
            ids = np.concatenate([np.empty(0, np.int64), *self._ids])
            starts = np.concatenate([np.empty(0, np.int64), *self._starts])
            unique, at = np.unique(ids, return_index=True)
            self._ids, self._starts = [unique], [starts[at]]
            self._sorted = np.sort(starts[at])
        return self._sorted

    def between(self, first: int, last: int) -> NDArray[np.int64]:
        """Return the starts in ``first <= second <= last``, sorted."""
        starts = self._all()
        return starts[
            np.searchsorted(starts, first, "left") : np.searchsorted(starts, last, "right")
        ]

    def count(self, first: int, last: int) -> int:
        """Count the sessions in ``first <= second <= last``."""
        return int(self.between(first, last).size)

    def gap(self, second: int, low: int, high: int) -> int:
        """Find a second in which no known session starts, at or soon after ``second``."""
        second = min(max(second, low), high)
        near = self.between(second, min(second + _LOOK_AHEAD, high))
        free = np.setdiff1d(np.arange(second, min(second + _LOOK_AHEAD, high) + 1), near)
        return int(free[0]) if free.size else second


@dataclass(slots=True)
class PlanContext:
    """What the steps of one plan share.

    Attributes
    ----------
    end : int
        Where the plan's window ends.
    workers : int
        Answers wanted side by side.
    splittable_by : Sequence of str
        Filters that the query leaves free, by which a dense second can be split.
    limits : Limits
        What one answer can give.
    spell : callable
        Writes a second for an error message.
    seen : Seen
        The rows so far.
    contradictions : int
        Answers in a row whose count is not of their rows.
    largest_total : int
        The most that an answer counted.
    rounded : bool
        Whether every count above a page was of whole pages.
    """

    end: int
    workers: int
    splittable_by: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    spell: Callable[[int], str] = format_wall_time
    seen: Seen = field(default_factory=Seen)
    contradictions: int = 0
    largest_total: int = 0
    rounded: bool = True

    def total_of(self, ask: PageRequest, held: PageRows) -> int:
        """Return the total that was asked for, or raise if it is none."""
        asked = f"asked for {ask.describe(self.spell)}"
        if held.refused:
            raise IncompleteHistoryError(
                f"{asked}, the service refused, as it does not know these filters; it gives the "
                "rest in no other way",
            )
        if held.total is None:
            raise IncompleteHistoryError(
                f"{asked} with its total_count, the service answered without one; "
                "nothing can then show that the answer is complete",
            )
        self.largest_total = max(self.largest_total, held.total)
        if held.total > self.limits.page and held.total % self.limits.page:
            self.rounded = False
        rows = held.distinct
        if held.total < 0 or held.total < rows or (held.total and not rows and not ask.offset):
            self.contradictions += 1
        elif rows > 1:
            self.contradictions = 0
        if self.contradictions == _CONTRADICTIONS:
            raise IncompleteHistoryError(
                f"{asked}, the service counts {held.total} sessions and gave {rows or 'none'}; so "
                f"it contradicted itself {_CONTRADICTIONS} times in a row, and without a count "
                "nothing can show that an answer is complete",
            )
        return held.total

    def holds_all(self, ask: PageRequest, held: PageRows) -> bool:
        """Return whether an answer by itself holds every session of its window.

        A full page proves nothing, whatever it counts: the count may be capped,
        or of a moment before a session came in and pushed an old one out.
        """
        rows = held.ids.size
        full = rows >= ask.count or (self.seen.capped and rows >= self.seen.largest)
        return held.distinct == held.total and not full

    def count_proves(self, first: int, last: int, total: int) -> bool:
        """Return whether ``total`` is what is here, whatever ``to_date`` means.

        No more is here than there is. So if all that is here before the last
        second makes up the total, none is missing, and none starts in the last
        second if that counts. A part of the last second may count, too: but in
        the plan's own last second nothing was received that does not.
        """
        return total == self.seen.count(first, last - 1) or (
            last == self.end and total == self.seen.count(first, last)
        )
