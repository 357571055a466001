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
* An order can look right and be wrong. So a page that shows little of it, its
  rows all lying in a few seconds, is no ground to go forward on: its stretch is
  proven as above. And the whole window is counted again at the end, and any part
  whose count differs is read again.
* A full page proves nothing, whatever it counts: one more request, which begins
  where it ends, must show that there is nothing more.
* Whether ``to_date`` belongs to a window is not documented, nor whether starts
  have a part of a second that is not shown. Neighbours share their boundary
  second, and a count proves a part only if it does so under every reading.
* A service may shorten a long window in silence. So one of more than a month is
  counted again by stretches of four weeks.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voxframe._plan.bisect import Part, cuts, fan_out, settle
from voxframe._plan.dense_second import read_dense_second
from voxframe._plan.keyset import KeysetScan, cut_evenly
from voxframe._plan.model import (
    Limits,
    PageRequest,
    PageRows,
    Steps,
    ask_all,
    format_wall_time,
)
from voxframe._plan.seen import PlanContext
from voxframe.errors import IncompleteHistoryError

# Asked this often for one and the same window, a service that answers with others' rows is broken.
_STRIKES = 3
# Of a window up to the longest month nothing was ever seen to be cut off; the hours are for clocks.
_MONTH = 31 * 86_400 + 4 * 3600
# A longer one is counted again by stretches that are shorter than any month, so few requests tell
# whether it was shortened in silence; of more than 420 days some stretches stand for all.
_STRETCH = 28 * 86_400
_STRETCHES = 15
# A service that shortens windows says nowhere to what: then each day is read by itself, unless
# they are more than some 2,000.
_DAY = 86_400
_YEARS = 5 * 366 * _DAY
# Rows come and go now and then while parts are counted; a whole that stays the same, and has more
# than its parts each time, is not made up of them.
_ROUNDS = 3


class StrayRowsError(IncompleteHistoryError):
    """The service answered with rows outside the window asked for, again and again."""


def ahead(in_flight: int) -> int:
    """Return how many answers to plan side by side, so that others leave while some are decoded."""
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
    splittable_by : Sequence of str
        Filters that the query leaves free, by which a dense second can be split.
    limits : Limits
        What one answer can give.
    max_sessions : int, optional
        Give up after the first answer if there are more sessions than this.
    expected : int
        About how many sessions there are; 0 if that is not known, and a first page has to show it
        before there is anything to do side by side.
    spell : callable
        Writes a second for an error message.

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
        splittable_by: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        max_sessions: int | None = None,
        expected: int = 0,
        spell: Callable[[int], str] = format_wall_time,
    ) -> None:
        self.settled: Completeness | None = None
        self._scope = PlanContext(last, workers, splittable_by, limits, spell)
        self._strikes: Counter[PageRequest] = Counter()
        self._steps = _steps(self._scope, first, last, max_sessions, expected)

    def start(self) -> list[PageRequest]:
        """Return the requests to begin with."""
        return next(self._steps)

    @property
    def counted(self) -> int:
        """The most sessions that an answer counted so far."""
        return self._scope.largest_total

    def widen(self, workers: int) -> None:
        """Want so many answers side by side from now on, if those are more."""
        self._scope.workers = max(self._scope.workers, workers)

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
                    f"asked for {ask.describe(self._scope.spell)}, the service answered {_STRIKES} "
                    "times with sessions that start outside of it; no request can make it give "
                    "the rest",
                )
            return [ask]
        self._scope.seen.add(ask, held)
        try:
            return self._steps.send((ask, held))
        except StopIteration as end:
            settled: Completeness = end.value
            settled.mended["stray_answers"] += self._strikes.total()
            settled.mended["crowded_seconds"] += self._scope.seen.dense_seconds
            self.settled = settled
            return []


