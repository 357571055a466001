"""What proves that nothing is missing, where counts and windows are not what they seem."""

import numpy as np
import pytest

from tests.support.simulated import Change, Readings, Row, Service, any_of, drive, rows_at
from voxframe._plan.model import Limits
from voxframe._plan.plan import Plan
from voxframe.errors import IncompleteHistoryError

DAY = 86_400


@pytest.mark.parametrize("totals", ["zero", "negative", "capped", "rounded"])
@pytest.mark.parametrize("cap", [None, 7])
@pytest.mark.parametrize("n", [10, 50, 333])
def test_counts_that_are_wrong_lose_nothing(totals: str, cap: int | None, n: int) -> None:
    limits = Limits(page=10, offset=100)
    starts = np.random.default_rng(n).integers(0, 5000, n)
    service = Service(rows_at(starts), Readings(totals=totals, cap=cap), limits)
    plan = Plan(0, 5000, workers=3, limits=limits)
    try:
        _, told = drive(plan, service, window=(0, 5000), choose=any_of(n), at_most=5000)
    except IncompleteHistoryError:
        # No part of the service's answers has a count that is true.
        assert totals in {"zero", "negative"}
        return
    assert len(told) == n


@pytest.mark.parametrize("totals", ["capped", "rounded"])
@pytest.mark.parametrize("ignores_offset", [False, True])
@pytest.mark.parametrize("n", [11, 15, 20, 47, 130])
def test_a_dense_second_that_is_counted_wrong_is_all_or_an_error(
    totals: str, ignores_offset: bool, n: int
) -> None:
    limits = Limits(page=10, offset=60)
    readings = Readings(totals=totals, ignores_offset=ignores_offset)
    service = Service(rows_at([5] * n), readings, limits)
    plan = Plan(0, 10, workers=3, limits=limits)
    try:
        _, told = drive(plan, service, window=(0, 10), at_most=5000)
    except IncompleteHistoryError:
        return
    assert len(told) == n


@pytest.mark.parametrize("at", ["start", "end"])
@pytest.mark.parametrize("limit", [7, 31])
@pytest.mark.parametrize("n", [50, 500])
def test_a_window_that_is_shortened_is_read_whole(at: str, n: int, limit: int) -> None:
    limits = Limits(page=100)
    starts = np.linspace(0, 400 * DAY - 1, n).astype(np.int64)
    service = Service(rows_at(starts), Readings(shortens=limit * DAY, shortened_at=at), limits)
    plan = Plan(0, 400 * DAY, workers=3, limits=limits)
    settled, told = drive(plan, service, window=(0, 400 * DAY), at_most=1000)
    assert len(told) == n
    assert settled.mended["windows_shortened"] <= 1


@pytest.mark.parametrize(("totals", "n"), [("capped", 11), ("rounded", 11), ("rounded", 21)])
def test_parts_that_add_up_to_a_wrong_count_prove_nothing(totals: str, n: int) -> None:
    limits = Limits(page=10, offset=15)
    # The last one's user is known only if it is met: without it the parts add up to the count.
    rows = [Row(i, 5, user_id=1 + i // 3 if i < n else 99) for i in range(1, n + 1)]
    readings = Readings(totals=totals, cap=5, ties="random")
    for seed in range(12):
        plan = Plan(0, 10, workers=3, limits=limits, splittable_by=("user_id",))
        service = Service(rows, readings, limits, seed)
        try:
            _, told = drive(plan, service, window=(0, 10), choose=any_of(seed), at_most=9000)
        except IncompleteHistoryError:
            continue
        assert len(told) == n


@pytest.mark.parametrize("at", ["start", "end"])
@pytest.mark.parametrize("days", [[3], [390], [200, 300], [3, 60, 150, 151, 390]])
def test_a_few_sessions_in_a_window_that_is_shortened(days: list[int], at: str) -> None:
    rows = rows_at(day * DAY for day in days)
    service = Service(rows, Readings(shortens=30 * DAY, shortened_at=at))
    plan = Plan(0, 400 * DAY, workers=8)
    settled, told = drive(plan, service, window=(0, 400 * DAY), at_most=500)
    assert len(told) == len(days)
    # Fifteen counts, and each day.
    assert len(service.asked) <= 1 + 15 + 400 + 5 * (1 + len(days))
    assert settled.mended["windows_shortened"] <= 1


@pytest.mark.parametrize("n", [0, 5])
def test_two_thousand_years_are_sampled(n: int) -> None:
    span = 2000 * 365 * DAY
    service = Service(rows_at(span // 2 + DAY * i for i in range(n)))
    drive(Plan(0, span, workers=8), service, window=(0, span), at_most=100)
    assert len(service.asked) == 1 + 15


def test_changes_between_counting_and_selecting_hide_nothing() -> None:
    limits = Limits(page=10, offset=40)
    for counted in ("first", "last"):
        for moment in range(6):
            # One ends while an answer is made and comes in at the top; a full page ends before 10.
            rows = rows_at(range(10))
            change = Change(moment, add=(Row(99, 0),))
            service = Service(rows, Readings(counted=counted), limits, changes=[change])
            _, told = drive(Plan(0, 100, workers=2, limits=limits), service, window=(0, 100))
            assert told >= set(range(1, 11))


def test_seconds_with_hidden_parts_are_read_whole() -> None:
    limits = Limits(page=10, offset=60)
    for n in (9, 10, 11, 25, 60):
        rows = [Row(i, 5 + i % 2, part=i * 16) for i in range(1, n + 1)]
        for inclusive in (True, False):
            service = Service(rows, Readings(inclusive=inclusive), limits)
            _, told = drive(Plan(0, 7, workers=2, limits=limits), service, window=(0, 7))
            assert len(told) == n
