"""Every session that a plan has been told of, by second."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxframe._wire import Ask, Held, Limits, Steps, ask_all

_LOOK_AHEAD = 60


class Seen:
    """Sessions received so far, each once, and what their answers gave away.

    Attributes
    ----------
    inclusive : bool or None
        Whether ``to_date`` belongs to a window; None until an answer shows it.
    """

    def __init__(self) -> None:
        self.inclusive: bool | None = None
        self._ids: list[NDArray[np.int64]] = []
        self._starts: list[NDArray[np.int64]] = []
        self._sorted: NDArray[np.int64] | None = None

    def add(self, ask: Ask, held: Held) -> None:
        """Remember the rows of an answer."""
        if not held.ids.size:
            return
        if held.starts.max() == ask.last > ask.first:
            self.inclusive = True
        self._ids.append(held.ids)
        self._starts.append(held.starts)
        self._sorted = None

    def forget(self) -> None:
        """Forget the rows, so that only what is answered from now on proves anything."""
        self._ids, self._starts, self._sorted = [], [], None

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
        """Say whether ``total`` is what is here, under every reading still possible."""
        with_last = self.inclusive is False or self.count(first, last) == total
        without_last = self.inclusive is True or self.count(first, last - 1) == total
        return with_last and without_last

    def lonely(self) -> int | None:
        """Give a second in which a session starts, none in the one before, if there is such."""
        starts = np.unique(self._all())
        alone = starts[1:][np.diff(starts) > 1]
        return int(alone[alone.size // 2]) if alone.size else None

    def gap(self, second: int, low: int, high: int) -> int:
        """Find a second in which no known session starts, at or soon after ``second``."""
        second = min(max(second, low), high)
        near = self.between(second, min(second + _LOOK_AHEAD, high))
        free = np.setdiff1d(np.arange(second, min(second + _LOOK_AHEAD, high) + 1), near)
        return int(free[0]) if free.size else second


@dataclass(frozen=True, slots=True)
class Scope:
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


def learn_to_date(seen: Seen) -> Steps[None]:
    """Find out whether ``to_date`` belongs to a window, if that is not known and can be."""
    second = seen.lonely()
    if seen.inclusive is not None or second is None:
        return
    # Were the answer to hold a row, it starts in the last second, and that has been seen.
    ask = Ask(second - 1, second, count=1, total=True)
    (held,) = yield from ask_all([ask])
    if held.must_total(ask) == 0:
        seen.inclusive = False
