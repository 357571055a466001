"""Intervals side by side: requests to the pool, pages to their readers, results in order."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from voxframe._decode.decode import Page
from voxframe._http.clock import Clock
from voxframe._http.usage import Usage
from voxframe._read.interval import Interval, IntervalPages, IntervalReader, Request
from voxframe._read.pool import Pool

SESSIONS_PER_INTERVAL = 35_000
"""Sessions that are read and held as one interval when a history is read piece by piece, about."""


@dataclass(frozen=True, slots=True)
class IntervalResult:
    """The pages of one interval, and what they took.

    Attributes
    ----------
    pages : IntervalPages
        Complete.
    usage : Usage
        What was sent and received for this interval. The question that showed it to be one of
        several parts is counted for the first of them.
    read_at : float
        When its first request was made, seconds since 1970.
    seconds : float
        From then until it was complete.
    """

    pages: IntervalPages
    usage: Usage
    read_at: float
    seconds: float


def run(
    pool: Pool[Any],
    intervals: Iterable[Interval],
    read: Callable[[Interval, int], IntervalReader],
    fetch: Callable[[Request, Usage], Page | None],
    *,
    workers: int,
    sessions_per_interval: int,
    usage: Usage,
    clock: Clock,
    on_page: Callable[[Request, Page | None], None],
    on_wait: Callable[[], None],
    newest_first: bool = False,
) -> Iterator[IntervalResult]:
    """Read intervals side by side; yield them in their order, however they come.

    Parameters
    ----------
    pool : Pool
        Fetches.
    intervals : Iterable of Interval
        In the order wanted.
    read : callable
        Starts reading an interval with so many workers.
    fetch : callable
        Gets one page, None where the service refuses the list of ids, and counts what it
        took; called in the pool's threads.
    workers : int
        Requests wanted side by side. Four fifths as many intervals are under way or waiting to be
        taken.
    sessions_per_interval : int
        About so many sessions are in each part of an interval that is cut.
    usage : Usage
        Counts for all intervals together.
    clock : Clock
        Time.
    on_page : callable
        Called with each request and its page.
    on_wait : callable
        Called now and then while nothing comes.
    newest_first : bool
        Yield the parts of an interval that is cut in this order.

    Yields
    ------
    IntervalResult
        One an interval; an interval of too many sessions is cut and comes in parts.
    """
    slots = [_Slot(interval, Usage(usage)) for interval in intervals]
    ahead = math.ceil(0.8 * workers)
    forward = -1 if newest_first else 1

    def send(slot: _Slot, requests: Iterable[Request]) -> None:
        for request in requests:
            slot.under_way += 1
            work = partial(fetch, request, slot.usage)
            pool.submit(forward * slot.interval.first, (slot, request), work)

    def share(slot: _Slot) -> int:
        large = slot.reader.counted / sessions_per_interval if slot.reader else 1.0
        return _share(workers, slots, slot, large)

    while slots:
        # What is there already would be given out in both processes.
        pool.check_process()
        for slot in slots[:ahead]:
            if slot.reader is None:
                slot.reader = read(slot.interval, share(slot))
                slot.began = slot.began or (clock.now(), clock.monotonic())
                send(slot, slot.reader.start())
        if slots[0].result is not None:
            yield _taken(slots)
            continue
        (slot, request), page = pool.next(on_wait)
        on_page(request, page)
        slot.under_way -= 1
        if slot.reader is None or slot.result is not None or slot not in slots:
            continue
        slot.reader.widen(share(slot))
        send(slot, slot.reader.receive(request, page))
        if (total := _settle(slot, clock)) is not None:
            parts = cut(slot.interval, total, sessions_per_interval)[::forward]
            at = slots.index(slot)
            slots[at : at + 1] = [_Slot(part, Usage(usage)) for part in parts]
            slots[at].usage, slots[at].began = slot.usage, slot.began


def _settle(slot: "_Slot", clock: Clock) -> int | None:
    """Keep the result of an interval that is complete; return how many it has if too many."""
    pages = None if slot.reader is None else slot.reader.gathered
    if pages is None or slot.began is None:
        return None
    if pages.too_many is None:
        read_at, since = slot.began
        slot.result = IntervalResult(pages, slot.usage, read_at, clock.monotonic() - since)
    return pages.too_many


def _taken(slots: list["_Slot"]) -> IntervalResult:
    """Take the first result out; no name may hold on to it, since it is large."""
    slot = slots.pop(0)
    result, slot.result, slot.reader = slot.result, None, None
    assert result is not None  # noqa: S101 - for the type checker
    return result


def cut(interval: Interval, total: int, sessions_per_interval: int) -> list[Interval]:
    """Cut an interval of too many sessions in equal stretches of time."""
    span = interval.end - interval.first
    number = min(max(-(-total // sessions_per_interval), 2), span)
    edges = [interval.first + span * i // number for i in range(number + 1)]
    return [Interval(a, b, total // number) for a, b in pairwise(edges)]


@dataclass(slots=True, eq=False)
class _Slot:
    """An interval's place in the order, and what is known of it so far."""

    interval: Interval
    usage: Usage
    began: tuple[float, float] | None = None
    reader: IntervalReader | None = None
    result: IntervalResult | None = None
    under_way: int = 0


def _share(workers: int, slots: Sequence[_Slot], slot: _Slot, large: float) -> int:
    """Return how many requests an interval may have side by side.

    It is so many times as ``large`` as others.
    """
    # Two intervals keep all that is in flight busy, and the earliest has precedence: others fill
    # what it leaves free as it begins and ends, and hold little that has to wait for its turn.
    # While a larger one took longer, all that come after it would be held.
    share = min(math.ceil(0.4 * workers * max(large, 1.0)), workers)
    if slot is not slots[-1]:
        return share
    # Nothing comes after the last one, so it has what all others leave free.
    return max(workers - sum(other.under_way for other in slots[:-1]), share)
