"""A part of a history: numbers in any spelling, and what selects nothing is said."""

import warnings
from typing import Any

import pytest

from tests.support.histories import at, rows, tables
from voxframe import CallHistory, Receipt, analysis

SPELLINGS = [
    "+442079460958", "442079460958", "00442079460958", "+44 (20) 7946-0958", "0044 20 7946 0958",
    "sip:+442079460958@trunk.example.net",
]  # fmt: skip


@pytest.fixture
def history() -> CallHistory:
    sessions = [
        {"call_session_history_id": n, "start_date": at(f"2026-10-05 1{n}:00"),
         "application_id": 7, "application_name": name, "rule_name": f"rule of {SPELLINGS[0]}"}
        for n, name in enumerate(("support-line", "sales", "sales"))
    ]  # fmt: skip
    calls = [
        {"call_session_history_id": n, "call_id": n, "start_time": at(f"2026-10-05 1{n}:00"),
         "incoming": True, "remote_number": number, "remote_number_type": "other",
         "local_number": local, "successful": True, "duration": 60}
        for n, (number, local) in enumerate(
            [(SPELLINGS[0], "+4930111222"), ("sip:00bob@example.net", "+4930111222"),
             (SPELLINGS[1], "004930111222")]
        )
    ]  # fmt: skip
    mobile = {"incoming": False, "remote_number_type": "mobile", "remote_number": "+447700900123"}
    calls.append({**calls[0], **mobile, "call_id": 10})
    calls.append({**calls[2], **mobile, "call_id": 11, "remote_number": "447700900123"})
    receipt = Receipt(from_date=at("2026-10-05"), to_date=at("2026-10-06"))
    return CallHistory(tables(sessions=sessions, calls=calls), receipt)


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_number_is_understood_in_any_spelling(history: CallHistory, spelt: str) -> None:
    assert len(history.select(caller=spelt, network="@example.net")) == 2
    assert len(history.select(caller=[spelt, "00bob"], network="@example.net")) == 3


def test_a_number_has_one_spelling_and_a_name_its_own(history: CallHistory) -> None:
    by: dict[str, Any] = {"by": ["caller", "called", "agent"], "network": "@example.net"}
    frame = analysis.inbound_outcomes(history, **by)[by["by"]]
    assert sorted(rows(frame)) == [
        ("00bob", "4930111222", None), ("442079460958", "4930111222", "447700900123"),
    ]  # fmt: skip
    assert len(history.select(called="+49 30 111222", network="@example.net")) == 3
    assert len(history.select(agent="+44 7700 900123")) == 2
    desk = analysis.agents(history, own="+447700900123")
    assert desk["agent"].tolist() == ["447700900123"]
    assert analysis.cost_by_agent(history, own="+447700900123")["agent"].nunique() == 2


def test_a_value_that_no_session_has_is_said(history: CallHistory) -> None:
    with pytest.warns(UserWarning, match="'suport-line'; did you mean 'support-line'") as said:
        assert len(history.select(application_name="suport-line")) == 0
    assert said[0].filename == __file__
    for values in ({"caller": "+442079460999"}, {"rule_name": "rule of +442079460999"}):
        with pytest.warns(UserWarning, match="no session of this history has the value$"):
            history.select(**values)
    with pytest.warns(UserWarning, match="has 1 of the 2 values$"):
        assert len(history.select(caller=["+442079460999", *SPELLINGS[:1]])) == 2
    with pytest.warns(UserWarning, match="has 8$"):
        history.select(application_id=[7, 8])
    nothing = history.select(hour=9)  # An hour that there is, in which nobody called.
    assert len(nothing) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nothing.select(application_name="suport-line")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rule": "night"}, "rule: sessions have no such column .*: did you mean 'rule_name'"),
        ({"application": "x"}, "did you mean 'application_name' or 'application_id'"),
        ({"direction": "in"}, "direction: is of calls, and sessions are selected whole"),
        ({"remote_number": "x"}, "remote_number: is of calls"),
        ({"weekday": "Monday"}, "weekday: 'Monday' is not one of Mon, Tue"),
        ({"hour": 24}, "hour: 24 is not one of 0, 1"),
        ({"hour": "9"}, "hour: needs a number, not str"),
        ({"caller": 442079460958}, "caller: needs a text, not int; put it in quotes$"),
        ({"weekday": "442079460958"}, "weekday: the value is not one of Mon"),
        ({"session_kind": "inbond"}, "session_kind: 'inbond' is not one of inbound, outbound"),
        ({"timezone": "Nowhere/City"}, "timezone: 'Nowhere/City' is not an IANA timezone"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(history: CallHistory, values: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        history.select(**values)
    assert "group" not in str(refused.value)
