"""Ledgers, periods, parts of periods, custom data: by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.support.histories import at, random_tables, rows, tables
from voxframe import CallHistory, analysis
from voxframe._receipt import Receipt

CALLER = {"incoming": True, "remote_number_type": "pstn", "remote_number": "+442079460958"}


def paid(number: int | None, cost: str | None) -> dict[str, Any]:
    return {"call_session_history_id": 1, "transaction_id": number,
            "cost": None if cost is None else Decimal(cost)}  # fmt: skip


def booked(*lines: tuple[Any, Any]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["transaction_id", "cost"])


def test_a_ledger_is_matched_by_transaction() -> None:
    history = tables(
        calls=[paid(1, "0.1"), paid(2, "0.2"), paid(4, "0.000000001"), paid(None, "0.7")],
        records=[paid(1, "0.2"), paid(5, None)],
        resource_usage=[paid(6, "0.5"), paid(None, "0.1")],
    )
    ledger = booked((1, 0.3), (2, "0.25"), (3, Decimal("1.5")), (5, 0))
    found = analysis.reconcile(history, ledger, dtype_backend="pyarrow")
    assert [tuple(map(str, line)) for line in rows(found)] == [
        ("3", "only in ledger", "0E-9", "1.500000000", "-1.500000000", "0"),
        ("None", "no transaction", "0.800000000", "0E-9", "0.800000000", "2"),
        ("6", "only in history", "0.500000000", "0E-9", "0.500000000", "1"),
        ("2", "different", "0.200000000", "0.250000000", "-0.050000000", "1"),
        ("4", "only in history", "1E-9", "0E-9", "1E-9", "1"),
        ("1", "matched", "0.300000000", "0.300000000", "0E-9", "2"),
        ("5", "matched", "0E-9", "0E-9", "0E-9", "1"),
    ]
    renamed = ledger.rename(columns={"transaction_id": "id", "cost": "amount"})
    other = analysis.reconcile(history, renamed, transaction_id="id", cost="amount")
    assert other["status"].tolist() == found["status"].tolist()


@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        (pd.DataFrame({"transaction_id": [1]}), "no column 'cost'"),
        (booked((None, 1)), "row 0"),
        (booked((1, 1), (2, "much")), "row 1"),
        (booked((1, float("nan"))), "row 0"),
    ],
)
def test_a_ledger_that_cannot_be_read_is_refused(ledger: pd.DataFrame, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        analysis.reconcile(tables(), ledger)


def test_everything_is_in_the_comparison() -> None:
    history = random_tables(500)
    whole = analysis.cost_breakdown(history, dtype_backend="pyarrow")["total_cost"].item()
    found = analysis.reconcile(history, booked(), dtype_backend="pyarrow")
    assert found["cost"].sum() == whole
    assert found["rows"].sum() == sum(
        len(history[n]) for n in ("calls", "records", "resource_usage")
    )


def read(first: datetime, last: datetime, **rows_: Any) -> CallHistory:
    return CallHistory(tables(**rows_), Receipt(from_date=first, to_date=last))


def test_stretches_that_were_not_wholly_read_are_marked() -> None:
    days = ["2026-10-05 13:00", "2026-10-06 10:00", "2026-10-07 09:00"]
    history = read(
        datetime(2026, 10, 5, 12, tzinfo=UTC), datetime(2026, 10, 7, 12, tzinfo=UTC),
        sessions=[
            {"call_session_history_id": n, "start_date": at(day)} for n, day in enumerate(days)
        ],
        calls=[{"call_session_history_id": n, "call_id": n, "start_time": at(day), **CALLER,
                "successful": True, "duration": 60} for n, day in enumerate(days)]
        + [{"call_session_history_id": 0, "call_id": 9, "start_time": at(days[0]),
            "incoming": False, "remote_number_type": "user", "remote_number": "ben"}],
    )  # fmt: skip
    functions = (
        analysis.traffic, analysis.cost_breakdown, analysis.inbound_outcomes, analysis.minutes,
        analysis.service_level, analysis.called_back, analysis.repeat_callers,
        analysis.concurrency,
    )  # fmt: skip
    for function in functions:
        assert function(history, freq="D")["partial"].tolist() == [True, False, True]
        unknown = function(history.tables, freq="D")["partial"]
        assert (len(unknown), unknown.isna().all()) == (3, True)
    assert analysis.agents(history, freq="D")["partial"].tolist() == [True]
    assert "partial" not in analysis.traffic(history, freq=None)
    berlin = analysis.traffic(history, freq="6h", timezone="Europe/Berlin")
    assert berlin["partial"].iloc[0]
    assert not berlin["partial"].iloc[1]


def test_a_period_against_the_one_before() -> None:
    def month(number: int, missed: int) -> CallHistory:
        begun = datetime(2026, number, 1, tzinfo=UTC)
        inbound = [
            {"call_session_history_id": n, "call_id": n, "start_time": begun, **CALLER,
             "successful": True, "duration": 60, "cost": Decimal("0.5")} for n in range(4)
        ]  # fmt: skip
        rung = [
            {"call_session_history_id": n, "call_id": 9 + n, "start_time": begun,
             "incoming": False, "remote_number_type": "user", "remote_number": "ben",
             "successful": False} for n in range(missed)
        ]  # fmt: skip
        sessions = [{"call_session_history_id": n, "start_date": begun} for n in range(4)]
        return read(begun, datetime(2026, number + 1, 1, tzinfo=UTC), sessions=sessions,
                    calls=inbound + rung)  # fmt: skip

    frame = analysis.compare(month(10, 3), month(9, 2)).set_index("figure")
    assert rows(frame.loc[["missed"]]) == [(3.0, 2.0, 1.0, 0.5, 31.0, 30.0)]
    assert rows(frame.loc[["total_cost"]]) == [(2.0, 2.0, 0.0, 0.0, 31.0, 30.0)]
    assert rows(frame.loc[["asr"]]) == [(None, None, None, None, 31.0, 30.0)]
    assert rows(frame.loc[["attempts"]])[0][:4] == (0.0, 0.0, 0.0, None)
    assert pd.isna(analysis.compare(tables(), tables())["days_now"]).all()


def told(*texts: str | None) -> dict[str, pa.Table]:
    return tables(
        sessions=[
            {"call_session_history_id": n, "start_date": at("2026-10-05 10:00"), "custom_data": t}
            for n, t in enumerate(texts)
        ]
    )


def test_custom_data_becomes_columns() -> None:
    frame = analysis.custom_data(
        told('{"crm": 4711, "name": "Jos\u00e9", "vip": true, "form": "x"}', "plain", None, "",
             '{"crm": "0042", "tags": ["a"]}', "[1]", '{"name": "\\ud83d"}')
    )  # fmt: skip
    assert rows(frame[["form", "crm", "name", "vip", "data.form", "tags"]]) == [
        ("json", "4711", "Jos\u00e9", "true", "x", None),
        ("text", None, None, None, None, None),
        (None, None, None, None, None, None),
        (None, None, None, None, None, None),
        ("json", "0042", None, None, None, '["a"]'),
        ("text", None, None, None, None, None),
        ("json", None, "?", None, None, None),
    ]
    assert frame["call_session_history_id"].tolist() == list(range(7))


def test_cut_json_is_counted_and_what_is_whole_is_kept() -> None:
    whole = '{"crm": 4711, "name": "M\u00fcller", "note": "caf\u00e9", "n": 12}'
    for end in range(1, len(whole)):
        frame = analysis.custom_data(told(whole[:end]))
        assert frame["form"].tolist() == ["cut"]
        kept = {name: frame[name].item() for name in frame.columns[3:]}
        full = {"crm": "4711", "name": "M\u00fcller", "note": "caf\u00e9", "n": "12"}
        assert kept.items() <= full.items()
    kept = analysis.custom_data(told(whole[: whole.index(', "n"')]))
    assert kept.columns[3:].tolist() == ["crm", "name", "note"]
    frame = analysis.custom_data(told('{"crm": 4711, "name": "M\ufffd'))
    assert rows(frame[["form", "crm"]]) == [("cut", "4711")]
    assert analysis.custom_data(told("{" * 100_000))["form"].tolist() == ["cut"]


def test_a_pattern_takes_what_is_not_json() -> None:
    frame = analysis.custom_data(
        told("17|+4930", '{"customer": 5}', "17"), r"(?P<customer>\d+)\|(?P<phone>.*)"
    )
    assert rows(frame[["form", "customer", "phone"]]) == [
        ("pattern", "17", "+4930"), ("json", "5", None), ("text", None, None),
    ]  # fmt: skip
    for wrong in ("(", "no group"):
        with pytest.raises(ValueError, match="pattern: "):
            analysis.custom_data(told(), wrong)
    with pytest.raises(ValueError, match="table: 'records'"):
        analysis.custom_data(told(), table="records")
    calls = tables(calls=[{"call_session_history_id": 1, "call_id": 2, "custom_data": '{"a": 1}'}])
    assert rows(analysis.custom_data(calls, table="calls")) == [(1, 2, '{"a": 1}', "json", "1")]


def test_periods_are_compared_by_group_and_currency() -> None:
    def period(*sessions: tuple[int, str, int, str]) -> dict[str, pa.Table]:
        return tables(
            sessions=[
                {"call_session_history_id": n, "start_date": at("2026-10-05"),
                 "application_name": name, "account_id": account}
                for n, (account, name, _, _) in enumerate(sessions)
            ],
            calls=[
                {"call_session_history_id": n, "call_id": n, "start_time": at("2026-10-05"),
                 "incoming": False, "remote_number_type": "pstn", "successful": True,
                 "duration": seconds, "cost": Decimal(cost)}
                for n, (_, _, seconds, cost) in enumerate(sessions)
            ],
        )  # fmt: skip

    now = period((1, "new", 60, "1"), (1, "both", 60, "2"), (2, "both", 120, "3"))
    before = period((1, "both", 30, "4"), (2, "old", 60, "5"))
    frame = analysis.compare(now, before, by="application_name")
    found = frame.set_index(["application_name", "figure"])[["now", "before"]]
    assert list(dict.fromkeys(frame["application_name"])) == ["both", "new", "old"]
    assert tuple(found.loc[("both", "sessions")]) == (2, 1)
    assert tuple(found.loc[("both", "total_cost")]) == (5, 4)
    assert tuple(found.loc[("new", "attempts")]) == (1, 0)
    assert tuple(found.loc[("old", "total_cost")]) == (0, 5)
    assert tuple(found.loc[("new", "asr")].fillna(-1)) == (1, -1)
    assert "2 accounts" in frame.attrs["note"]
    paid = analysis.compare(now, before, currency={1: "EUR", 2: "USD"})
    costs = paid[paid["figure"] == "total_cost"].set_index("currency")[["now", "before", "change"]]
    assert [tuple(costs.loc[name]) for name in ("EUR", "USD")] == [(3, 4, -1), (3, 5, -2)]
    assert paid[paid["figure"] == "attempts"]["now"].tolist() == [3]
    assert paid[paid["figure"] == "cost_per_minute"]["now"].tolist() == [1.5, 1.5]
    assert "note" not in paid.attrs
    days = analysis.compare(now, before, by=["weekday", "account_id"])
    assert days["weekday"].unique().tolist() == ["Mon"]
    assert "note" not in days.attrs
