"""What became of those who called in, and how long they waited, by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.histories import at, rows, tables
from voxframe import analysis

CALLER = {"incoming": True, "remote_number_type": "pstn", "remote_number": "+442079460958"}
AGENT = {"incoming": False, "remote_number_type": "user", "remote_number": "anna"}
MOBILE = {"incoming": False, "remote_number_type": "mobile", "remote_number": "447700900123"}
DESK = {"incoming": False, "remote_number_type": "sip", "remote_number": "sip:bob@pbx.example.com"}
BUSY = {"successful": False, "duration": 0, "end_reason_code": 486}


def talked(seconds: int | None) -> dict[str, Any]:
    return {"successful": True, "duration": seconds, "end_reason_code": 200}


def history(*sessions: list[tuple[int, dict[str, Any]]], **more: Any) -> dict[str, Any]:
    """Write sessions down, ten minutes apart, each a list of (second of start, leg)."""
    begun = [int(at("2026-10-05 10:00").timestamp()) + 600 * n for n in range(len(sessions))]
    return tables(
        sessions=[
            {"call_session_history_id": n, "start_date": _moment(begun[n]), **more}
            for n in range(len(sessions))
        ],
        calls=[
            {"call_session_history_id": n, "call_id": 100 * n + i,
             "start_time": _moment(begun[n] + second), **leg}
            for n, legs in enumerate(sessions) for i, (second, leg) in enumerate(legs)
        ],
    )  # fmt: skip


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def bridged(wait: int, talk: int) -> list[tuple[int, dict[str, Any]]]:
    return [(0, CALLER | talked(wait + talk)), (wait, AGENT | talked(talk))]


# Thirty pairs that end together: starts are answers.
PAIRS = [bridged(10 + n, 60) for n in range(30)]


def outcomes(*sessions: list[tuple[int, dict[str, Any]]], **said: Any) -> tuple[int, ...]:
    names = ["person", "missed", "no_person_tried", "not_accepted", "forwarded"]
    (line,) = rows(analysis.inbound_outcomes(history(*sessions), **said)[names])
    return line


def test_each_session_has_one_outcome() -> None:
    assert outcomes(bridged(10, 60)) == (1, 0, 0, 0, 0)
    assert outcomes([(0, CALLER | talked(30)), (5, AGENT | BUSY)]) == (0, 1, 0, 0, 0)
    assert outcomes([(0, CALLER | talked(30))]) == (0, 0, 1, 0, 0)
    assert outcomes([(0, CALLER | BUSY)]) == (0, 0, 0, 1, 0)
    forwarded = [(0, CALLER | talked(30)), (5, MOBILE | talked(20))]
    assert outcomes(forwarded) == (1, 0, 0, 0, 1)
    hunted = [(0, CALLER | talked(90)), (5, AGENT | BUSY), (9, DESK | BUSY), (12, MOBILE | BUSY)]
    assert outcomes(hunted) == (0, 1, 0, 0, 1)


def test_what_is_said_of_far_ends_counts() -> None:
    agent_dials = [(0, {**AGENT, "incoming": True} | talked(20)), (5, MOBILE | talked(9))]
    assert outcomes(agent_dials) == (0, 0, 0, 0, 0)
    bot = [
        (0, CALLER | talked(9)),
        (1, {**DESK, "remote_number": "sip:bot@ai.example"} | talked(8)),
    ]
    assert outcomes(bot)[:4] == (1, 0, 0, 0)
    assert outcomes(bot, machine="@ai.example")[:4] == (0, 0, 1, 0)
    assert outcomes(bridged(10, 60), own="pstn")[:4] == (0, 0, 0, 0)


def test_shares_are_of_the_offered_and_of_all() -> None:
    frame = analysis.inbound_outcomes(
        history(bridged(10, 60), [(0, CALLER | talked(30)), (5, AGENT | BUSY)],
                [(0, CALLER | talked(5))], [(0, CALLER | talked(5))])
    )  # fmt: skip
    line = frame.iloc[0]
    assert (line["inbound"], line["offered"]) == (4, 2)
    assert (line["missed_share"], line["abandonment_rate"]) == (0.25, 0.5)


def test_the_missed_are_listed_with_the_last_that_was_tried() -> None:
    late = [
        (0, CALLER | talked(90)),
        (20, DESK | BUSY),
        (5, AGENT | BUSY | {"end_reason_code": 480}),
    ]
    names = ["caller", "waited", "tried", "end_reason_code", "meaning"]
    assert rows(analysis.missed(history(late))[names]) == [("+442079460958", 90, 2, 486, "Busy")]
    alone = history([(0, CALLER | talked(60))])
    assert rows(analysis.missed(alone, outcome="no person tried")[names]) == [
        ("+442079460958", 60, 0, None, None)
    ]
    with pytest.raises(ValueError, match="'machine' is not one of 'person', 'missed'"):
        analysis.missed(alone, outcome="machine")


def test_four_service_levels() -> None:
    gone = [[(0, CALLER | talked(n)), (5, AGENT | BUSY)] for n in (8, 15, 90, 100)]
    frames = {
        method: analysis.service_level(history(*PAIRS, *gone), method=method).iloc[0]
        for method in ("offered", "abandons excluded", "abandons included", "answered")
    }
    # Waits are 10, 11 … 39 s: eleven are within 20 s; two of the four left within 20 s.
    assert {method: line["service_level"] for method, line in frames.items()} == {
        "offered": 11 / 34, "abandons excluded": 11 / 32, "abandons included": 13 / 34,
        "answered": 11 / 30,
    }  # fmt: skip
    line = frames["offered"]
    assert (line["answered_within"], line["abandoned"], line["abandoned_within"]) == (11, 4, 2)
    assert (line["speed_of_answer"], line["wait_median"]) == (24.5, 24.5)
    assert (line["time_to_abandon"], line["time_to_abandon_median"]) == (53.25, 52.5)
    assert line["abandonment_rate"] == 4 / 34


def test_short_abandons_can_be_left_out_and_other_seconds_asked_for() -> None:
    gone = [[(0, CALLER | talked(n)), (5, AGENT | BUSY)] for n in (8, 10, 15, 90)]
    line = analysis.service_level(history(*PAIRS, *gone), short=10, seconds=12).iloc[0]
    assert (line["offered"], line["abandoned"], line["answered_within"]) == (33, 3, 3)
    for wrong in ({"seconds": -1}, {"short": -1}, {"seconds": float("nan")}):
        with pytest.raises(ValueError, match="0 or more"):
            analysis.service_level(history(), **wrong)
    with pytest.raises(ValueError, match="method: 'all' is not one of"):
        analysis.service_level(history(), method="all")
    with pytest.raises(ValueError, match="start: 'queue' is not one of"):
        analysis.service_level(history(), start="queue")


def test_from_the_first_try_is_between_where_the_dial_is_not_told() -> None:
    second = [(0, CALLER | talked(100)), (5, DESK | BUSY), (40, AGENT | talked(60))]
    line = analysis.service_level(history(*PAIRS, second), start="first try").iloc[0]
    assert line["speed_of_answer_low"] == 35 / 31
    assert line["speed_of_answer_high"] == (sum(range(10, 40)) + 35) / 31
    assert (
        analysis.service_level(history(*PAIRS, second), start="first try")["speed_of_answer"]
        .isna()
        .all()
    )


def test_an_unknown_wait_is_in_no_mean_and_may_have_been_soon() -> None:
    unknown = [(0, CALLER | talked(None)), (15, AGENT | talked(60))]
    line = analysis.service_level(history(bridged(10, 60), unknown)).iloc[0]
    assert (line["answered"], line["answered_within"], line["speed_of_answer_low"]) == (2, 1, 10)
    assert (line["service_level_low"], line["service_level_high"]) == (0.5, 1.0)


def test_what_was_not_read_is_null() -> None:
    class Unread:
        tables = history(bridged(10, 60))
        receipt = type("Receipt", (), {"unread": ("calls",)})

    for figures in (analysis.inbound_outcomes(Unread()), analysis.service_level(Unread())):
        assert figures.isna().all(axis=None)
