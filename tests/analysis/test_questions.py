"""Fifteen questions that people ask, each answered by one call."""

from typing import Any

import pandas as pd
import pytest

import voxframe
from voxframe import analysis
from voxframe.emulator import Emulator, World

QUESTIONS: dict[str, str] = {
    "What does each application cost?":
        'analysis.cost_breakdown(history, by="application_name")',
    "What does each rule cost?":
        'analysis.cost_breakdown(history, by="rule_name")',
    "What does each user cost?":
        'analysis.cost_breakdown(history, by="user_id")',
    "What do each agent's calls cost?":
        "analysis.cost_by_agent(history)",
    "What do calls cost by country, to and from?":
        'analysis.cost_breakdown(history, by=["country", "direction"])',
    "What did each month cost?":
        'analysis.cost_breakdown(history, freq="M", timezone="Europe/Berlin")',
    "What does each account cost, in its currency?":
        'analysis.cost_breakdown(history, by="account_id", currency={4203771: "EUR", '
        '4203901: "USD", 4203944: "EUR"})',
    "How long do calls last, 95 in 100 of them?":
        'analysis.duration_stats(history, by="direction")',
    "How many calls are answered, by hour of the day?":
        'analysis.traffic(history, freq=None, by="hour", timezone="Europe/Berlin")',
    "Which numbers do not answer?":
        "analysis.unanswered_numbers(history)",
    "Whose calls cost most?":
        "analysis.cost_by_caller(history).head(10)",
    "Whom did we miss, and who was called back?":
        "analysis.missed(history)",
    "Which recordings have no transcript, and what did they cost?":
        'analysis.cost_breakdown(history, by=["kind", "transcription_status"])',
    "What do speech recognition and synthesis cost?":
        'analysis.cost_breakdown(history, by="resource_type")',
    "What does a week look like?":
        'analysis.typical_week(history, timezone="Europe/Berlin")',
}  # fmt: skip


@pytest.fixture(scope="module")
def history() -> voxframe.CallHistory:
    with Emulator(World(sessions=2_000, start="2026-10-01", end="2026-11-01")) as account:
        return voxframe.read_call_history(
            "2026-10-01", "2026-11-01", credentials=account.credentials,
            base_url=account.base_url, progress=False,
        )  # fmt: skip


def test_there_are_fifteen() -> None:
    assert len(QUESTIONS) == 15


@pytest.mark.parametrize("question", QUESTIONS)
def test_one_call_answers(history: voxframe.CallHistory, question: str) -> None:
    if "country" in question:
        pytest.importorskip("phonenumbers")
    answer: Any = eval(QUESTIONS[question], {"analysis": analysis, "history": history})
    assert isinstance(answer, pd.DataFrame)
    assert len(answer)
    assert answer.notna().to_numpy().any()
