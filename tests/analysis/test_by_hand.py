"""Small histories, every figure worked out on paper."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import voxframe
from tests.support.histories import at, rows, tables
from voxframe import analysis
from voxframe._spec.tables import SCHEMAS


def call(session: int, start: str, **more: Any) -> dict[str, Any]:
    return {"call_session_history_id": session, "start_time": at(start), **more}


def session(number: int, start: str, **more: Any) -> dict[str, Any]:
    return {"call_session_history_id": number, "start_date": at(start), **more}


def answered(seconds: int | None, **more: Any) -> dict[str, Any]:
    return {"successful": True, "duration": seconds, "end_reason_code": 200, **more}


CALLER = {"incoming": True, "remote_number_type": "pstn", "remote_number": "+442079460958"}
AGENT = {"incoming": False, "remote_number_type": "user", "remote_number": "anna"}
GIVEN_UP = {"successful": False, "end_reason_code": 487}
BUSY = {"successful": False, "duration": 0, "end_reason_code": 486}


@pytest.fixture
def day() -> dict[str, pa.Table]:
    """A talk, a missed call, one that only an announcement answered, one that nothing did."""
    return tables(
        sessions=[
            session(1, "2026-10-05 09:59:00", application_name="support", rule_name="main"),
            session(2, "2026-10-05 10:10:00", application_name="support", rule_name="main"),
            session(3, "2026-10-05 10:20:00", application_name="support", rule_name="night"),
            session(4, "2026-10-05 12:00:00", application_name="sales"),
            session(5, "2026-10-05 12:30:00", application_name="sales"),
        ],
        calls=[
            call(1, "2026-10-05 09:59:00", call_id=11, **CALLER, **answered(180),
                 cost=Decimal("0.10")),
            call(1, "2026-10-05 10:00:00", call_id=12, **AGENT, **answered(120),
                 cost=Decimal("0.02")),
            call(2, "2026-10-05 10:10:00", call_id=21, **CALLER, **answered(30),
                 cost=Decimal("0.01")),
            call(2, "2026-10-05 10:10:05", call_id=22, **AGENT, **BUSY),
            call(3, "2026-10-05 10:20:00", call_id=31, **CALLER, **answered(60),
                 cost=Decimal("0.005")),
            call(4, "2026-10-05 12:00:00", call_id=41, **CALLER, **GIVEN_UP),
        ],
        records=[{"call_session_history_id": 1, "record_id": 1, "cost": Decimal("0.000000001")}],
        resource_usage=[
            {"call_session_history_id": 1, "resource_usage_id": 1, "resource_type": "CALLSESSION",
             "cost": Decimal("0.004")},
            {"call_session_history_id": 3, "resource_usage_id": 2, "resource_type": "ASR",
             "ref_call_id": 31, "cost": Decimal("0.03")},
            {"call_session_history_id": 5, "resource_usage_id": 3, "resource_type": "CALLSESSION",
             "cost": None},
        ],
    )  # fmt: skip


def test_session_totals(day: dict[str, pa.Table]) -> None:
    frame = analysis.session_totals(day, timezone="Europe/Berlin", dtype_backend="pyarrow")
    names = ["calls_in", "calls_out", "answered_in", "answered_out", "answered_legs"]
    assert rows(frame[[*names, "leg_seconds", "talk_seconds"]]) == [
        (1, 1, 1, 1, 2, 300, 120),
        (1, 1, 1, 0, 1, 30, 0),
        (1, 0, 1, 0, 1, 60, 0),
        (1, 0, 0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0, 0, 0),
    ]
    assert [f"{cost:.9f}" for cost in frame["total_cost"]] == [
        "0.124000001", "0.010000000", "0.035000000", "0.000000000", "0.000000000",
    ]  # fmt: skip
    # A person answered at twelve; that the scenario did a minute before is no answer.
    assert str(frame["first_answer"].iloc[0]) == "2026-10-05 12:00:00+02:00"
    assert frame["first_answer"].isna().tolist() == [False, True, True, True, True]


def test_cost_breakdown(day: dict[str, pa.Table]) -> None:
    (whole,) = rows(analysis.cost_breakdown(day, dtype_backend="pyarrow"))
    assert [f"{part:.9f}" for part in whole] == [
        "0.135000000", "0.000000001", "0.034000000", "0.169000001",
    ]  # fmt: skip
    by = analysis.cost_breakdown(day, by=["resource_type", "direction"])
    assert rows(by) == [
        (None, "in", 0.115, 1e-9, 0.0, 0.115000001),
        ("ASR", "in", 0.0, 0.0, 0.03, 0.03),
        (None, "out", 0.02, 0.0, 0.0, 0.02),
        ("CALLSESSION", "in", 0.0, 0.0, 0.004, 0.004),
        ("CALLSESSION", None, 0.0, 0.0, 0.0, 0.0),
    ]
    hours = analysis.cost_breakdown(day, freq="h")
    assert [start.hour for start in hours["start"]] == [9, 10, 11, 12]
    assert hours["total_cost"].tolist() == [0.124000001, 0.045, 0.0, 0.0]


def test_traffic_of_all_legs(day: dict[str, pa.Table]) -> None:
    frame = analysis.traffic(day, freq="h", side=None)
    assert frame["legs"].tolist() == [1, 4, 0, 1]
    assert rows(frame[["attempts", "answered", "arrived", "accepted"]]) == [
        (0, 0, 1, 1), (2, 1, 2, 2), (0, 0, 0, 0), (0, 0, 1, 0),
    ]  # fmt: skip
    assert rows(frame[["asr", "ner", "acd", "acd_in"]]) == [
        (None, None, None, 180.0), (0.5, 1.0, 120.0, 45.0), (None, None, None, None),
        (None, None, None, None),
    ]  # fmt: skip
    # The first call has one of its three minutes before ten and two after.
    assert frame["erlangs"].tolist() == [60 / 3600, (120 + 120 + 30 + 60) / 3600, 0, 0]
    assert frame["connected_minutes"].tolist() == [3.0, 3.5, 0.0, 0.0]
    assert rows(frame[["cost", "cost_per_minute"]]) == [
        (0.1, 0.1 / 3), (0.035, 0.01), (0.0, None), (0.0, None),
    ]  # fmt: skip
    by = analysis.traffic(day, freq=None, by="direction", side=None)
    names = ["direction", "attempts", "answered", "arrived", "accepted"]
    assert rows(by[names]) == [("in", 0, 0, 4, 3), ("out", 2, 1, 0, 0)]


def test_traffic_is_of_the_network_unless_asked_otherwise(day: dict[str, pa.Table]) -> None:
    (line,) = rows(analysis.traffic(day, freq=None)[["legs", "attempts", "arrived", "accepted"]])
    assert line == (4, 0, 4, 3)
    (line,) = rows(analysis.traffic(day, freq=None, side="own")[["attempts", "answered", "asr"]])
    assert line == (2, 1, 0.5)
    (line,) = rows(analysis.traffic(day, freq=None, network="user")[["attempts", "arrived"]])
    assert line == (2, 4)
    assert analysis.traffic(day, freq=None, own=["+442079460958"]).iloc[0]["legs"] == 0
    with pytest.raises(ValueError, match="side: 'inside' is not one of network, own"):
        analysis.traffic(day, side="inside")


def test_a_minute_costs_what_is_paid_for_the_same_minutes() -> None:
    outside = {"incoming": False, "remote_number_type": "pstn", "remote_number": "442079460958"}
    history = tables(
        sessions=[session(1, "2026-10-05 10:00:00")],
        calls=[
            call(1, "2026-10-05 10:00:00", **outside, **answered(60), cost=Decimal("0.02")),
            call(1, "2026-10-05 10:01:00", **outside, **answered(600), cost=None),
            call(1, "2026-10-05 10:02:00", **outside, **answered(None), cost=Decimal("0.5")),
            call(1, "2026-10-05 10:03:00", **outside, **BUSY, cost=Decimal("0.001")),
            call(1, "2026-10-05 10:04:00", **outside, **BUSY),
        ],
    )
    (line,) = rows(
        analysis.traffic(history, freq=None)[
            ["cost", "cost_per_minute", "unpriced", "failed_cost", "connected_minutes"]
        ]
    )
    assert line == (0.521, 0.02, 1, 0.001, 11.0)


def test_an_odd_start_costs_no_memory_and_moves_no_call() -> None:
    outside = {"incoming": False, "remote_number_type": "pstn", "remote_number": "442079460958"}
    history = tables(
        sessions=[session(1, "2026-10-05 10:00:00")],
        calls=[
            call(1, "0001-01-01 00:00:00", **outside, **answered(60)),
            call(1, "2026-10-05 10:00:30", **outside, **answered(60)),
        ],
    )
    assert analysis.concurrency(history)["peak"].tolist() == [2]
    assert analysis.traffic(history)["legs"].tolist() == [2]
    assert len(analysis.busy_hour(history)) == 1


def test_concurrency(day: dict[str, pa.Table]) -> None:
    lines = analysis.concurrency(day, freq=None)
    assert lines["calls"].tolist() == [1, 0, 1, 0, 1, 0]
    steps = analysis.concurrency(day, freq=None, side=None)
    clock = [f"{start:%H:%M:%S}" for start in steps["start"]]
    assert list(zip(clock, steps["calls"], strict=True)) == [
        ("09:59:00", 1), ("10:00:00", 2), ("10:02:00", 0), ("10:10:00", 1), ("10:10:30", 0),
        ("10:20:00", 1), ("10:21:00", 0),
    ]  # fmt: skip
    hours = analysis.concurrency(day, freq="h", side=None)
    assert hours["peak"].tolist() == [1, 2]
    assert [f"{peak:%H:%M}" for peak in hours["peak_at"]] == ["09:59", "10:00"]
    (busy,) = rows(analysis.busy_hour(day, side=None))
    assert (busy[1], busy[2], busy[3]) == (int(at("2026-10-05 09:21").timestamp()), 390 / 3600, 2)


def test_a_call_that_begins_when_another_ends_is_not_beside_it() -> None:
    one = tables(calls=[
        call(1, "2026-10-05 10:00:00", **answered(60)),
        call(1, "2026-10-05 10:01:00", **answered(60)),
    ])  # fmt: skip
    assert analysis.concurrency(one, side=None)["peak"].tolist() == [1]
    assert analysis.concurrency(one, freq=None, side=None)["calls"].tolist() == [1, 0]


def test_durations(day: dict[str, pa.Table]) -> None:
    (line,) = rows(analysis.duration_stats(day, side=None))
    assert line == pytest.approx((4, 390, 97.5, 30.0, 90.0, 162.0, 171.0, 178.2, 180.0))
    bars = analysis.duration_histogram(day, edges=[0, 60, 120], side=None)
    assert rows(bars) == [(0, 60, 1, 0.25), (60, 120, 1, 0.25), (120, None, 2, 0.5)]
    with pytest.raises(ValueError, match="ascending"):
        analysis.duration_histogram(day, edges=[5, 5])


def test_durations_and_reasons_are_of_the_telephone_network_unless_asked(
    day: dict[str, pa.Table],
) -> None:
    (line,) = rows(analysis.duration_stats(day)[["calls", "total", "mean"]])
    both = analysis.traffic(day, freq=None).iloc[0]
    assert line == (3, 270, 90.0) == (both["accepted"], 270, both["acd_in"])
    assert analysis.duration_histogram(day)["calls"].sum() == 3
    assert analysis.end_reasons(day)["end_reason_code"].tolist() == [487]
    sides = analysis.duration_stats(day, by="side")
    assert rows(sides[["side", "calls"]]) == [("network", 3), ("own", 1)]
    assert analysis.end_reasons(day, by="side")["side"].tolist() == ["network", "own"]


def test_rows_are_in_order_of_time_then_the_largest_first() -> None:
    """Two numbers on two days of the week, the one that stands later by name more often."""
    number = {"incoming": False, "remote_number_type": "pstn", "successful": False}
    one = tables(calls=[
        call(1, f"2026-10-0{day} 10:00:00", remote_number=name, end_reason_code=code, **number)
        for day, name, code, times in (
            (5, "+4411111111", 486, 1), (5, "+4422222222", 487, 3), (4, "+4411111111", 486, 2),
            (5, "+4422222222", 404, 2),
        )
        for _ in range(times)
    ])  # fmt: skip
    ends = analysis.end_reasons(one, by="remote_number")
    assert rows(ends[["remote_number", "end_reason_code", "calls"]]) == [
        ("4411111111", 486, 3), ("4422222222", 487, 3), ("4422222222", 404, 2),
    ]  # fmt: skip
    days = analysis.traffic(one, freq=None, by=["remote_number", "weekday"])
    assert rows(days[["weekday", "remote_number", "legs"]]) == [
        ("Mon", "4422222222", 5), ("Mon", "4411111111", 1), ("Sun", "4411111111", 2),
    ]  # fmt: skip
    ends = analysis.end_reasons(one, by="weekday")
    assert rows(ends[["weekday", "end_reason_code", "calls"]]) == [
        ("Mon", 487, 3), ("Mon", 404, 2), ("Mon", 486, 1), ("Sun", 486, 2),
    ]  # fmt: skip


def test_reasons(day: dict[str, pa.Table]) -> None:
    assert rows(analysis.end_reasons(day, side=None)) == [
        (486, "Busy", "busy", True, 1, 0.5),
        (487, "Cancelled before an answer", "cancelled", True, 1, 0.5),
    ]
    assert rows(analysis.end_reasons(day, answered=True, side=None)) == [
        (200, "Ended normally", "completed", True, 4, 1.0)
    ]
    finish = tables(sessions=[
        session(1, "2026-10-05 10:00", finish_reason="Normal termination"),
        session(2, "2026-10-05 10:00", finish_reason="Normal termination"),
        session(3, "2026-10-05 10:00", finish_reason="Something new"),
        session(4, "2026-10-05 10:00"),
    ])  # fmt: skip
    assert rows(analysis.finish_reasons(finish)) == [
        ("Normal termination", "The scenario ended by itself", False, 2, 0.5),
        ("Something new", None, True, 1, 0.25),
        (None, None, None, 1, 0.25),
    ]


def test_no_price_is_forgotten_when_its_session_is_not_there() -> None:
    alone = tables(
        sessions=[session(1, "2026-10-05 10:00", application_name="a")],
        calls=[call(9, "2026-10-06 10:00", cost=Decimal(1))],
        records=[{"call_session_history_id": 9, "record_id": 1, "cost": Decimal(2)}],
    )
    by = analysis.cost_breakdown(alone, by="application_name")
    assert rows(by) == [(None, 1.0, 2.0, 0.0, 3.0)]
    days = analysis.cost_breakdown(alone, freq="D")
    assert days["total_cost"].tolist() == [0.0, 1.0, 2.0]
    assert days["start"].isna().tolist() == [False, False, True]


def test_sums_outgrow_a_price_and_a_float_is_the_nearest() -> None:
    huge = Decimal("999999999.999999999")
    rich = tables(calls=[call(1, "2026-10-05 10:00", cost=huge)] * 12)
    exact = analysis.cost_breakdown(rich, dtype_backend="pyarrow")["total_cost"].item()
    assert exact == 12 * huge
    assert analysis.cost_breakdown(rich)["total_cost"].item() == float(12 * huge)
    refund = tables(calls=[call(1, "2026-10-05 10:00", cost=Decimal("-0.000000001"))] * 3)
    back = analysis.cost_breakdown(refund, dtype_backend="pyarrow")["total_cost"].item()
    assert back == Decimal("-0.000000003")


def test_what_cannot_be_grouped_or_cut_is_named(day: dict[str, pa.Table]) -> None:
    with pytest.raises(ValueError, match="'colour'"):
        analysis.cost_breakdown(day, by="colour")
    with pytest.raises(ValueError, match="'remote_number'"):
        analysis.finish_reasons(day, by="remote_number")
    with pytest.raises(ValueError, match="divide a day"):
        analysis.traffic(day, freq="7h")
    with pytest.raises(ValueError, match="is not a frequency"):
        analysis.traffic(day, freq="fortnight")
    with pytest.raises(ValueError, match="Europe/Atlantis"):
        analysis.cost_breakdown(day, timezone="Europe/Atlantis", freq="D")
    with pytest.raises(ValueError, match="dtype_backend"):
        analysis.cost_breakdown(day, dtype_backend="numpy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="resource_usage"):
        analysis.cost_breakdown({k: v for k, v in day.items() if k != "resource_usage"})


def test_a_name_can_say_which_table_it_means(day: dict[str, pa.Table]) -> None:
    day["sessions"] = day["sessions"].set_column(
        day["sessions"].schema.get_field_index("custom_data"), "custom_data", [["x"] * 5]
    )
    assert analysis.traffic(day, freq=None, by="custom_data")["custom_data"].tolist() == ["x"]
    frame = analysis.traffic(day, freq=None, by="calls.custom_data")
    assert pd.isna(frame["calls.custom_data"]).all()


def test_a_history_is_as_good_as_its_tables(day: dict[str, pa.Table]) -> None:
    class History:
        tables = day

    expected = analysis.cost_breakdown(day)
    pd.testing.assert_frame_equal(analysis.cost_breakdown(History()), expected)
    assert voxframe.__version__


@pytest.mark.parametrize(
    ("function", "typed", "meant"),
    [
        (analysis.cost_breakdown, "aplication_name", "application_name"),
        (analysis.traffic, "Remote_Number", "remote_number"),
        (analysis.inbound_outcomes, "week_day", "weekday"),
        (analysis.agents, "directon", "direction"),
    ],
)
def test_a_misspelt_column_is_told_what_was_meant(
    day: dict[str, pa.Table], function: Any, typed: str, meant: str
) -> None:
    with pytest.raises(ValueError, match=f"no '{typed}' to group by: did you mean '{meant}'"):
        function(day, by=typed)
    with pytest.raises(ValueError, match=r"no 'xyz' to group by; there are .*'application_name'"):
        function(day, by="xyz")


def dialled(number: str | None, code: int | None, hour: int, **more: Any) -> dict[str, Any]:
    return call(1, f"2026-10-05 {hour:02}:00:00", incoming=False, remote_number_type="pstn",
                remote_number=number, end_reason_code=code, successful=False) | more  # fmt: skip


SPELT = [
    dialled("+442079460958", 486, 9), dialled("442079460958", 486, 12),
    dialled("00442079460958", 404, 10), dialled("+4930123456", 487, 9),
    dialled("4930123456", 486, 10), dialled("4930123456", None, 10),
    dialled("+33199001234", 200, 8, successful=True), dialled("+33199001234", 480, 7),
    dialled("+12125550123", 200, 8, successful=True), dialled(None, 486, 9),
    dialled("anna", 480, 9, remote_number_type="user"),
]  # fmt: skip


def test_one_row_a_number_that_does_not_answer() -> None:
    frame = analysis.unanswered_numbers(tables(calls=SPELT), timezone="Europe/Berlin")
    names = ["number", "dialled", "answered", "answer_rate", "end_reason_code", "outcome"]
    assert rows(frame[names]) == [
        ("442079460958", 3, 0, 0.0, 486, "busy"), ("4930123456", 3, 0, 0.0, 486, "busy"),
        ("33199001234", 2, 1, 0.5, 480, "no answer"),
    ]  # fmt: skip
    assert [str(each) for each in frame["last"]] == [
        "2026-10-05 14:00:00+02:00", "2026-10-05 12:00:00+02:00", "2026-10-05 10:00:00+02:00",
    ]  # fmt: skip
    assert frame["meaning"].tolist()[0] == "Busy"
    assert analysis.unanswered_numbers(tables()).empty
    assert analysis.unanswered_numbers(tables(calls=SPELT), own="pstn").empty


def test_a_number_is_one_however_it_is_spelt_and_nothing_else_is_put_together() -> None:
    apart = [
        "0442079460958", "442079460958 ", "+44 20 79460958", "0012345", "12345", "+12345",
        "000442079460958", "sip:+442079460958@trunk.example.net", "sip:442079460958@pbx.example",
        "anna", "00anna", "+0442079460958",
    ]  # fmt: skip
    one = tables(calls=[*SPELT, *(dialled(number, 486, 9) for number in apart),
                        dialled("+442079460958", 486, 9, remote_number_type="user")])  # fmt: skip
    frame = analysis.traffic(one, freq=None, by="remote_number", side=None)
    found = dict(zip(frame["remote_number"], frame["legs"], strict=True))
    assert found["442079460958"] == 3
    assert found["4930123456"] == 3
    assert found["+442079460958"] == 1  # a user of that name
    assert {name: found[name] for name in apart if name != "anna"} == dict.fromkeys(
        [name for name in apart if name != "anna"], 1
    )
    reasons = analysis.end_reasons(one, by="remote_number")
    told = reasons[reasons["remote_number"] == "442079460958"]
    assert rows(told[["end_reason_code", "calls"]]) == [(486, 2), (404, 1)]
    raw = analysis.traffic(one, freq=None, by="calls.remote_number")
    assert {"+442079460958", "00442079460958"} <= set(raw["calls.remote_number"])


def test_a_reason_in_words_is_a_share_of_all_calls_like_its_code(day: dict[str, pa.Table]) -> None:
    by_code = analysis.end_reasons(day, side=None)
    assert 0 < by_code["share"].max() < 1
    for by in ("end_reason_details", "calls.end_reason_details", ["end_reason_details"]):
        frame = analysis.end_reasons(day, by=by, side=None)
        assert frame["share"].sum() == pytest.approx(1)
        assert frame["share"].tolist() == (frame["calls"] / frame["calls"].sum()).tolist()
    grouped = analysis.end_reasons(day, by=["application_name", "end_reason_details"], side=None)
    sums = grouped.groupby("application_name", dropna=False)["share"].sum()
    assert sums.tolist() == pytest.approx([1] * len(sums))


def test_names_are_text_in_every_frame(day: dict[str, pa.Table]) -> None:
    frames = [
        analysis.minutes(day, by="application_name"), analysis.session_totals(day),
        analysis.missed(day), analysis.cost_breakdown(day, by="application_name"),
    ]  # fmt: skip
    assert len({str(frame["application_name"].dtype) for frame in frames}) == 1
    exact = [
        analysis.session_totals(day, dtype_backend="pyarrow"),
        analysis.cost_breakdown(day, by="application_name", dtype_backend="pyarrow"),
    ]
    assert {str(frame["application_name"].dtype) for frame in exact} == {"string[pyarrow]"}


def test_a_part_of_the_sessions_is_counted_like_a_whole(day: dict[str, pa.Table]) -> None:
    receipt = voxframe.Receipt(from_date=at("2026-10-05"), to_date=at("2026-10-06"))
    history = voxframe.CallHistory(day, receipt)
    sales = history.select(application_name="sales")
    assert [len(sales.tables[name]) for name in SCHEMAS] == [2, 1, 0, 1]
    for by in ("application_name", "rule_name"):
        whole = analysis.cost_breakdown(history, by=by, dtype_backend="pyarrow").set_index(by)
        for label, cost in whole["total_cost"].items():
            part = history.select(**{str(by): None if pd.isna(label) else label})
            found = analysis.cost_breakdown(part, dtype_backend="pyarrow")["total_cost"].item()
            assert found == cost
    both = history.select(hour=[10, 12], application_name=["support", "sales"])
    assert both.sessions["call_session_history_id"].tolist() == [2, 3, 4, 5]
    assert analysis.inbound_outcomes(both)["missed"].tolist() == [1]
    assert len(history.select(hour=9, timezone="Europe/Berlin")) == 0
    assert len(history.select(hour=11, timezone="Europe/Berlin")) == 1
    with pytest.raises(ValueError, match="did you mean 'rule_name'"):
        history.select(rul_name="main")


def test_a_receipt_says_what_was_selected_and_no_number(day: dict[str, pa.Table]) -> None:
    receipt = voxframe.Receipt(from_date=at("2026-10-05"), to_date=at("2026-10-06"))
    history = voxframe.CallHistory(day, receipt)
    part = history.select(rule_name=["main", None], caller="442079460958")
    assert dict(part.receipt.filters) == {"rule_name": "main;none", "caller": "1 value"}
    assert len(part) == 3
    assert part.receipt.to_date == receipt.to_date
    assert dict(history.receipt.filters) == {}