def _steps(
    scope: PlanContext, first: int, last: int, max_sessions: int | None, expected: int
) -> Steps[Completeness]:
    settled = yield from _read(scope, first, last, max_sessions, expected)
    if last - first <= _MONTH or settled.too_many is not None:
        return settled
    edges = [*range(first, last, _STRETCH), last]
    stretches = list(pairwise(edges))
    if len(stretches) > _STRETCHES:
        stretches = [stretches[i * len(stretches) // _STRETCHES] for i in range(_STRETCHES)]
        stretches[-1] = last - _STRETCH, last
    whole = len(edges) - 1 <= _STRETCHES
    wrong, shortened = yield from _counted_wrong(scope, stretches)
    if shortened and last - first > _YEARS:
        raise IncompleteHistoryError(
            f"asked for {PageRequest(first, last).describe(scope.spell)}, the service gave a part "
            "of that time only; read it in stretches of a year",
        )
    if shortened:
        # What was read rests on answers to long windows, and four weeks may be long as well.
        edges = [*range(first, last, _DAY), last]
        wrong = [(a, b, scope.seen.count(a, b)) for a, b in pairwise(edges)]
    elif not whole:
        wrong = []
    if not wrong:
        return settled
    yield from settle(scope, wrong, one_answer=True)
    settled.mended["windows_shortened"] += shortened
    again = (
        f"the service had left out a part of that time, so {len(wrong)} days were read again"
        if shortened
        else f"counted again in {len(edges) - 1} stretches of four weeks, {len(wrong)} whose "
        "counts differed were read again"
    )
    return Completeness(
        f"{settled.how}; {again}, each until one answer held every session that the service counts "
        "in it",
        settled.total,
        settled.mended,
    )


def _counted_wrong(
    scope: PlanContext, stretches: Sequence[tuple[int, int]]
) -> Steps[tuple[list[Part], bool]]:
    """Count stretches of a window; return those whose count differs, and if much is not here."""
    asks = [PageRequest(a, b, count=1, total=True) for a, b in stretches]
    # Before each count brings a session itself.
    had = [scope.seen.count(a, b) for a, b in stretches]
    wrong = []
    shortened = False
    for ask, have, held in zip(asks, had, (yield from ask_all(asks)), strict=True):
        total = scope.total_of(ask, held)
        if not scope.count_proves(ask.first, ask.last, total):
            wrong.append((ask.first, ask.last, total))
        # A session or two more may have come in meanwhile.
        shortened = shortened or (total > have and total >= 2 * have)
    return wrong, shortened


def _read(
    scope: PlanContext, first: int, last: int, max_sessions: int | None, expected: int
) -> Steps[Completeness]:
    seen, page = scope.seen, scope.limits.page
    whole = PageRequest(first, last, count=page, total=True)
    stretches = cut_evenly(first, last, min(scope.workers, expected // page))
    early = [PageRequest(a, b, count=page, total=True) for a, b in stretches[1:]]
    held, *begun = yield from ask_all([whole, *early])
    total = scope.total_of(whole, held)
    if scope.holds_all(whole, held):
        return Completeness("one answer held every session that the service counts", total)
    if max_sessions is not None and total > max_sessions:
        return Completeness("more sessions than asked for", total, too_many=total)

    mended: Counter[str] = Counter()
    ordered = bool(held.starts.size) and held.in_order
    counted = None
    if ordered:
        forward = KeysetScan(scope, whole, held, total, dict(zip(early, begun, strict=True)))
        counted = yield from forward.steps()
        ordered = forward.ordered
    if not ordered:
        mended["order_not_by_start_date"] += 1
        parts = cuts(seen, first, last, total, fan_out(0, total, page))
        read, total = yield from _agreed(scope, first, last, parts, total, one_answer=True)
        return Completeness(
            f"the service does not sort by start_date, so the time was read in {read} parts; one "
            "answer held every session that the service counts in each",
            total,
            mended,
        )
    yield from _prove(scope, forward)

    if counted is None or counted != seen.count(first, last):
        counted = yield from _count(scope, first, last)
    have = seen.count(first, last)
    if counted == have == total:
        return Completeness(
            f"read forward by start_date; the service's count, before and after, is {total}, "
            "and that many are here",
            counted,
            mended,
        )
    if counted == have:
        # The right number, but the world moved: one lost and one purged would look like this too.
        # Many small counts leave far less room for that than one.
        parts = cuts(seen, first, last, counted, 2 * scope.workers)
    else:
        parts = cuts(seen, first, last, counted, fan_out(have, counted, page))
    mended["counts_that_moved"] += 1
    after = counted
    read, counted = yield from _agreed(scope, first, last, parts, counted, one_answer=False)
    return Completeness(
        f"read forward by start_date; the service counted {total} before and {after} after, "
        f"so it counted again in parts: {read} whose count differed were read again, the rest is "
        "what it counts",
        counted,
        mended,
    )


def _agreed(
    scope: PlanContext, first: int, last: int, parts: Sequence[Part], counted: int, *,
    one_answer: bool,
) -> Steps[tuple[int, int]]:  # fmt: skip
    """Settle parts of a window until they make up its count; return how many were read, and it.

    Each part can agree with its own count and something be missing all the same: where neighbours
    do not share their boundary, or where different sessions have one id.
    """
    read = yield from settle(scope, parts, one_answer=one_answer)
    for _ in range(_ROUNDS):
        have = scope.seen.count(first, last)
        if have >= counted:
            return read, counted
        before, counted = counted, (yield from _count(scope, first, last))
        if counted != before:
            # The world moved; what came in meanwhile did not exist throughout.
            return read, counted
        pieces = fan_out(have, counted, scope.limits.page)
        again = cuts(scope.seen, first, last, counted, pieces)
        read += yield from settle(scope, again, one_answer=one_answer)
    raise IncompleteHistoryError(
        f"asked for {PageRequest(first, last).describe(scope.spell)}, the service counts {counted} "
        f"sessions and gave {scope.seen.count(first, last)} different ones, and its counts of "
        "parts do not make up the whole",
    )


def _prove(scope: PlanContext, forward: KeysetScan) -> Steps[None]:
    """Read again, without a word of its order, what the scan went over on thin evidence."""
    seen = scope.seen
    parts = []
    begins = {second: second for second in forward.dense}
    for first, last in _joined(forward.unproven):
        if last in begins:
            # The dense second would be counted with this stretch where to_date belongs to it.
            begins[last] = last - 1
            last -= 1  # noqa: PLW2901
        if first < last:
            parts.append((first, last, seen.count(first, last)))
    yield from settle(scope, parts, one_answer=True)
    for second, begin in sorted(begins.items()):
        yield from read_dense_second(scope, begin, second + 1)


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join stretches that touch."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def _count(scope: PlanContext, first: int, last: int) -> Steps[int]:
    ask = PageRequest(first, last, count=1, total=True)
    (held,) = yield from ask_all([ask])
    return scope.total_of(ask, held)
