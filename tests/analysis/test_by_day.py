"""A dataset gives the figures of the whole history, to the last digit, some days at a time."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import voxframe
from tests.support.histories import at, random_tables
from tests.support.made_dataset import write_dataset
from voxframe import analysis
from voxframe.analysis import _by_day
from voxframe.errors import InvalidQueryError

Tables = dict[str, pa.Table]
Pair = tuple[voxframe.Dataset, voxframe.CallHistory]

FIRST, END = at("2026-10-01"), at("2026-10-26")
ZONE = "Europe/Berlin"
PARTS: dict[str, dict[str, Any]] = {
    "own": {"own": "@pbx.example.com", "machine": "+4420794601*", "network": "anna"},
}


def _gaps_and_long_legs(tables: Tables, seed: int) -> Tables:
    """Leave whole days out, let legs go on for days or begin before their session."""
    rng = np.random.default_rng(seed)
    sessions, calls = tables["sessions"], tables["calls"]
    day = (sessions["start_date"].cast(pa.int64()).to_numpy() // 86_400_000_000).astype(int)
    kept = sessions.filter(pa.array((day % 7 != 2) & (rng.random(len(day)) < 0.9)))
    accounts = pa.array(rng.integers(1, 4, len(kept)))
    kept = kept.set_column(kept.column_names.index("account_id"), "account_id", accounts)
    ids = kept["call_session_history_id"].combine_chunks()
    tables = {
        name: table.filter(pc.is_in(table["call_session_history_id"], value_set=ids))
        for name, table in tables.items()
    }
    calls = tables["calls"]
    long = rng.random(len(calls)) < 0.02
    duration = pc.if_else(
        pa.array(long), pa.array(rng.integers(0, 300_000, len(calls))), calls["duration"]
    )
    early = np.where(rng.random(len(calls)) < 0.02, rng.integers(0, 50 * 86_400, len(calls)), 0)
    start = pc.subtract(calls["start_time"].cast(pa.int64()), pa.array(early * 1_000_000))
    names = calls.column_names
    calls = calls.set_column(names.index("duration"), "duration", duration)
    calls = calls.set_column(
        names.index("start_time"), "start_time", start.cast(calls.schema.field("start_time").type)
    )
    # A field that is not documented and comes on some days only.
    late = rng.random(len(calls)) < 0.1
    late[: len(late) // 2] = False
    colours = pa.array(rng.choice(["red", "green"], len(calls)), mask=~late)
    return {**tables, "sessions": kept, "calls": calls.append_column("colour", colours)}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    tables = _gaps_and_long_legs(random_tables(2_000, days=25, seed=3), 3)
    path: Path = tmp_path_factory.mktemp("made") / "dataset"
    # The first and the last stretch of time were not wholly read.
    write_dataset(path, [tables], FIRST + timedelta(hours=7), END - timedelta(hours=5))
    dataset = voxframe.open_dataset(path)
    return dataset, dataset.read()


@pytest.fixture(autouse=True)
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold few rows, so that there are many sources: two days or three at a time."""
    monkeypatch.setattr(_by_day, "_ROWS", 1_500)


def same(pair: Pair, function: Callable[..., pd.DataFrame], **options: Any) -> pd.DataFrame:
    dataset, history = pair
    frames = [function(each, **options) for each in (history, dataset)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert frames[0].attrs == frames[1].attrs
    return frames[0]


def test_it_is_read_in_parts(pair: Pair) -> None:
    dataset, history = pair
    parts = [source.count("sessions") for source in _by_day.Sources.of(dataset)]
    assert len(parts) > 5
    assert sum(parts) == len(history)


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (analysis.agents, {"inbound": False}),
        (analysis.agents, {"by": "called", "freq": "W", "timezone": ZONE}),
        (analysis.busy_hour, {}),
        (analysis.busy_hour, {"timezone": ZONE, "side": None}),
        (analysis.concurrency, {}),
        (analysis.concurrency, {"freq": "M", "timezone": ZONE, "side": None}),
        (analysis.concurrency, {"freq": "15min", "timezone": "Asia/Kolkata"}),
        (analysis.concurrency, {"freq": None, "timezone": ZONE}),
        (analysis.cost_breakdown, {}),
        (analysis.cost_breakdown, {"dtype_backend": "pyarrow", "by": ["side", "resource_type"]}),
        (analysis.cost_breakdown, {"by": "kind", "freq": "2D", "currency": "EUR"}),
        (analysis.cost_breakdown, {"by": "hour", "currency": {1: "EUR", 2: "USD", 3: "EUR"}}),
        (analysis.cost_breakdown, {"by": ["session_kind", "country"], "freq": "M"}),
        (analysis.cost_breakdown, {"by": "colour", "freq": "W", "timezone": ZONE}),
        (analysis.cost_by_agent, {"dtype_backend": "pyarrow"}),
        (analysis.cost_by_agent, {"method": "share", "currency": "EUR"}),
        (analysis.cost_by_caller, {"dtype_backend": "pyarrow"}),
        (analysis.duration_histogram, {"by": "weekday", "timezone": ZONE}),
        (analysis.duration_stats, {}),
        (analysis.duration_stats, {"by": ["side", "calls.colour"]}),
        (analysis.end_reasons, {"by": "direction", "side": "network"}),
        (analysis.end_reasons, {"answered": True}),
        (analysis.far_ends, {}),
        (analysis.far_ends, PARTS["own"]),
        (analysis.finish_reasons, {"by": "application_name"}),
        (analysis.inbound_outcomes, {}),
        (analysis.inbound_outcomes, {"by": "caller", "freq": "M", **PARTS["own"]}),
        (analysis.leg_clock, {}),
        (analysis.minutes, {"freq": "D", "timezone": ZONE}),
        (analysis.minutes, {"by": "agent"}),
        (analysis.peak_load, {}),
        (analysis.peak_load, {"days": None, "timezone": ZONE, "side": None}),
        (analysis.service_level, {}),
        (analysis.service_level, {"by": "called", "freq": "W", "start": "first try"}),
        (analysis.service_level, {"method": "abandons included", "short": 5}),
        (analysis.session_totals, {"timezone": ZONE, "dtype_backend": "pyarrow"}),
        (analysis.traffic, {}),
        (analysis.traffic, {"freq": None, "by": ["direction", "hour"], "side": None}),
        (analysis.traffic, {"freq": "D", "timezone": ZONE, "currency": "EUR", "side": None}),
        (analysis.traffic, {"freq": "M", "by": "side", "dtype_backend": "pyarrow", **PARTS["own"]}),
        (analysis.traffic, {"freq": None, "by": "hour", "timezone": ZONE}),
        (analysis.traffic, {"freq": "M", "by": ["weekday", "remote_number"]}),
        (analysis.peak_load, {"hour": "10:00", "days": None}),
        (analysis.unanswered_numbers, {"timezone": ZONE}),
    ],
)
def test_figures_are_those_of_the_whole(
    pair: Pair, function: Callable[..., pd.DataFrame], options: dict[str, Any]
) -> None:
    assert len(same(pair, function, **options))


