"""How starts and durations are read: histories whose truth is known, told in every way."""

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.support.histories import at, tables
from voxframe import analysis

Tables = dict[str, pa.Table]

BEGIN = at("2026-10-05 08:00")
# Seconds after arrival at which the scenario answers, dials, and is answered; then the talk.
CALLERS = [(0, 10, 12, 60), (0, 5, 30, 200), (0, 2, 62, 45), (0, 15, 19, 90)] * 10
GIVEN_UP = [(0, 3, 25), (0, 4, 70)] * 5


def told(*, start: str, duration: str, incoming: str, pick_up: int = 0) -> Tables:
    """Write the same calls down as a service would that reads its fields so."""
    sessions: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []

    def leg(number: int, **fields: Any) -> None:
        calls.append({"call_session_history_id": number, "call_id": len(calls), **fields})

    def caller(number: int, begun: Any, last: int) -> None:
        late = pick_up if incoming == "answer" else 0
        leg(number, incoming=True, remote_number_type="pstn", remote_number="442079460958",
            successful=True, start_time=begun + timedelta(seconds=late),
            duration=last - late)  # fmt: skip

    for number, (_, dialled, answered, talk) in enumerate(CALLERS):
        begun = BEGIN + timedelta(minutes=10 * number)
        sessions.append({"call_session_history_id": number, "start_date": begun})
        caller(number, begun, answered + talk)
        first = answered if start == "answer" else dialled
        total = talk + (answered - dialled if duration == "total" else 0)
        leg(number, incoming=False, remote_number_type="user", remote_number="anna",
            successful=True, start_time=begun + timedelta(seconds=first),
            duration=total)  # fmt: skip
    for number, (_, dialled, last) in enumerate(GIVEN_UP, len(CALLERS)):
        begun = BEGIN + timedelta(minutes=10 * number)
        sessions.append({"call_session_history_id": number, "start_date": begun})
        caller(number, begun, last)
        leg(number, incoming=False, remote_number_type="user", remote_number="anna",
            successful=False, end_reason_code=487, start_time=begun + timedelta(seconds=dialled),
            duration=last - dialled if duration == "total" else 0)  # fmt: skip
    return tables(sessions=sessions, calls=calls)


def readings(history: Tables) -> list[str]:
    return analysis.leg_clock(history)["reading"].tolist()


TRUE_MEAN = sum(answered for _, _, answered, _ in CALLERS) / len(CALLERS)


@pytest.mark.parametrize(
    ("start", "duration", "incoming", "expected"),
    [
        ("answer", "connected", "arrival", ["connected", "answer", "arrival"]),
        ("dial", "connected", "arrival", ["connected", "dial", "arrival"]),
        ("answer", "connected", "answer", ["connected", "answer", "answer"]),
        ("dial", "connected", "answer", ["connected", "dial", "answer"]),
        ("dial", "total", "arrival", ["total", "unknown", "arrival"]),
        ("dial", "total", "answer", ["total", "unknown", "answer"]),
    ],
)
def test_the_reading_is_found_and_the_wait_is_right_or_between(
    start: str, duration: str, incoming: str, expected: list[str]
) -> None:
    history = told(start=start, duration=duration, incoming=incoming, pick_up=2)
    assert readings(history) == expected
    (line,) = analysis.service_level(history).to_dict("records")
    assert (line["offered"], line["answered"], line["abandoned"]) == (50, 40, 10)
    assert line["speed_of_answer_low"] <= TRUE_MEAN <= line["speed_of_answer_high"]
    assert line["service_level_low"] <= 20 / 50 <= line["service_level_high"]
    assert line["time_to_abandon"] == (25 + 70) / 2
    if duration == "connected":
        assert line["speed_of_answer"] == TRUE_MEAN
        assert line["service_level"] == 20 / 50
        assert (line["wait_median"], line["wait_p90"]) == (24.5, 62.0)
        assert line["answered_within"] == 20
    else:
        assert (
            analysis.service_level(history)[["speed_of_answer", "service_level"]]
            .isna()
            .all(axis=None)
        )


def few(start: str, size: int) -> Tables:
    history = told(start=start, duration="connected", incoming="arrival")
    calls = history["calls"]
    return {**history, "calls": calls.slice(0, 2 * size), "sessions": history["sessions"][:size]}


@pytest.mark.parametrize("start", ["dial", "answer"])
def test_few_pairs_decide_nothing_and_give_bounds(start: str) -> None:
    assert readings(few(start, 30))[1] == start
    history = few(start, 29)
    assert readings(history) == ["connected", "unknown", "arrival"]
    line = analysis.service_level(history).iloc[0]
    truth = sum(answered for _, _, answered, _ in CALLERS[:29]) / 29
    assert line["speed_of_answer_low"] <= truth <= line["speed_of_answer_high"]


def test_the_evidence_is_kept() -> None:
    frame = analysis.leg_clock(told(start="answer", duration="connected", incoming="arrival"))
    assert frame["question"].tolist() == ["duration", "start", "incoming"]
    assert frame["evidence"].tolist() == [
        "0 of 10 failed legs lasted more than 0 s",
        "in 40 of 40 sessions both legs end within 2 s of each other",
        "50 of 50 incoming legs start with their session",
    ]
    total = analysis.leg_clock(told(start="dial", duration="total", incoming="arrival"))
    assert total["evidence"].iloc[0] == "10 of 10 failed legs lasted more than 0 s"
