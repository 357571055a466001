"""The mean of a day of the week, over the days that were wholly read."""

from typing import Any

import pytest

from tests.support.histories import at, rows, tables
from voxframe import CallHistory, Receipt, analysis


def made(*starts: str, first: str, last: str, **more: Any) -> CallHistory:
    ids = list(enumerate(starts))
    sessions = [{"call_session_history_id": n, "start_date": at(start)} for n, start in ids]
    calls = [
        {"call_session_history_id": n, "call_id": n, "start_time": at(start), "incoming": True,
         "remote_number_type": "pstn", "successful": True, "duration": 120}
        for n, start in ids
    ]  # fmt: skip
    receipt = Receipt(from_date=at(first), to_date=at(last), **more)
    return CallHistory(tables(sessions=sessions, calls=calls), receipt)


def test_more_thursdays_than_mondays_are_no_more_calls_of_a_thursday() -> None:
    # October 2026 has five Thursdays and four Mondays; every day has one call.
    month = made(*(f"2026-10-{day:02d} 12:00" for day in range(1, 32)),
                 first="2026-10-01", last="2026-11-01")  # fmt: skip
    week = analysis.typical_week(month)
    assert week["weekday"].tolist() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert week["days"].tolist() == [4, 4, 4, 5, 5, 5, 4]
    assert week["inbound"].tolist() == week["sessions"].tolist() == [1.0] * 7
    assert week["connected_minutes"].tolist() == [2.0] * 7
    assert week[["attempts", "missed", "person", "talk_minutes"]].to_numpy().sum() == 0
    # Elsewhere the evening before is a part of a day, and so is the last one.
    there = analysis.typical_week(month, timezone="America/New_York")
    assert there["days"].tolist() == [4, 4, 4, 5, 5, 4, 4]
    assert there["inbound"].tolist() == [1.0] * 7


def test_days_without_a_call_count_and_parts_of_days_do_not() -> None:
    two_weeks = made("2026-10-06 12:00", "2026-10-06 13:00", "2026-10-14 09:00",
                     first="2026-10-05", last="2026-10-14 10:00")  # fmt: skip
    week = analysis.typical_week(two_weeks)
    assert rows(week[["weekday", "days", "inbound"]].fillna({"inbound": -1})) == [
        ("Mon", 2, 0.0), ("Tue", 2, 1.0), ("Wed", 1, 0.0), ("Thu", 1, 0.0), ("Fri", 1, 0.0),
        ("Sat", 1, 0.0), ("Sun", 1, 0.0),
    ]  # fmt: skip
    # Where the window is not known, all days from the first session's to the last one's count.
    assert analysis.typical_week(two_weeks.tables)["days"].tolist() == [1, 2, 2, 1, 1, 1, 1]
    part = made("2026-10-06 12:00", first="2026-10-06 10:00", last="2026-10-06 14:00")
    assert analysis.typical_week(part)["inbound"].isna().all()
    nothing = analysis.typical_week(tables())
    assert nothing["days"].sum() == 0
    assert nothing["sessions"].isna().all()


def test_without_the_calls_only_sessions_are_known() -> None:
    unread = made("2026-10-06 12:00", first="2026-10-05", last="2026-10-12", with_calls=False)
    week = analysis.typical_week(unread)
    assert week["sessions"].sum() == pytest.approx(1)
    assert week.drop(columns=["weekday", "days", "sessions"]).isna().all(axis=None)