def test_periods_are_compared(pair: Pair) -> None:
    same(pair, lambda history: analysis.compare(history, history))
    same(pair, lambda history: analysis.compare(
        history, history, by="application_name", currency={1: "EUR", 2: "USD", 3: "EUR"}
    ))  # fmt: skip


def test_prices_of_several_accounts_are_noted(pair: Pair) -> None:
    assert "3 accounts" in same(pair, analysis.cost_breakdown).attrs["note"]


def test_a_dataset_without_a_session_has_the_figures_of_nothing(tmp_path: Path) -> None:
    write_dataset(tmp_path / "empty", [], FIRST, FIRST + timedelta(days=3))
    dataset = voxframe.open_dataset(tmp_path / "empty")
    pair = dataset, dataset.read()
    for function in (
        analysis.agents, analysis.busy_hour, analysis.concurrency, analysis.cost_breakdown,
        analysis.cost_by_agent, analysis.cost_by_caller, analysis.duration_histogram,
        analysis.duration_stats, analysis.end_reasons, analysis.far_ends, analysis.finish_reasons,
        analysis.inbound_outcomes, analysis.leg_clock, analysis.minutes, analysis.peak_load,
        analysis.service_level, analysis.session_totals, analysis.traffic,
    ):  # fmt: skip
        same(pair, function)


def test_what_needs_all_rows_says_what_to_do(pair: Pair) -> None:
    for function in (
        analysis.called_back, analysis.custom_data, analysis.missed, analysis.repeat_callers,
    ):  # fmt: skip
        with pytest.raises(InvalidQueryError, match=r"dataset\.read\(from_date, to_date\)"):
            function(pair[0])
    ledger = pd.DataFrame({"transaction_id": [1], "cost": [1.0]})
    with pytest.raises(InvalidQueryError, match=r"dataset\.read\(from_date, to_date\)"):
        analysis.reconcile(pair[0], ledger)


def test_an_unknown_column_is_named(pair: Pair) -> None:
    with pytest.raises(ValueError, match="There is no 'shade' to group by"):
        analysis.cost_breakdown(pair[0], by="shade")


def test_a_field_of_two_types_is_refused(tmp_path: Path) -> None:
    tables = random_tables(40, days=2, seed=1)
    begun = tables["sessions"]["start_date"].to_pylist()
    half = sum(start < FIRST + timedelta(days=1) for start in begun)
    parts = [tables["sessions"].slice(0, half), tables["sessions"].slice(half)]
    none = {name: table.slice(0, 0) for name, table in tables.items()}
    write_dataset(
        tmp_path / "two",
        [
            {**none, "sessions": part.append_column("level", pa.array([value] * len(part)))}
            for part, value in zip(parts, [1, "one"], strict=True)
        ],
        FIRST,
        FIRST + timedelta(days=2),
    )
    dataset = voxframe.open_dataset(tmp_path / "two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_by_day, "_ROWS", 1)
        with pytest.raises(ValueError, match=r"by: 'level' .* dataset\.read"):
            analysis.finish_reasons(dataset, by="level")


def test_a_dataset_that_is_written_meanwhile_is_not_added_up(tmp_path: Path) -> None:
    path, tables = tmp_path / "moving", random_tables(40, days=1, seed=1)
    write_dataset(path, [tables], FIRST, FIRST + timedelta(days=1))
    sources = iter(_by_day.Sources.of(voxframe.open_dataset(path)))
    next(sources)
    write_dataset(path, [random_tables(41, days=1, seed=1)], FIRST, FIRST + timedelta(days=1))
    with pytest.raises(ValueError, match="written while it was read"):
        next(sources)
