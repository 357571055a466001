"""A call history that lives in memory, under every reading of what is not documented."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from voxframe._plan.model import Limits, PageRequest, PageRows
from voxframe._plan.plan import Completeness, Plan

NAMES = ("application_id", "user_id", "duration")


@dataclass(frozen=True)
class Row:
    """One session; ``rank`` is where an order that is not by start puts it.

    ``part`` is the part of a second, in thousandths, that a service keeps and does not show.
    """

    id: int
    start: int
    application_id: int = 1
    user_id: int = 1
    duration: int = 0
    rank: int = 0
    part: int = 0


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
    counted: str = "together"  # or "first", "last": changes come between it and the selecting
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
        table = np.zeros((starts.size, 7), np.int64)
        table[:, 0], table[:, 1] = np.arange(1, starts.size + 1), np.sort(starts)
        service._use(table)
        return service

    def answer(self, ask: PageRequest) -> PageRows:
        readings, asked = self.readings, ask
        ask = self._shortened(ask)
        if ask.first == ask.last and readings.equal_dates == "refused":
            assert ask.may_be_refused, f"the service refuses from_date == to_date: {ask}"
        if readings.repeats_page and self.first_page is not None:
            self.asked.append(asked)
            return self.first_page
        size = self._window(ask).size if readings.counted == "first" else 0
        if readings.counted != "last":
            self._let_time_pass()
        at = self._window(ask)
        if readings.counted == "together":
            size = at.size
        at = self._ordered(at, desc=ask.desc)
        if not readings.ignores_offset:
            at = at[ask.offset :]
        at = at[: min(ask.count, readings.cap or ask.count)]
        if readings.short and at.size > 1:
            at = at[: self.rng.integers(1, at.size, endpoint=True)]
        held = self._held(at, None)
        if readings.counted == "last":
            self._let_time_pass()
            size = self._window(ask).size
        held = replace(held, total=self._page_total(self._total(ask, size), at.size))
        self.asked.append(asked)
        if readings.repeats_page:
            self.first_page = held
        return held

    def _shortened(self, ask: PageRequest) -> PageRequest:
        long = self.readings.shortens
        if long is None or ask.last - ask.first <= long:
            return ask
        if self.readings.shortened_at == "end":
            return replace(ask, last=ask.first + long)
        return replace(ask, first=ask.last - long)

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
            [
                (r.id, r.start, r.application_id, r.user_id, r.duration, r.rank, r.part)
                for r in rows
            ],
            dtype=np.int64,
        ).reshape(len(rows), 7)
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
        part = table[:, 6] if self.readings.order == "start" else np.zeros_like(ids)
        table = table[np.lexsort((ties[self.readings.ties], part, key))]
        self.table = table
        self.key = np.sort(key)

    def _window(self, ask: PageRequest) -> np.ndarray[Any, np.dtype[np.int64]]:
        low, sure, high = 0, 0, len(self.table)
        if self.readings.order == "start":
            low, sure, high = np.searchsorted(self.key, [ask.first, ask.last, ask.last + 1])
            if ask.narrow:
                sure = low
        # All rows up to here belong to the window.
        table = self.table[sure:high]
        starts = table[:, 1]
        ends = starts < ask.last
        if self.readings.inclusive:
            ends |= (starts == ask.last) & (table[:, 6] == 0)
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
        return np.concatenate([np.arange(low, sure), sure + np.flatnonzero(keep)])

    def _ordered(
        self, at: np.ndarray[Any, np.dtype[np.int64]], *, desc: bool
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        readings = self.readings
        if readings.order == "random":
            return self.rng.permutation(at)
        if readings.ties == "random":
            at = at[np.lexsort((self.rng.random(at.size), self.table[at, 6], self.key[at]))]
        if desc:
            at = at[::-1]
            if not readings.desc_turns_ties:
                at = at[np.lexsort((self.table[at, 0], -self.table[at, 6], -self.key[at]))]
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
    most_workers: int = 1,
) -> tuple[Completeness, set[int]]:
    """Answer a plan's asks in an order that ``choose`` makes; give its end and the ids told.

    Meanwhile it is given more workers, up to ``most_workers``, as when other plans end.
    """
    outstanding = plan.start()
    told: list[PageRows] = []
    while True:
        assert outstanding, "the plan waits for an answer to nothing"
        ask = outstanding.pop(choose(len(outstanding)))
        must_be_legal(ask, service.limits, window)
        if len(service.asked) >= at_most:
            raise EndlessError(f"{len(service.asked)} asks")
        held = service.answer(ask)
        told.append(held)
        if most_workers > 1:
            plan.widen(1 + len(told) % most_workers)
        outstanding += plan.receive(ask, held)
        if plan.settled is not None:
            assert not outstanding, f"the plan ended without waiting for {outstanding}"
            ids = np.concatenate([each.ids for each in told])
            starts = np.concatenate([each.starts for each in told])
            first, last = window or (-1 << 62, 1 << 62)
            return plan.settled, set(ids[(first <= starts) & (starts < last)].tolist())


def must_be_legal(ask: PageRequest, limits: Limits, window: tuple[int, int] | None) -> None:
    assert 1 <= ask.count <= limits.page, ask
    assert 0 <= ask.offset <= limits.offset, ask
    assert ask.first <= ask.last, ask
    if window is not None:
        assert window[0] <= ask.first, ask
        assert ask.last <= window[1], ask


def makespan(plan: Plan, service: Service, workers: int) -> int:
    """Return how many units of time a plan takes, one an answer, ``workers`` at most at a time."""
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


def bound(service: Service, seconds: int) -> int:
    """No plan of a truthful service asks more, whatever happens on the way."""
    readings, limits = service.readings, service.limits
    gives = 1 if readings.short else min(limits.page, readings.cap or limits.page)
    rows = len(service.rows) + len(service.changes)
    full = 1 + max(Counter(row.start for row in service.rows).values(), default=0) // gives
    crowds = min(rows // gives, seconds) * (60 * min(full, 2 * limits.offset // gives) + 300)
    return (
        30 + 6 * rows // gives + 4 * min(seconds, rows) * math.ceil(math.log2(seconds) + 1) + crowds
    )


def inside(rows: Iterable[Row], seconds: int) -> set[int]:
    return {row.id for row in rows if 0 <= row.start < seconds}


def fits_in_reach(service: Service, seconds: int) -> bool:
    """Whether no second, nor two together, has more than one honest query reaches."""
    readings, limits = service.readings, service.limits
    page = min(limits.page, readings.cap or limits.page)
    # Of short answers no more can be promised than of those that no offset moves.
    reach = page if readings.short else limits.offset + 1
    # A full page proves nothing, and where offsets are ignored no other shows that it is all.
    reach = page - 1 if readings.ignores_offset else reach
    # Nor does the longest answer so far, where answers are short at random.
    reach = 0 if readings.ignores_offset and readings.short else reach
    ever = [*service.rows, *(row for change in service.changes for row in change.add)]
    count = Counter(row.start for row in ever)
    return all(count[s] + count[s + 1] <= reach for s in range(-1, seconds + 1))


def any_of(seed: int) -> Callable[[int], int]:
    """Choose the next answer at random, the same for the same seed."""
    rng = random.Random(seed)
    return rng.randrange


def rows_at(starts: Iterable[int], **same: int) -> list[Row]:
    """Make sessions at these starts, ids in the order given."""
    return [replace(Row(i, int(s)), **same) for i, s in enumerate(starts, 1)]
