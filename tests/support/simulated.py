"""A call history that lives in memory, under every reading of what is not documented."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from voxframe._plan.model import Limits, PageRequest, PageRows
from voxframe._plan.plan import Completeness, Plan

NAMES = ("application_id", "user_id", "duration")


@dataclass(frozen=True)
class Row:
    """One session; ``rank`` is where an order that is not by start puts it."""

    id: int
    start: int
    application_id: int = 1
    user_id: int = 1
    duration: int = 0
    rank: int = 0


@dataclass(frozen=True)
class Change:
    """Something that happens to the world just before an answer."""

    before_answer: int
    add: tuple[Row, ...] = ()
    purge: tuple[int, ...] = ()


@dataclass(frozen=True)
class Readings:
    """What the vendor's reference leaves open, and how a service can lie."""

    inclusive: bool = True
    equal_dates: str = "as others"  # or "refused", "empty"
    order: str = "start"  # or "id", "rank", "end", "descending", "random"
    ties: str = "id"  # or "reversed", "random"
    desc_turns_ties: bool = True
    cap: int | None = None
    short: bool = False
    ignores_offset: bool = False
    repeats_page: bool = False
    totals: str = "true"  # or "absent", "of the page", "too high", "zero", "negative", "capped", …
    shortens: int | None = None  # a longer window is cut to so many seconds
    shortened_at: str = "end"  # or "start"
    ignores: frozenset[str] = frozenset()


