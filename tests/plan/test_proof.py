"""What proves that nothing is missing, where counts and windows are not what they seem."""

import numpy as np
import pytest

from tests.support.simulated import Readings, Service, any_of, drive, rows_at
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
@pytest.mark.parametrize("n", [50, 500])
def test_a_window_that_is_shortened_is_read_whole(at: str, n: int) -> None:
    limits = Limits(page=100)
    starts = np.linspace(0, 400 * DAY - 1, n).astype(np.int64)
    service = Service(rows_at(starts), Readings(shortens=31 * DAY, shortened_at=at), limits)
    plan = Plan(0, 400 * DAY, workers=3, limits=limits)
    settled, told = drive(plan, service, window=(0, 400 * DAY), at_most=500)
    assert len(told) == n
    assert settled.mended["windows_shortened"] <= 1
