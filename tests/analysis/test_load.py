"""Erlang's formulas against published values; the three ways to measure a peak."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import voxframe
from tests.support.histories import at, random_tables, tables
from voxframe import Receipt, analysis


@pytest.mark.parametrize(
    ("formula", "erlangs", "servers", "expected"),
    [
        (analysis.erlang_b, 25, 30, 0.052603),
        (analysis.erlang_b, 2, 5, 0.036697),
        (analysis.erlang_c, 2, 5, 0.059701),
        (analysis.erlang_c, 10, 12, 0.449388),
        (analysis.erlang_b, 0, 0, 1.0),
        (analysis.erlang_b, 0, 1, 0.0),
        (analysis.erlang_c, 5, 5, 1.0),
    ],
)
def test_published_values(formula, erlangs, servers, expected) -> None:
    assert formula(erlangs, servers) == pytest.approx(expected, abs=5e-7)


@settings(max_examples=50)
@given(st.floats(0, 300), st.floats(0.001, 0.5))
def test_the_fewest_lines_are_enough_and_one_less_is_not(erlangs, blocking) -> None:
    lines = analysis.lines_needed(erlangs, blocking=blocking)
    assert analysis.erlang_b(erlangs, lines) <= blocking
    assert lines == 0 or analysis.erlang_b(erlangs, lines - 1) > blocking


def test_loads_that_are_not_are_refused() -> None:
    for erlangs in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="0 or more"):
            analysis.lines_needed(erlangs)
        with pytest.raises(ValueError, match="0 or more"):
            analysis.erlang_b(erlangs, 1)
    with pytest.raises(ValueError, match="between 0 and 1"):
        analysis.lines_needed(1, blocking=1)


def one_call(session: int, start: str, minutes: int) -> dict[str, object]:
    return {
        "call_session_history_id": session, "start_time": at(start), "incoming": True,
        "remote_number_type": "pstn", "successful": True, "duration": 60 * minutes,
    }  # fmt: skip


def test_three_ways_by_hand() -> None:
    # Thursday and Friday at ten, half an hour and an hour; on Friday at three two hours at once.
    calls = [
        one_call(1, "2026-10-01 10:00", 30), one_call(2, "2026-10-02 10:00", 60),
        one_call(3, "2026-10-02 15:00", 60), one_call(4, "2026-10-02 15:00", 60),
        one_call(5, "2026-10-03 12:00", 60),
    ]  # fmt: skip
    frame = analysis.peak_load(tables(calls=calls))
    assert frame["measure"].tolist() == ["busiest", "daily peak", "steadiest"]
    assert frame["erlangs"].tolist() == [2.0, (0.5 + 2.0) / 2, (0 + 2.0) / 2]
    assert frame["clock"].fillna("").tolist() == ["15:00", "", "15:00"]
    assert str(frame["day"].iloc[0]) == "2026-10-02 00:00:00+00:00"
    assert frame["days"].tolist() == [1, 2, 2]
    assert frame["lines"].tolist() == [analysis.lines_needed(x) for x in frame["erlangs"]]
    assert analysis.peak_load(tables(calls=calls), days=None)["days"].tolist() == [1, 3, 3]
    assert analysis.peak_load(tables(calls=calls), days=["Sun"]).empty
    with pytest.raises(ValueError, match="'Sunday' is not one of Mon"):
        analysis.peak_load(tables(calls=calls), days=["Sunday"])


def test_a_part_of_a_day_lowers_no_mean() -> None:
    # Monday and Tuesday were read whole; of Sunday's evening and Wednesday's morning a part, in
    # which one call goes on beyond the window: on its far side nothing was read at all.
    calls = [
        one_call(1, "2026-10-04 23:30", 10), one_call(2, "2026-10-05 10:00", 60),
        one_call(3, "2026-10-06 10:00", 60), one_call(4, "2026-10-07 08:50", 20),
        one_call(5, "2026-10-07 08:00", 50), one_call(6, "2026-10-07 08:00", 50),
    ]  # fmt: skip
    read = Receipt(from_date=at("2026-10-04 23:00"), to_date=at("2026-10-07 09:00"))
    history = voxframe.CallHistory(tables(calls=calls), read)
    hours = analysis.busy_hour(history)
    assert hours["partial"].tolist() == [True, False, False, True]
    loads = analysis.peak_load(history, days=None, hour="10:00")
    # What was read in part can be the busiest of all: what is missing could only raise that.
    assert loads["erlangs"].tolist() == [hours["erlangs"].max(), 1.0, 1.0, 1.0]
    assert loads["days"].tolist() == [1, 2, 2, 2]
    only_parts = analysis.peak_load(history, days=["Sun", "Wed"], hour="10:00")
    assert only_parts["days"].tolist() == [1, 0, 0, 0]
    assert only_parts["lines"].isna().tolist() == [False, True, True, True]
    assert only_parts["erlangs"].isna().tolist() == [False, True, True, True]
    unknown = analysis.busy_hour(history.tables)
    assert unknown["partial"].isna().all()
    assert analysis.peak_load(history.tables, days=None)["days"].tolist() == [1, 4, 4]


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
def test_the_mean_of_peaks_is_not_below_the_steadiest_hour(timezone: str) -> None:
    for seed in range(4):
        history = random_tables(400, days=60, seed=seed)
        busiest, daily, steady = analysis.peak_load(history, timezone=timezone, days=None)[
            "erlangs"
        ]
        assert busiest >= daily >= steady > 0


def test_a_fixed_hour_is_averaged_over_the_same_days() -> None:
    made = random_tables(3_000, days=20, seed=4)
    loads = analysis.peak_load(made, timezone="Europe/Berlin", hour="10:30").set_index("measure")
    assert loads.index.tolist() == ["busiest", "daily peak", "steadiest", "fixed"]
    fixed = loads.loc["fixed"]
    assert (fixed["clock"], fixed["days"]) == ("10:30", loads.loc["steadiest", "days"])
    assert fixed["lines"] == analysis.lines_needed(fixed["erlangs"])
    peak, steady = loads.loc[["daily peak", "steadiest"], "erlangs"]
    assert fixed["erlangs"] <= steady <= peak
    half_hours = analysis.traffic(made, freq="30min", timezone="Europe/Berlin")
    begin = half_hours["start"]
    these = (begin.dt.day_of_week < 5) & begin.dt.strftime("%H:%M").isin(["10:30", "11:00"])
    whole = half_hours.loc[these, "erlangs"].sum() / 2 / fixed["days"]
    assert fixed["erlangs"] == pytest.approx(whole)
    same = analysis.peak_load(made, hour=analysis.peak_load(made)["clock"].iloc[2])
    assert same["erlangs"].iloc[2] == same["erlangs"].iloc[3]
    for hour in ("23:01", "24:00", "9:00", "", 9):
        with pytest.raises(ValueError, match="is not a time from '00:00' to '23:00'"):
            analysis.peak_load(made, hour=hour)