@dataclass
class Service:
    """Answers asks as a database with these readings would."""

    rows: Sequence[Row]
    readings: Readings = Readings()
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    changes: Sequence[Change] = ()
    asked: list[PageRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.world = {row.id: row for row in self.rows}
        self.throughout = {row.id: row for row in self.rows}
        self.waiting = sorted(self.changes, key=lambda change: change.before_answer)
        self.first_page: PageRows | None = None
        self._load()

    @classmethod
    def at(cls, starts: np.ndarray[Any, np.dtype[np.int64]]) -> "Service":
        """Make a large world that stands still, ordered by start."""
        service = cls(rows=())
        table = np.zeros((starts.size, 6), np.int64)
        table[:, 0], table[:, 1] = np.arange(1, starts.size + 1), np.sort(starts)
        service._use(table)
        return service

    def answer(self, ask: PageRequest) -> PageRows:
        self._let_time_pass()
        self.asked.append(ask)
        readings = self.readings
        refused = ask.first == ask.last and readings.equal_dates == "refused"
        if refused:
            assert ask.may_be_refused, f"the service refuses from_date == to_date: {ask}"
            return self._held(np.empty(0, np.int64), None)
        if readings.repeats_page and self.first_page is not None:
            return self.first_page
        long = readings.shortens
        if long is not None and ask.last - ask.first > long:
            if readings.shortened_at == "end":
                ask = replace(ask, last=ask.first + long)
            else:
                ask = replace(ask, first=ask.last - long)
        at = self._window(ask)
        total = self._total(ask, at.size)
        at = self._ordered(at, desc=ask.desc)
        if not readings.ignores_offset:
            at = at[ask.offset :]
        at = at[: min(ask.count, readings.cap or ask.count)]
        if readings.short and at.size > 1:
            at = at[: self.rng.integers(1, at.size, endpoint=True)]
        held = self._held(at, self._page_total(total, at.size))
        if readings.repeats_page:
            self.first_page = held
        return held

    def _let_time_pass(self) -> None:
        before = len(self.waiting)
        while self.waiting and self.waiting[0].before_answer <= len(self.asked):
            change = self.waiting.pop(0)
            for row in change.add:
                self.world[row.id] = row
            for each in change.purge:
                self.world.pop(each, None)
                self.throughout.pop(each, None)
        if len(self.waiting) != before:
            self._load()

    def _load(self) -> None:
        """Sort the world once, so that a window keeps its order."""
        rows = list(self.world.values())
        table = np.array(
            [(r.id, r.start, r.application_id, r.user_id, r.duration, r.rank) for r in rows],
            dtype=np.int64,
        ).reshape(len(rows), 6)
        self._use(table)

    def _use(self, table: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        ids, starts, duration, rank = table[:, 0], table[:, 1], table[:, 4], table[:, 5]
        ties = {"id": ids, "reversed": -ids, "random": self.rng.permutation(ids.size)}
        key = {
            "start": starts,
            "id": ids,
            "rank": rank,
            "end": starts + np.maximum(duration, 0),
            "descending": -starts,
            "random": self.rng.permutation(ids.size),
        }[self.readings.order]
        table = table[np.lexsort((ties[self.readings.ties], key))]
        self.table = table
        self.key = np.sort(key)

    def _window(self, ask: PageRequest) -> np.ndarray[Any, np.dtype[np.int64]]:
        low, high = 0, len(self.table)
        if self.readings.order == "start":
            low, high = np.searchsorted(self.key, [ask.first, ask.last + 1])
        table = self.table[low:high]
        starts = table[:, 1]
        ends = starts <= ask.last if self.readings.inclusive else starts < ask.last
        if ask.first == ask.last and self.readings.equal_dates == "empty":
            ends = np.zeros_like(starts, dtype=bool)
        keep = (starts >= ask.first) & ends
        for name, value in ask.narrow.items():
            if name in self.readings.ignores:
                continue
            column = table[:, 2 + NAMES.index(name.removeprefix("min_").removeprefix("max_"))]
            # A session without a value is what no filter finds.
            has = column >= 0
            if name.startswith("min_"):
                keep &= has & (column >= value)
            elif name.startswith("max_"):
                keep &= has & (column <= value)
            else:
                keep &= column == value
        return low + np.flatnonzero(keep)

    def _ordered(
        self, at: np.ndarray[Any, np.dtype[np.int64]], *, desc: bool
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        readings = self.readings
        if readings.order == "random":
            return self.rng.permutation(at)
        if readings.ties == "random":
            at = at[np.lexsort((self.rng.random(at.size), self.key[at]))]
        if desc:
            at = at[::-1]
            if not readings.desc_turns_ties:
                at = at[np.lexsort((self.table[at, 0], -self.key[at]))]
        return at

    def _total(self, ask: PageRequest, size: int) -> int | None:
        return size if ask.total and self.readings.totals != "absent" else None

    def _page_total(self, total: int | None, size: int) -> int | None:
        if total is None:
            return None
        page = self.limits.page
        return {
            "of the page": size,
            "too high": total + 1,
            "zero": 0,
            "negative": -1,
            "capped": min(total, page),
            "rounded": total if total < page else total // page * page,
        }.get(self.readings.totals, total)

    def _held(self, at: np.ndarray[Any, np.dtype[np.int64]], total: int | None) -> PageRows:
        rows = self.table[at]
        values = {name: rows[:, 2 + i].copy() for i, name in enumerate(NAMES)}
        return PageRows(rows[:, 0].copy(), rows[:, 1].copy(), total, values)


class EndlessError(AssertionError):
    """The plan asked more than it may."""


def drive(
    plan: Plan,
    service: Service,
    *,
    choose: Callable[[int], int] = lambda _: 0,
    at_most: int = 100_000,
    window: tuple[int, int] | None = None,
) -> tuple[Completeness, set[int]]:
    """Answer a plan's asks in an order that ``choose`` makes; give its end and the ids told."""
    outstanding = plan.start()
    told: dict[int, int] = {}
    while True:
        assert outstanding, "the plan waits for an answer to nothing"
        ask = outstanding.pop(choose(len(outstanding)))
        must_be_legal(ask, service.limits, window)
        if len(service.asked) >= at_most:
            raise EndlessError(f"{len(service.asked)} asks")
        held = service.answer(ask)
        told.update(zip(held.ids.tolist(), held.starts.tolist(), strict=True))
        outstanding += plan.receive(ask, held)
        if plan.settled is not None:
            assert not outstanding, f"the plan ended without waiting for {outstanding}"
            first, last = window or (min(told.values(), default=0), 1 << 62)
            return plan.settled, {i for i, start in told.items() if first <= start < last}


def must_be_legal(ask: PageRequest, limits: Limits, window: tuple[int, int] | None) -> None:
    assert 1 <= ask.count <= limits.page, ask
    assert 0 <= ask.offset <= limits.offset, ask
    assert ask.first <= ask.last, ask
    if window is not None:
        assert window[0] <= ask.first, ask
        assert ask.last <= window[1], ask


def makespan(plan: Plan, service: Service, workers: int) -> int:
    """Give how many units of time a plan takes, one an answer, ``workers`` at most at a time."""
    queue = plan.start()
    running: list[tuple[int, PageRequest]] = []
    now = 0
    while True:
        while queue and len(running) < workers:
            running.append((now + 1, queue.pop(0)))
        now, ask = running.pop(0)
        queue += plan.receive(ask, service.answer(ask))
        if plan.settled is not None:
            return now


def any_of(seed: int) -> Callable[[int], int]:
    """Choose the next answer at random, the same for the same seed."""
    rng = random.Random(seed)
    return rng.randrange


def rows_at(starts: Iterable[int], **same: int) -> list[Row]:
    """Make sessions at these starts, ids in the order given."""
    return [replace(Row(i, int(s)), **same) for i, s in enumerate(starts, 1)]
