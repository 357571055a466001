"""Read forward by key: the next page starts where the last one ended (keyset pagination).

It rests on an order by ``start_date``, so each page is checked for it, and a page that shows
little of that order is noted: whoever has the scan run proves such stretches by other means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from voxframe._plan.model import PageRequest, PageRows, Steps
from voxframe._plan.seen import PlanContext

# Each page starts this many rows before the end of the last one. An order that is nearly, but not
# quite, by start_date (ids drawn by several machines, say) then shows itself as a decrease inside
# a page, where a session would otherwise hide behind a page's end.
_OVERLAP = 4
# Rows in order that lie in so many seconds are in order by chance once in 8!, some 40,000 times.
_TELLING = 8
# A tail is worth a request of its own if it is expected to fill one and more.
_WORTH_A_STEAL = 1.2
# So many times more or fewer sessions than expected, and they do not lie evenly.
_UNEVEN = 3


@dataclass(slots=True, eq=False)
class _Segment:
    """A stretch of the window that one worker reads forward.

    ``left`` is how many sessions start in it from ``cursor`` on, of which a page
    is in flight; ``sure`` whether the service said so. ``even`` is whether they
    may be taken to lie evenly; else they are taken to lie as densely as those of
    the last page, ``density`` a second. ``parent`` is what this was cut from.
    """

    cursor: int
    end: int
    left: float
    sure: bool = False
    even: bool = True
    density: float = 0.0
    parent: "_Segment | None" = None

    def correct(self, by: float) -> None:
        self.left += by
        if self.parent is not None:
            self.parent.left -= by


def cut_evenly(first: int, last: int, pieces: int) -> list[tuple[int, int]]:
    """Cut a window in so many equal stretches of time, if it has so many seconds."""
    pieces = max(1, min(pieces, last - first))
    return list(pairwise(first + (last - first) * i // pieces for i in range(pieces + 1)))


class KeysetScan:
    """Read segments forward, side by side; split the longest when a worker is idle.

    A segment's first page and its last one bring their total: the first shows
    where the work is, the last that it is the last, however short pages come.

    ``held`` is what the ``whole`` window's first page held, and ``total`` the window's count;
    ``early`` what the first pages of later segments held, if those were asked for beside it.
    """

    def __init__(
        self,
        scope: PlanContext,
        whole: PageRequest,
        held: PageRows,
        total: int,
        early: Mapping[PageRequest, PageRows],
    ) -> None:
        self.scope = scope
        self.early = early
        self.window = (whole.first, whole.last)
        self.ordered = True
        self.dense: set[int] = set()
        # Stretches that were gone over on pages which show too little of the order.
        self.unproven: list[tuple[int, int]] = []
        # The most rows that an answer had so far: the service may give fewer than are asked for.
        self.gives = held.starts.size
        self.total = total
        self.steals = 0
        self.running: dict[PageRequest, tuple[_Segment, float]] = {}
        self.start = self._next_cursor(whole.first, held)
        self.missing = max(total - held.starts.size, 1)

    def steps(self) -> Steps[int | None]:
        """Read; return the whole window's count where a worker had nothing better to do."""
        first, last = self.window
        asks = self._begin()
        answers = [*self.early.items()]
        count = PageRequest(first, last, count=1, total=True)
        counted: int | None = None
        asked = False
        while self.running or asked:
            if not asked and counted is None and self.ordered and self._idle():
                asked = True
                asks.append(count)
            if answers:
                ask, held = answers.pop()
            else:
                ask, held = yield asks
                asks = []
            if ask is count:
                asked, counted = False, self.scope.total_of(count, held)
                continue
            segment, expected = self.running.pop(ask)
            self.ordered = self.ordered and held.in_order
            if not self.ordered:
                continue
            if self._advance(segment, ask, held, expected):
                asks.append(self._send(segment))
            while self._idle() and (tail := self._steal()) is not None:
                asks.append(self._send(tail))
        return counted

    def _idle(self) -> bool:
        return len(self.running) < self.scope.workers

    def _begin(self) -> list[PageRequest]:
        """Start all segments; return what there is to ask."""
        first, last = self.start, self.window[1]
        if self.early:
            stretches = [(first, min(ask.first for ask in self.early))]
        else:
            pieces = min(self.scope.workers, -(-self.missing // self.gives))
            stretches = cut_evenly(first, last, pieces)
        left = self.missing / (len(stretches) + len(self.early))
        for ask in self.early:
            self.running[ask] = _Segment(ask.first, ask.last, left), left
        return [self._send(_Segment(a, b, left)) for a, b in stretches if a < b]

    def _send(self, segment: _Segment) -> PageRequest:
        total = not segment.sure or segment.left <= self.gives
        ask = PageRequest(segment.cursor, segment.end, count=self.scope.limits.page, total=total)
        self.running[ask] = segment, segment.left
        return ask

    def _advance(
        self, segment: _Segment, ask: PageRequest, held: PageRows, expected: float
    ) -> bool:
        """Move the segment behind this page; return whether there is more of it."""
        rows = held.starts.size
        if ask.total:
            total = self.scope.total_of(ask, held)
            segment.correct(total - expected)
            if total > _UNEVEN * expected or expected > _UNEVEN * total:
                segment.even = False
                if segment.parent is not None:
                    segment.parent.even = False
            segment.parent, segment.sure = None, True
            if self.scope.holds_all(ask, held):
                return False
        if rows < self.gives:
            segment.sure = False
        self.gives = max(self.gives, rows)
        if not rows:
            segment.sure = False
            return True
        cursor = self._next_cursor(ask.first, held)
        if cursor == ask.first + 1:
            segment.sure = False
        segment.left -= int(np.searchsorted(held.starts, cursor))
        segment.density = rows / max(int(held.starts[-1] - held.starts[0]), 1)
        segment.cursor = cursor
        return cursor < segment.end

    def _next_cursor(self, first: int, held: PageRows) -> int:
        """Return where the page after this one starts; note what it leaves unproven."""
        starts = held.starts
        cursor = next(
            (
                int(starts[at])
                for at in (max(starts.size - 1 - _OVERLAP, 0), starts.size - 1)
                if starts[at] > first
            ),
            None,
        )
        if cursor is None:
            self.dense.add(first)
            return first + 1
        if np.count_nonzero(np.diff(starts)) + 1 < _TELLING:
            self.unproven.append((first, cursor))
        if cursor == self.window[1] > first + 1:
            # No row of the last second is wanted, but the count of the window may hold them.
            cursor -= 1
        return cursor

    def _steal(self) -> _Segment | None:
        """Take the later half of what the longest segment will have left after its page."""
        # Every steal costs about half a page; the promise about requests allows this many.
        most = 8 * (self.scope.workers - 1) // 5 + self.total // (125 * self.scope.limits.page)
        if self.steals >= most or not self.running:
            return None
        known = [segment for segment, _ in self.running.values()]
        longest = max(known, key=lambda segment: segment.left)
        if not longest.even and sum(not s.sure for s in known) >= max(self.scope.workers // 3, 1):
            # Most parts of an uneven stretch are nearly empty: steals are for where the work is.
            return None
        rest = longest.left - self.gives
        if rest < _WORTH_A_STEAL * self.gives:
            return None
        density = longest.left / (longest.end - longest.cursor)
        if not longest.even and longest.density > density:
            if any(longest in (segment, segment.parent) and not segment.sure for segment in known):
                return None
            density = longest.density
        middle = longest.cursor + int((self.gives + rest / 2) / density)
        if not longest.cursor < middle < longest.end:
            return None
        self.steals += 1
        longest.left -= rest / 2
        tail = _Segment(
            middle, longest.end, rest / 2, False, longest.even, longest.density, longest
        )
        longest.end = middle
        return tail
