"""Agents, what they cost, and who called whom again: small histories worked out by hand."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.support.histories import at, random_tables, rows, tables
from voxframe import analysis
from voxframe.errors import InvalidQueryError

CALLER = {"incoming": True, "remote_number_type": "pstn", "remote_number": "+442079460958"}
BUSY = {"successful": False, "duration": 0, "end_reason_code": 486}
OFFLINE, CANCELLED = BUSY | {"end_reason_code": 480}, BUSY | {"end_reason_code": 487}


def rung(name: str, **more: Any) -> dict[str, Any]:
    return {"incoming": False, "remote_number_type": "user", "remote_number": name, **more}


def talked(seconds: int | None, **more: Any) -> dict[str, Any]:
    return {"successful": True, "duration": seconds, "end_reason_code": 200, **more}


def history(
    *sessions: list[dict[str, Any]], starts: list[str] | None = None, **columns: list[Any]
) -> dict[str, pa.Table]:
    starts = starts or [f"2026-10-05 1{n}:00" for n in range(len(sessions))]
    return tables(
        sessions=[
            {"call_session_history_id": n, "start_date": at(start),
             **{name: values[n] for name, values in columns.items()}}
            for n, start in enumerate(starts)
        ],
        calls=[
            {"call_session_history_id": n, "call_id": 100 * n + i, "start_time": at(starts[n]),
             **leg}
            for n, legs in enumerate(sessions) for i, leg in enumerate(legs)
        ],
    )  # fmt: skip


def test_what_became_of_each_ring() -> None:
    frame = analysis.agents(
        history(
            [CALLER | talked(90), rung("anna") | CANCELLED, rung("ben") | talked(60)],
            [CALLER | talked(90), rung("anna") | CANCELLED, rung("ben") | OFFLINE],
            [rung("anna", incoming=True) | talked(50), rung("ben") | talked(40)],
        )
    )
    names = ["agent", "offered", "answered", "not_answered", "taken_by_another", "offline"]
    assert rows(frame[[*names, "elsewhere", "missed"]]) == [
        ("anna", 2, 0, 2, 1, 0, 1, 1), ("ben", 2, 1, 1, 0, 1, 0, 0),
    ]  # fmt: skip
    assert rows(frame[["answer_rate", "connected_minutes", "acd"]]) == [
        (0.0, 0.0, None), (0.5, 1.0, 60.0),
    ]  # fmt: skip


def test_agents_of_all_sessions_and_over_time() -> None:
    both = history(
        [CALLER | talked(90), rung("ben") | talked(60)],
        [rung("anna", incoming=True) | talked(50), rung("ben") | talked(40)],
    )
    frame = analysis.agents(both, inbound=False)
    assert rows(frame[["agent", "offered", "connected_minutes"]]) == [
        ("ben", 2, 100 / 60), ("anna", 0, 50 / 60),
    ]  # fmt: skip
    hours = analysis.agents(both, inbound=False, freq="h", by="direction")
    assert rows(hours[["agent", "direction", "offered"]]) == [
        ("ben", "out", 1), ("ben", "out", 1), ("anna", "in", 0)
    ]  # fmt: skip
    assert analysis.agents(both, machine="user").empty


def cost(history: dict[str, pa.Table], method: str, **more: Any) -> dict[str, str]:
    frame = analysis.cost_by_agent(history, method=method, dtype_backend="pyarrow", **more)
    return {agent: f"{each:.9f}" for agent, each in zip(frame["agent"], frame["cost"], strict=True)}


def test_a_price_goes_to_the_longest_or_is_shared_to_the_last_digit() -> None:
    paid = history(
        [CALLER | talked(90, cost=Decimal("0.000000010")), rung("ben") | talked(10),
         rung("anna") | talked(20)],
        [CALLER | talked(90, cost=Decimal("0.000000007")), rung("ben") | talked(5),
         rung("anna") | talked(5)],
        [CALLER | talked(90, cost=Decimal("0.000000003")), rung("ben") | talked(0),
         rung("anna") | talked(None)],
        [CALLER | talked(9, cost=Decimal("0.000000100")), rung("ben") | BUSY],
    )  # fmt: skip
    # Ten go to anna; of two that are even the name decides, since both began at once.
    assert cost(paid, "longest") == {
        "(nobody)": "0.000000100", "anna": "0.000000020", "ben": "0.000000000",
    }  # fmt: skip
    # 10 are 3 + 6 and one to the larger remainder (6.67); 7 are 4 + 3; 3 are 2 + 1.
    assert cost(paid, "share") == {
        "(nobody)": "0.000000100", "anna": "0.000000013", "ben": "0.000000007",
    }  # fmt: skip
    with pytest.raises(ValueError, match="'legs' is not one of 'longest', 'share'"):
        analysis.cost_by_agent(paid, method="legs")


@pytest.mark.parametrize("method", ["longest", "share"])
def test_parts_add_up_to_the_whole(method: str) -> None:
    for seed in range(3):
        drawn = random_tables(3_000, seed=seed)
        whole = analysis.cost_breakdown(drawn, dtype_backend="pyarrow")["total_cost"].item()
        by_agent = analysis.cost_by_agent(drawn, method=method, dtype_backend="pyarrow")
        by_caller = analysis.cost_by_caller(drawn, dtype_backend="pyarrow")
        assert by_agent["cost"].sum() == by_caller["cost"].sum() == whole


def test_what_belongs_to_no_session_belongs_to_nobody() -> None:
    lost = history([CALLER | talked(9, cost=Decimal(1))])
    lost["records"] = tables(
        records=[{"call_session_history_id": 77, "record_id": 1, "cost": Decimal(2)}]
    )["records"]
    assert cost(lost, "share") == {"(nobody)": "3.000000000"}
    frame = analysis.cost_by_caller(lost)
    # Dearer, and yet no number of the ten dearest.
    assert rows(frame) == [("442079460958", 1, 1.0), (None, 0, 2.0)]


def test_prices_are_added_within_one_currency() -> None:
    two = history(
        [CALLER | talked(9, cost=Decimal(1)), rung("ben") | talked(5)],
        [CALLER | talked(9, cost=Decimal(2)), rung("ben") | talked(5)],
        account_id=[7, 8],
    )
    said = {7: "EUR", 8: "USD"}
    assert rows(analysis.cost_by_agent(two, currency=said)[["currency", "agent", "cost"]]) == [
        ("USD", "ben", 2.0), ("EUR", "ben", 1.0),
    ]  # fmt: skip
    assert rows(analysis.cost_by_caller(two, currency=said)) == [
        ("USD", "442079460958", 1, 2.0), ("EUR", "442079460958", 1, 1.0),
    ]  # fmt: skip
    whole = analysis.cost_breakdown(two, currency=said)
    assert rows(whole[["currency", "total_cost"]]) == [("USD", 2.0), ("EUR", 1.0)]
    assert rows(analysis.cost_breakdown(two, currency="EUR")[["currency", "total_cost"]]) == [
        ("EUR", 3.0)
    ]
    traffic = analysis.traffic(two, freq="D", currency=said)
    assert rows(traffic[["currency", "legs", "cost"]]) == [("EUR", 1, 1.0), ("USD", 1, 2.0)]
    assert "2 accounts are added up" in analysis.cost_breakdown(two).attrs["note"]
    assert "note" not in analysis.cost_breakdown(two, currency=said).attrs
    for function in (analysis.cost_breakdown, analysis.cost_by_agent, analysis.traffic):
        with pytest.raises(ValueError, match="also holds calls of account 8, without a label"):
            function(two, currency={7: "EUR"})


def test_records_and_resources_have_their_calls_or_their_sessions_country() -> None:
    pytest.importorskip("phonenumbers")
    mixed = history(
        [CALLER | talked(9), rung("ben") | talked(5),
         {"incoming": False, "remote_number_type": "pstn", "remote_number": "+33199001234"}],
    )  # fmt: skip
    more = tables(
        records=[{"call_session_history_id": 0, "record_id": 1, "cost": Decimal(1)}],
        resource_usage=[
            {"call_session_history_id": 0, "resource_usage_id": 1, "cost": Decimal(2)},
            {"call_session_history_id": 0, "resource_usage_id": 2, "ref_call_id": 2,
             "cost": Decimal(4)},
            {"call_session_history_id": 0, "resource_usage_id": 3, "ref_call_id": 1,
             "cost": Decimal(8)},
            {"call_session_history_id": 0, "resource_usage_id": 4, "ref_call_id": 99,
             "cost": Decimal(16)},
        ],
    )  # fmt: skip
    mixed |= {name: more[name] for name in ("records", "resource_usage")}
    frame = analysis.cost_breakdown(mixed, by=["country", "direction"])
    assert rows(frame[["country", "direction", "records_cost", "resources_cost"]]) == [
        ("GB", "in", 1.0, 18.0), (None, "out", 0.0, 8.0), ("FR", "out", 0.0, 4.0),
    ]  # fmt: skip


def dialled(**more: Any) -> dict[str, Any]:
    return {
        "incoming": False,
        "remote_number_type": "pstn",
        "remote_number": "442079460958",
        **more,
    }


def test_who_was_called_back() -> None:
    gone = [CALLER | talked(60), rung("ben") | BUSY]
    day = [
        "2026-10-05 10:00:00", "2026-10-05 11:01:00", "2026-10-05 15:00:00", "2026-10-05 16:01:01",
        "2026-10-05 18:00:00", "2026-10-05 18:30:00",
    ]  # fmt: skip
    frame = analysis.called_back(
        history(gone, [dialled() | talked(30)], gone, [dialled() | talked(30)], gone,
                [CALLER | {"remote_number": "sip:00442079460958@trunk.example"} | talked(5)],
                starts=day)
    )  # fmt: skip
    # The first within the hour to the second, the second a second later; the third called again.
    assert rows(frame) == [(3, 1, 1, 1, 1, 1, 1 / 3, 1 / 3)]
    late = analysis.called_back(
        history(gone, [dialled() | BUSY], starts=day[2:4]), within="2h", by="weekday"
    )
    assert rows(late[["weekday", "missed", "dialled", "reached"]]) == [("Mon", 1, 1, 0)]
    alone = history([*gone, dialled() | talked(9)], starts=day[:1])
    assert analysis.called_back(alone)[["missed", "dialled"]].iloc[0].tolist() == [0, 0]
    for wrong in ("soon", "0s", "-1h"):
        with pytest.raises(InvalidQueryError, match="within"):
            analysis.called_back(alone, within=wrong)


def test_who_called_again() -> None:
    handled = [CALLER | talked(90), rung("ben") | talked(60)]
    other = [handled[0] | {"remote_number": "+33199001234"}, handled[1]]
    starts = [
        "2026-10-01 10:00:00", "2026-10-08 10:00:00", "2026-10-15 10:00:01", "2026-10-15 11:00:00",
        "2026-10-30 10:00:00",
    ]  # fmt: skip
    frame = analysis.repeat_callers(history(handled, handled, handled, other, other, starts=starts))
    # A week to the second is a repeat; the last is too late to know whether it was enough.
    assert rows(frame) == [(5, 2, 1, 0.2, 4, 3, 0.75)]
    nameless = analysis.repeat_callers(
        history([CALLER | {"remote_number": None} | talked(9)] * 1, starts=starts[:1])
    )
    assert rows(nameless) == [(0, 0, 0, None, 0, 0, None)]


def test_hours_and_days_are_of_the_clock_that_is_asked_for() -> None:
    night = history(
        [CALLER | talked(60)], [CALLER | BUSY], starts=["2026-10-04 22:30", "2026-10-05 06:00"]
    )
    traffic = analysis.traffic(night, freq=None, by=["weekday", "hour"], timezone="Europe/Berlin")
    assert rows(traffic[["weekday", "hour", "arrived"]]) == [("Mon", 0, 1), ("Mon", 8, 1)]
    frame = analysis.inbound_outcomes(night, by="weekday")
    assert rows(frame[["weekday", "inbound"]]) == [("Mon", 1), ("Sun", 1)]
    stats = analysis.duration_stats(night, by="hour", timezone="Asia/Kathmandu")
    assert stats["hour"].tolist() == [4]
    ends = analysis.end_reasons(night, by="weekday")
    assert rows(ends[["weekday", "calls"]]) == [("Mon", 1)]
    assert analysis.finish_reasons(night, by="hour")["hour"].tolist() == [6, 22]
    assert analysis.cost_breakdown(night, by="hour")["hour"].tolist() == [6, 22]


def test_kinds_of_session() -> None:
    shapes = history(
        [CALLER | talked(9)],
        [rung("ben", incoming=True) | talked(9), dialled() | talked(5)],
        [dialled() | talked(5)],
        [rung("ben") | talked(5), rung("anna") | talked(5)],
        [rung("room-1", remote_number_type="conference") | talked(5)],
        [],
    )
    frame = analysis.finish_reasons(shapes, by="session_kind")
    assert frame["session_kind"].tolist() == sorted(
        [
            "inbound",
            "outbound by a person",
            "outbound by the script",
            "internal",
            "other",
            "no legs",
        ]
    )
    changed = analysis.finish_reasons(shapes, by="session_kind", machine="user")
    assert dict(changed.groupby("session_kind")["sessions"].sum()) == {
        "inbound": 1, "outbound by the script": 2, "other": 2, "no legs": 1,
    }  # fmt: skip


def test_by_caller_called_and_agent() -> None:
    calls = history(
        [CALLER | talked(9, local_number="4930111"), rung("ben") | talked(5)],
        [CALLER | talked(9, local_number="4930222"), rung("anna") | BUSY],
    )
    frame = analysis.service_level(calls, by=["caller", "called", "agent"])
    assert rows(frame[["caller", "called", "agent", "offered", "answered"]]) == [
        ("442079460958", "4930111", "ben", 1, 1), ("442079460958", "4930222", None, 1, 0),
    ]  # fmt: skip
    whole = analysis.traffic(calls, freq=None, by=["agent", "session_kind"])
    assert rows(whole[["agent", "session_kind", "legs"]]) == [
        ("ben", "inbound", 1), (None, "inbound", 1),
    ]  # fmt: skip
