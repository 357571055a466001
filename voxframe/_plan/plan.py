"""What to ask next, so that no session is lost: pure, without I/O, clock or randomness.

A plan is a generator. It yields lists of :class:`PageRequest` to send, in any order and
side by side; each answer is sent back as ``(ask, held)``; it returns how
completeness was settled. Seconds are whole seconds on the service's own clock
face, whatever timezone that is in: the plan only compares them.

The reasons behind it:

* Offsets slide when rows come or go between two answers, so a window is read
  *forward by key*: the next answer starts where the last one ended.
* That rests on an order by ``start_date``, which is not documented. Every page
  is checked for it; where it fails, the window is cut until each part is one
  answer that holds its own total, which rests on nothing.
* An order can look right and be wrong. So the whole window is counted again at
  the end, and any part whose count differs is read again.
* Whether ``to_date`` belongs to a window is not documented. Neighbours share
  their boundary second, and a count proves a part only if it does so under
  every reading still possible.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from voxframe._plan.bisect import cuts, fan_out, settle
from voxframe._plan.dense_second import read_dense_second
from voxframe._plan.model import Limits, PageRequest, PageRows, Steps, ask_all
from voxframe._plan.seen import PlanContext
from voxframe.errors import IncompleteHistoryError

# Each page starts this many rows before the end of the last one. An order that is nearly, but not
# quite, by start_date (ids drawn by several machines, say) then shows itself as a decrease inside
# a page, where a session would otherwise hide behind a page's end.
_OVERLAP = 4
# Asked this often for one and the same window, a service that answers with others' rows is broken.
_STRIKES = 3
# A tail is worth a request of its own if it is expected to fill one and more.
_WORTH_A_CUT = 1.2
# So many times more or fewer sessions than expected, and they do not lie evenly.
_UNEVEN = 3


class StrayRowsError(IncompleteHistoryError):
    """The service answered with rows outside the window asked for, again and again."""


def ahead(in_flight: int) -> int:
    """Say how many answers to plan side by side, so that others leave while some are decoded."""
    return in_flight + in_flight // 4


@dataclass(frozen=True, slots=True)
class Completeness:
    """How a plan ended.

    Attributes
    ----------
    how : str
        One sentence: why nothing is missing.
    total : int or None
        The service's last count of the whole window as asked.
    mended : Counter
        What had to be worked around, by kind.
    too_many : int or None
        How many sessions there are, if they are more than the plan was to read.
    """

    how: str
    total: int | None = None
    mended: Counter[str] = field(default_factory=Counter)
    too_many: int | None = None


class Plan:
    """Read every session that starts in ``first <= second < last``: requests out, rows in.

    Parameters
    ----------
    first, last : int
        The window, in seconds of the service's clock face.
    workers : int
        Answers wanted side by side, at least 1.
    free : Sequence of str
        Filters that the query leaves free, by which a crowded second can be split.
    limits : Limits
        What one answer can give.
    most : int, optional
        Give up after the first answer if there are more sessions than this.

    Attributes
    ----------
    settled : Completeness or None
        Why the rows received are all of them, once they are.
    """

    def __init__(
        self,
        first: int,
        last: int,
        *,
        workers: int,
        free: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        most: int | None = None,
    ) -> None:
        self.settled: Completeness | None = None
        self._scope = PlanContext(workers, free, limits)
        self._strikes: Counter[PageRequest] = Counter()
        self._steps = _steps(self._scope, first, last, most)

    def start(self) -> list[PageRequest]:
        """Return the requests to begin with."""
        return next(self._steps)

    def receive(self, ask: PageRequest, held: PageRows) -> list[PageRequest]:
        """Take an answer in; return what to ask next, in any order and side by side.

        Raises
        ------
        IncompleteHistoryError
            No sequence of questions makes the service give every session.
        """
        if held.starts.size and (held.starts.min() < ask.first or held.starts.max() > ask.last):
            self._strikes[ask] += 1
            if self._strikes[ask] == _STRIKES:
                raise StrayRowsError(
                    f"asked for {ask}, the service answered {_STRIKES} times with sessions that "
                    "start outside of it; no request can make it give the rest",
                )
            return [ask]
        self._scope.seen.add(ask, held)
        try:
            return self._steps.send((ask, held))
        except StopIteration as end:
            settled: Completeness = end.value
            settled.mended["stray_answers"] += self._strikes.total()
            settled.mended["crowded_seconds"] += self._scope.seen.crowds
            self.settled = settled
            return []


def _steps(scope: PlanContext, first: int, last: int, most: int | None) -> Steps[Completeness]:
    seen, page = scope.seen, scope.limits.page
    whole = PageRequest(first, last, count=page, total=True)
    (held,) = yield from ask_all([whole])
    total = held.must_total(whole)
    if held.distinct >= total:
        return Completeness("one answer held every session that the service counts", total)
    if most is not None and total > most:
        return Completeness("more sessions than asked for", total, too_many=total)

    mended: Counter[str] = Counter()
    ordered = bool(held.starts.size) and held.in_order
    counted = None
    if ordered:
        forward = KeysetScan(scope, held, total, first, last)
        counted = yield from forward.steps()
        ordered = forward.ordered
        for second in sorted(forward.crowded):
            yield from read_dense_second(scope, second)
    if not ordered:
        mended["order_not_by_start_date"] += 1
        parts = cuts(seen, first, last, total, fan_out(0, total, page))
        read = yield from settle(scope, parts, one_answer=True)
        return Completeness(
            f"the service's order is not by start_date: {read} parts, each one answer that held "
            "its own total",
            total,
            mended,
        )

    if counted is None or counted != seen.count(first, last):
        counted = yield from _count(first, last)
    if counted == seen.count(first, last) == total:
        return Completeness(
            f"read forward by start_date; the service's count, before and after, is {total}, "
            "and that many are here",
            counted,
            mended,
        )
    if counted == seen.count(first, last):
        # The right number, but the world moved: one lost and one purged would look like this too.
        # Many small counts leave far less room for that than one.
        parts = cuts(seen, first, last, counted, 2 * scope.workers)
    else:
        have = seen.count(first, last)
        parts = cuts(seen, first, last, counted, fan_out(have, counted, page))
    mended["counts_that_moved"] += 1
    read = yield from settle(scope, parts, one_answer=False)
    return Completeness(
        f"read forward by start_date; the service counted {total} before and {counted} after, "
        f"so {read} parts whose count differed were read again",
        counted,
        mended,
    )


def _count(first: int, last: int) -> Steps[int]:
    ask = PageRequest(first, last, count=1, total=True)
    (held,) = yield from ask_all([ask])
    return held.must_total(ask)


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


class KeysetScan:
    """Read segments forward, side by side; cut the longest when a worker is idle.

    A segment's first page and its last one bring their total: the first shows
    where the work is, the last that it is the last, however short pages come.
    """

    def __init__(
        self, scope: PlanContext, held: PageRows, total: int, first: int, last: int
    ) -> None:
        self.scope = scope
        self.window = (first, last)
        self.ordered = True
        self.crowded: set[int] = set()
        # The most rows that an answer had so far: the service may give fewer than are asked for.
        self.gives = held.starts.size
        # Every cut costs about half a page; the promise about requests allows this many.
        self.cuts_left = 8 * (scope.workers - 1) // 5 + total // (125 * scope.limits.page)
        self.running: dict[PageRequest, tuple[_Segment, float]] = {}
        self.held = held
        self.missing = max(total - held.starts.size, 1)

    def steps(self) -> Steps[int | None]:
        """Read; give the whole window's count where a worker had nothing better to do."""
        first, last = self.window
        start = _next_cursor(self.held, first)
        if start is None:
            self.crowded.add(first)
            start = first + 1
        asks = [self._send(segment) for segment in self._segments(start, last)]
        count = PageRequest(first, last, count=1, total=True)
        counted: int | None = None
        asked = False
        while self.running or asked:
            if not asked and counted is None and self.ordered and self._idle():
                asked = True
                asks.append(count)
            ask, held = yield asks
            asks = []
            if ask is count:
                asked, counted = False, held.must_total(count)
                continue
            segment, expected = self.running.pop(ask)
            self.ordered = self.ordered and held.in_order
            if not self.ordered:
                continue
            if self._advance(segment, ask, held, expected):
                asks.append(self._send(segment))
            while self._idle() and (tail := self._cut()) is not None:
                asks.append(self._send(tail))
        return counted

    def _idle(self) -> bool:
        return len(self.running) < self.scope.workers

    def _segments(self, start: int, last: int) -> list[_Segment]:
        number = max(1, min(self.scope.workers, -(-self.missing // self.gives), last - start))
        edges = [start + (last - start) * i // number for i in range(number + 1)]
        return [_Segment(a, b, self.missing / number) for a, b in pairwise(edges) if a < b]

    def _send(self, segment: _Segment) -> PageRequest:
        total = not segment.sure or segment.left <= self.gives
        ask = PageRequest(segment.cursor, segment.end, count=self.scope.limits.page, total=total)
        self.running[ask] = segment, segment.left
        return ask

    def _advance(
        self, segment: _Segment, ask: PageRequest, held: PageRows, expected: float
    ) -> bool:
        """Move the segment behind this page; say whether there is more of it."""
        rows = held.starts.size
        if ask.total:
            total = held.must_total(ask)
            segment.correct(total - expected)
            if total > _UNEVEN * expected or expected > _UNEVEN * total:
                segment.even = False
                if segment.parent is not None:
                    segment.parent.even = False
            segment.parent, segment.sure = None, True
            if held.distinct >= total:
                return False
        if rows < self.gives:
            segment.sure = False
        self.gives = max(self.gives, rows)
        if not rows:
            return True
        cursor = _next_cursor(held, ask.first)
        if cursor is None:
            self.crowded.add(ask.first)
            segment.sure = False
            cursor = ask.first + 1
        elif cursor == self.window[1] > ask.first + 1:
            # No row of the last second is wanted, but the count of the window may hold them.
            cursor -= 1
        segment.left -= int(np.searchsorted(held.starts, cursor))
        segment.density = rows / max(int(held.starts[-1] - held.starts[0]), 1)
        segment.cursor = cursor
        return cursor < segment.end

    def _cut(self) -> _Segment | None:
        """Take the later half of what the longest segment will have left after its page."""
        if self.cuts_left <= 0 or not self.running:
            return None
        known = [segment for segment, _ in self.running.values()]
        longest = max(known, key=lambda segment: segment.left)
        if not longest.even and sum(not s.sure for s in known) >= max(self.scope.workers // 3, 1):
            # Most parts of an uneven stretch are nearly empty: the cuts are for where the work is.
            return None
        rest = longest.left - self.gives
        if rest < _WORTH_A_CUT * self.gives:
            return None
        density = longest.left / (longest.end - longest.cursor)
        if not longest.even and longest.density > density:
            if any(longest in (segment, segment.parent) and not segment.sure for segment in known):
                return None
            density = longest.density
        middle = longest.cursor + int((self.gives + rest / 2) / density)
        if not longest.cursor < middle < longest.end:
            return None
        self.cuts_left -= 1
        longest.left -= rest / 2
        tail = _Segment(
            middle, longest.end, rest / 2, False, longest.even, longest.density, longest
        )
        longest.end = middle
        return tail


def _next_cursor(held: PageRows, first: int) -> int | None:
    """Where the page after this one starts; None if this one is all of one second."""
    for at in (max(held.starts.size - 1 - _OVERLAP, 0), held.starts.size - 1):
        if held.starts[at] > first:
            return int(held.starts[at])
    return None
