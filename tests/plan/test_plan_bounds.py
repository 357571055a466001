"""How much a plan asks, and how long it takes, with the limits of the real service."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.support.simulated import Change, Readings, Row, Service, any_of, drive, makespan, rows_at
from tests.support.traffic import SHAPES, WINDOW
from voxframe._plan.model import Limits
from voxframe._plan.plan import Plan, ahead
from voxframe.errors import IncompleteHistoryError

SPLITTERS = ("application_id", "user_id", "duration")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1001, 2500, 20_000, 300_000])
def test_requests_stay_within_the_promise(shape: str, n: int) -> None:
    starts = SHAPES[shape](np.random.default_rng(n), n)
    for workers in (1, 3, 8, 16):
        service = Service.at(starts)
        _, told = drive(
            Plan(*WINDOW, workers=ahead(workers)), service, window=WINDOW, choose=any_of(workers)
        )
        assert len(told) == n
        assert len(service.asked) <= 1.02 * math.ceil(n / 1000) + 3 * workers
        # Totals slow the service down: one for a stretch's first page and one for its last.
        totals = sum(ask.total for ask in service.asked)
        assert totals <= 0.02 * n / 1000 + 7 * ahead(workers) + 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [0, 1, 2, 999])
def test_up_to_a_page_takes_one_request(shape: str, n: int) -> None:
    service = Service.at(SHAPES[shape](np.random.default_rng(n), n))
    _, told = drive(Plan(*WINDOW, workers=8), service, window=WINDOW)
    assert len(told) == n
    assert len(service.asked) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_full_page_takes_one_more_request(shape: str) -> None:
    service = Service.at(SHAPES[shape](np.random.default_rng(1000), 1000))
    _, told = drive(Plan(*WINDOW, workers=1), service, window=WINDOW)
    assert len(told) == 1000
    assert len(service.asked) <= 3


@pytest.mark.parametrize("per_second", [50, 100])
@pytest.mark.parametrize("workers", [1, 8])
def test_a_dense_page_costs_its_last_second_again(per_second: int, workers: int) -> None:
    n = 100_000
    starts = np.random.default_rng(1).integers(0, n // per_second, n)
    service = Service.at(starts)
    drive(Plan(*WINDOW, workers=ahead(workers)), service, window=WINDOW)
    again = per_second / 2 + 5 * 4
    assert len(service.asked) <= 1.02 * n / (1000 - again) + 3 * workers


@pytest.mark.parametrize(
    ("shape", "most"),
    [
        ("uniform", 1.09),
        ("growth", 1.13),
        ("last_hour", 1.13),
        ("office_hours", 1.17),
        ("dense", 1.25),
        ("spike", 1.25),
    ],
)
def test_no_worker_is_idle_for_long(shape: str, most: float) -> None:
    for seed in (0, 3, 8):
        service = Service.at(SHAPES[shape](np.random.default_rng(seed), 199_500))
        taken = makespan(Plan(*WINDOW, workers=ahead(8)), service, 8)
        assert taken <= most * math.ceil(200 / 8)


@cache
def crowded_rows(n: int) -> list[Row]:
    rng = np.random.default_rng(n)
    values = (rng.integers(*ends, n).tolist() for ends in ((1, 4), (1, 30), (0, 600)))
    rows = [Row(i, 50, *each) for i, each in enumerate(zip(*values, strict=True), 1)]
    return rows + [Row(n + i, start) for i, start in enumerate(range(100), 1)]


def crowd(n: int, **readings: Any) -> Service:
    return Service(crowded_rows(n), Readings(**readings))


@pytest.mark.parametrize("ties", ["id", "reversed", "random"])
@pytest.mark.parametrize("equal_dates", ["as others", "refused", "empty"])
@pytest.mark.parametrize("inclusive", [True, False])
def test_fifteen_thousand_in_one_second(ties: str, equal_dates: str, inclusive: bool) -> None:
    service = crowd(15_000, ties=ties, equal_dates=equal_dates, inclusive=inclusive)
    settled, told = drive(
        Plan(0, 100, workers=8), service, window=(0, 100), choose=any_of(1), at_most=1000
    )
    assert len(told) == 15_100
    assert settled.mended["crowded_seconds"] >= 1


@pytest.mark.parametrize("free", [("application_id",), ("user_id",), ("duration",), SPLITTERS])
def test_thirty_thousand_in_one_second_are_split_by_filters(free: tuple[str, ...]) -> None:
    service = crowd(30_000)
    _, told = drive(
        Plan(0, 100, workers=8, splittable_by=free), service, window=(0, 100), at_most=500
    )
    assert len(told) == 30_100


@pytest.mark.parametrize(
    ("free", "ignores"),
    [
        ((), ()),
        (SPLITTERS, ("application_id", "user_id", "max_duration")),
        (SPLITTERS, ("application_id", "user_id", "min_duration")),
    ],
)
def test_thirty_thousand_in_one_second_that_nothing_splits(
    free: tuple[str, ...], ignores: tuple[str, ...]
) -> None:
    service = crowd(30_000, ignores=frozenset(ignores))
    with pytest.raises(IncompleteHistoryError, match=r"the service counts 3000[123] sessions"):
        drive(Plan(0, 100, workers=8, splittable_by=free), service, window=(0, 100), at_most=500)


@pytest.mark.parametrize("order", ["start", "random"])
def test_counts_that_are_not_of_what_is_given_are_found_out_soon(order: str) -> None:
    starts = np.random.default_rng(0).integers(0, WINDOW[1], 20_000)
    service = Service(rows_at(starts), Readings(totals="too high", order=order))
    with pytest.raises(IncompleteHistoryError):
        drive(Plan(*WINDOW, workers=8), service, window=WINDOW, at_most=2000)


@pytest.mark.parametrize(
    ("order", "turned"),
    [
        ("descending", (0, 0)),
        ("random", (0, 0)),
        ("end", (0, 0)),
        ("rank", (1, 6_000)),
        ("rank", (1, 500)),
        ("rank", (3_000, 6_000)),
    ],
)
def test_an_order_that_is_not_by_start_is_noticed_and_nothing_rests_on_it(
    order: str, turned: tuple[int, int]
) -> None:
    n = 6_000
    rng = np.random.default_rng(n)
    starts = np.sort(rng.integers(0, n * 10, n))
    rows = [
        Row(
            i,
            int(start),
            duration=int(rng.integers(1, 3600)),
            rank=int(starts[sum(turned) - i - 1 if turned[0] <= i < turned[1] else i - 1]),
        )
        for i, start in enumerate(starts, 1)
    ]
    late = rng.integers(0, n * 10, n)
    moves = [
        Change(at, add=(Row(n + at, int(late[at]), rank=int(late[at])),), purge=(int(gone),))
        for at, gone in enumerate(rng.choice(n, 20, replace=False), 1)
    ]
    service = Service(rows, Readings(order=order), seed=1, changes=moves)
    settled, told = drive(Plan(0, n * 10, workers=4), service, window=(0, n * 10), at_most=100)
    assert settled.mended["order_not_by_start_date"] == 1
    assert service.throughout.keys() <= told


def test_a_session_a_few_places_late_at_a_pages_end_is_noticed() -> None:
    rows = [Row(i, i, rank=23 if i == 8 else 2 * i) for i in range(1, 30)]
    limits = Limits(page=10)
    service = Service(rows, Readings(order="rank"), limits)
    settled, told = drive(Plan(0, 40, workers=1, limits=limits), service, window=(0, 40))
    assert settled.mended["order_not_by_start_date"] == 1
    assert told == set(range(1, 30))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_window_that_ends_in_the_middle_of_traffic_is_not_read_again(workers: int) -> None:
    limits = Limits(page=20)
    rows = rows_at(i // 7 for i in range(700))
    for last in range(3, 99):
        service = Service(rows, limits=limits)
        settled, told = drive(
            Plan(0, last, workers=workers, limits=limits), service, window=(0, last)
        )
        assert len(told) == 7 * last
        assert not settled.mended["counts_that_moved"]
