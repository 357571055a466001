"""Intervals side by side, in time that is counted: all in flight, little held, all in order."""

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from voxframe._http.usage import Usage
from voxframe._plan.model import PageRequest, PageRows
from voxframe._plan.plan import Plan, ahead
from voxframe._read.interval import Interval, IntervalPages
from voxframe._read.scheduler import SESSIONS_PER_INTERVAL, run

MONTH = 31 * 86_400


class Account:
    """Sessions with busy hours and quiet weekends, and a service that answers each page in 1."""

    def __init__(self, sessions: int) -> None:
        second = np.arange(MONTH)
        weight = 1.05 + np.sin(2 * np.pi * second / 86_400)
        weight[second // 86_400 % 7 >= 5] *= 0.2
        chosen = np.random.default_rng(sessions).choice(MONTH, sessions, p=weight / weight.sum())
        self.starts = np.sort(chosen)

    def answer(self, ask: PageRequest) -> PageRows:
        first = np.searchsorted(self.starts, ask.first)
        last = np.searchsorted(self.starts, ask.last)
        rows = np.arange(first, min(last, first + ask.count))
        return PageRows(rows, self.starts[rows], int(last - first))


class Asked:
    def __init__(self, ask: PageRequest, reader: "Reading") -> None:
        self.ask, self.reader = ask, reader


class Reading:
    """A plan with nothing around it."""

    def __init__(self, interval: Interval, workers: int, most: int) -> None:
        self.gathered: IntervalPages | None = None
        self.rows = 0
        self._interval = interval
        self._plan = Plan(
            interval.first,
            interval.end,
            workers=workers,
            max_sessions=most,
            expected=interval.sessions,
        )
        self.widen = self._plan.widen

    @property
    def counted(self) -> int:
        return self._plan.counted

    def start(self) -> list[Asked]:
        return [Asked(ask, self) for ask in self._plan.start()]

    def receive(self, asked: Asked, rows: PageRows) -> list[Asked]:
        self.rows += rows.ids.size
        more = self._plan.receive(asked.ask, rows)
        if self._plan.settled is not None:
            self.gathered = IntervalPages(self._interval, [], [self._plan.settled])
        return [Asked(ask, self) for ask in more]


class CountedTime:
    """A pool whose answers take 1 each, so many side by side."""

    def __init__(self, account: Account, in_flight: int) -> None:
        self.now, self.requests = 0.0, 0
        self._in_flight = in_flight
        self._account = account
        self._number = itertools.count()
        self._waiting: list[tuple[int, int, Any]] = []
        self._flying: list[tuple[float, int, Any]] = []

    def check_process(self) -> None:
        pass

    def submit(self, priority: int, key: Any, _: Callable[[], Any]) -> None:
        heapq.heappush(self._waiting, (priority, next(self._number), key))

    def next(self, _: Callable[[], None]) -> tuple[Any, PageRows]:
        while self._waiting and len(self._flying) < self._in_flight:
            _, number, key = heapq.heappop(self._waiting)
            heapq.heappush(self._flying, (self.now + 1, number, key))
            self.requests += 1
        self.now, _, key = heapq.heappop(self._flying)
        return key, self._account.answer(key[1].ask)


class Clock:
    def now(self) -> float:
        return 0.0

    monotonic = now


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("sessions", [60_000, 100_000, 120_000, 200_000, 350_000, 2_000_000])
def test_it_is_nearly_as_fast_as_eight_in_flight_allow(sessions: int, newest_first: bool) -> None:
    check(sessions, 8, newest_first=newest_first)


@pytest.mark.parametrize("in_flight", [1, 2, 3, 4, 5, 16])
def test_any_number_in_flight_is_made_use_of(in_flight: int) -> None:
    check(200_000, in_flight, newest_first=False)


def check(sessions: int, in_flight: int, *, newest_first: bool) -> None:
    account = Account(sessions)
    pool, readers = CountedTime(account, in_flight), list[Reading]()

    def read(interval: Interval, workers: int) -> Reading:
        most = (2 if interval.sessions else 3) * SESSIONS_PER_INTERVAL
        readers.append(Reading(interval, workers, most))
        return readers[-1]

    results, held = [], 0
    for result in run(
        pool,  # type: ignore[arg-type]
        [Interval(0, MONTH)],
        read,  # type: ignore[arg-type]
        lambda *_: None,
        workers=ahead(in_flight),
        sessions_per_interval=SESSIONS_PER_INTERVAL,
        usage=Usage(),
        clock=Clock(),
        on_page=lambda *_: None,
        on_wait=lambda: None,
        newest_first=newest_first,
    ):
        held = max(held, sum(r.rows for r in readers))
        # What has been given out is not held any more.
        readers = [r for r in readers if r.gathered is not result.pages]
        results.append(result.pages)

    edges = [(r.interval.first, r.interval.end) for r in results][:: -1 if newest_first else 1]
    assert edges[0][0] == 0
    assert edges[-1][1] == MONTH
    assert all(a[1] == b[0] for a, b in itertools.pairwise(edges))
    assert sum(r.settled[0].total or 0 for r in results) == sessions
    # One request goes first by itself, and the last ones are few; the rest is full pages.
    assert pool.now <= 1.2 * sessions / 1000 / in_flight + 3
    assert pool.requests <= 1.2 * sessions / 1000 + in_flight
    assert held <= 3 * SESSIONS_PER_INTERVAL
