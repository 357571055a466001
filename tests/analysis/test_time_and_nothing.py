"""Days of 23 and 25 hours, clocks that go back; empty histories; countries."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.histories import at, random_tables, tables
from voxframe import analysis
from voxframe.analysis._bins import make_bins

SPRING = ("2026-03-28 12:00", "2026-03-30 12:00")
AUTUMN = ("2026-10-24 12:00", "2026-10-26 12:00")


def edges(first: str, last: str, freq: str, zone: str) -> list[str]:
    seconds = np.array([int(at(first).timestamp()), int(at(last).timestamp())])
    bins = make_bins(seconds, freq, zone)
    return [str(start) for start in bins.starts().to_pandas()]


def lengths(first: str, last: str, freq: str, zone: str) -> list[int]:
    seconds = np.array([int(at(first).timestamp()), int(at(last).timestamp())])
    return [int(n) for n in make_bins(seconds, freq, zone).lengths // 60]


@pytest.mark.parametrize(
    ("window", "freq", "zone", "minutes"),
    [
        (SPRING, "D", "Europe/Berlin", [1440, 1380, 1440]),
        (AUTUMN, "D", "Europe/Berlin", [1440, 1500, 1440]),
        (SPRING, "6h", "Europe/Berlin", [360] * 2 + [300] + [360] * 6),
        (AUTUMN, "6h", "Europe/Berlin", [360] * 2 + [420] + [360] * 6),
        (AUTUMN, "W", "Europe/Berlin", [7 * 1440 + 60, 7 * 1440]),
        (AUTUMN, "M", "Europe/Berlin", [31 * 1440 + 60]),
        (("2026-04-04 00:00", "2026-04-05 00:00"), "D", "Australia/Lord_Howe", [1440, 1470]),
        (("2025-11-02 03:00", "2025-11-02 06:00"), "D", "America/Havana", [1440, 1500]),
    ],
)
def test_days_of_a_change(
    window: tuple[str, str], freq: str, zone: str, minutes: list[int]
) -> None:
    assert lengths(*window, freq, zone) == minutes


def test_an_hour_that_comes_twice_is_two_and_one_that_does_not_come_is_none() -> None:
    twice = edges("2026-10-25 00:00", "2026-10-25 02:00", "h", "Europe/Berlin")
    assert [text[11:] for text in twice] == ["02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00"]
    none = edges("2026-03-29 00:00", "2026-03-29 02:00", "h", "Europe/Berlin")
    assert [text[11:] for text in none] == ["01:00:00+01:00", "03:00:00+02:00", "04:00:00+02:00"]
    assert len(edges("2026-10-24 22:00", "2026-10-25 22:59", "h", "Europe/Berlin")) == 25
    assert len(edges("2026-03-28 23:00", "2026-03-29 21:59", "h", "Europe/Berlin")) == 23


@settings(max_examples=80, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=4),
    freq=st.sampled_from(["h", "30min", "6h", "D", "W", "M", "Q", "Y"]),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "America/Havana", "Pacific/Apia", "Africa/Monrovia", "Europe/Dublin"]
    ),
)  # fmt: skip
def test_every_instant_lies_in_one_bin(seconds: list[int], freq: str, zone: str) -> None:
    if freq in {"h", "30min", "6h"}:
        seconds = [seconds[0] + second % 400_000 for second in seconds]
    moments = np.array(seconds)
    bins = make_bins(moments, freq, zone)
    place = bins.find(moments)
    assert (bins.lengths > 0).all()
    assert place.min() == 0
    assert place.max() == len(bins) - 1
    if freq == "D":
        dates = [datetime.fromtimestamp(s, ZoneInfo(zone)).date() for s in seconds]
        starts = [datetime.fromtimestamp(int(bins.edges[p]), ZoneInfo(zone)).date() for p in place]
        assert dates == starts


def compare(history: dict[str, pa.Table]) -> pd.DataFrame:
    return analysis.compare(history, tables())


def reconcile(history: dict[str, pa.Table]) -> pd.DataFrame:
    return analysis.reconcile(history, pd.DataFrame({"transaction_id": [], "cost": []}))


WITH_MORE = {"compare": compare, "reconcile": reconcile}
FUNCTIONS: list[Callable[..., pd.DataFrame]] = [
    WITH_MORE.get(name, function)
    for name in analysis.__all__
    if "history" in inspect.signature(function := getattr(analysis, name)).parameters
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_empty(function: Callable[..., pd.DataFrame]) -> None:
    empty, full = function(tables()), function(random_tables(50))
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.astype(str).to_dict() == full.dtypes.astype(str).to_dict()
    figures = empty.drop(columns=["from_seconds", "to_seconds"], errors="ignore")
    numbers = figures.select_dtypes("number").fillna(0)
    assert (numbers == 0).all(axis=None)


@pytest.mark.parametrize("name", ["cost_breakdown", "traffic", "inbound_outcomes"])
@pytest.mark.parametrize("more", [{"freq": "D"}, {"freq": "M", "by": "application_name"}])
def test_empty_over_time(name: str, more: dict[str, Any]) -> None:
    frame = getattr(analysis, name)(tables(), timezone="Europe/Berlin", **more)
    assert frame.empty
    assert str(frame["start"].dtype) == "datetime64[us, Europe/Berlin]"


def test_sessions_without_calls() -> None:
    quiet = random_tables(10)
    quiet["calls"] = quiet["calls"].slice(0, 0)
    assert analysis.session_totals(quiet)["calls_in"].tolist() == [0] * 10
    assert analysis.traffic(quiet, freq="D").empty
    assert analysis.concurrency(quiet).empty
    assert len(analysis.cost_breakdown(quiet, freq="D")) > 1


def test_chunks_make_no_difference() -> None:
    whole = random_tables(300, seed=3)
    parts = {
        name: pa.concat_tables([random_tables(0)[name], table.slice(0, 7), table.slice(7)])
        for name, table in whole.items()
    }
    for function in FUNCTIONS:
        pd.testing.assert_frame_equal(function(parts), function(whole))
    pd.testing.assert_frame_equal(
        analysis.cost_breakdown(parts, by=["rule_name", "direction"]),
        analysis.cost_breakdown(whole, by=["rule_name", "direction"]),
    )


def test_countries() -> None:
    pytest.importorskip("phonenumbers")
    numbers = {
        "+442079460958": "GB", "447700900123": "GB", "+441534456789": "JE", "+12125550123": "US",
        "0035312345678": "IE", "+14165550123": "CA", "+18005550123": "US", "+7 701 555-01-23": "KZ",
        "+79161234567": "RU", "sip:+4930231251@trunk1.example.net": "DE", "+38344123456": "XK",
        "sip:desk@pbx.example.com": None, "anna": None, "12345": None, "": None,
        "+999123456789": None, "+870773111632": None, None: None,
    }  # fmt: skip
    history = tables(
        calls=[
            {"call_session_history_id": 1, "call_id": i, "remote_number": number}
            for i, number in enumerate(numbers)
        ]
        + [{"call_session_history_id": 1, "remote_number": "447700900123",
            "remote_number_type": "user"}]
    )  # fmt: skip
    frame = analysis.traffic(history, freq=None, by=["calls.remote_number", "country"], side=None)
    found = {
        None if pd.isna(number) else number: None if pd.isna(country) else country
        for number, country in zip(frame["calls.remote_number"], frame["country"], strict=True)
        if pd.isna(number) or number != "447700900123" or not pd.isna(country)
    }
    assert found == numbers
    assert len(frame) == len(numbers) + 1


def test_countries_in_bulk_agree_with_the_library_one_by_one() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    from voxframe.analysis._countries import countries

    examples = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (0, 1):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                text = phonenumbers.format_number(number, 0)
                examples.append((text, phonenumbers.region_code_for_number(number)))
    found = countries(pa.array([text for text, _ in examples])).to_pylist()
    wrong = [(t, e, f) for (t, e), f in zip(examples, found, strict=True) if e != f]
    assert not wrong


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, voxframe, voxframe.analysis; "
        "print([m for m in ('matplotlib', 'phonenumbers', 'jinja2', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.strip()
    assert "matplotlib" not in loaded
    assert "phonenumbers" not in loaded
    assert "jinja2" not in loaded
