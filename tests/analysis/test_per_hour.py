"""Traffic by hour and day of the week is per second of that hour, of that day."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import voxframe
from tests.support.histories import at, random_tables, rows, tables
from voxframe import analysis

BERLIN = "Europe/Berlin"


def legs(*each: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {"call_session_history_id": 1, "call_id": n, "start_time": at(start), "incoming": False,
         "remote_number_type": "pstn", "successful": True, "duration": seconds}
        for n, (start, seconds) in enumerate(each)
    ]  # fmt: skip


def read(first: datetime, last: datetime, *each: tuple[str, int]) -> voxframe.CallHistory:
    return voxframe.CallHistory(
        tables(calls=legs(*each)), voxframe.Receipt(from_date=first, to_date=last)
    )


def test_an_hour_of_a_week_is_seven_hours() -> None:
    week = read(
        at("2026-10-05"), at("2026-10-12"), ("2026-10-05 10:30", 1800), ("2026-10-06 10:59", 360)
    )
    hours = analysis.traffic(week, freq=None, by="hour")
    # The second call ends at 11:05, in an hour in which none begins.
    assert rows(hours[["hour", "legs", "erlangs"]]) == [
        (10, 2, (1800 + 60) / (7 * 3600)), (11, 0, 300 / (7 * 3600)),
    ]  # fmt: skip
    days = analysis.traffic(week, freq=None, by="weekday")
    assert rows(days[["weekday", "erlangs"]]) == [("Mon", 1800 / 86_400), ("Tue", 360 / 86_400)]
    both = analysis.traffic(week, freq=None, by=["weekday", "hour"])
    assert both["erlangs"].tolist() == [0.5, 60 / 3600, 300 / 3600]
    a_day = analysis.traffic(week, freq="D", by="hour")
    assert a_day["erlangs"].tolist() == [0.5, 60 / 3600, 300 / 3600]


def test_where_clocks_change_an_hour_is_as_long_as_it_was() -> None:
    # On 25 October in Berlin 02:00 to 03:00 comes twice, on 29 March it does not come.
    back = read(at("2026-10-24 22:00"), at("2026-10-25 23:00"), ("2026-10-25 00:30", 3600))
    hours = analysis.traffic(back, freq=None, by="hour", timezone=BERLIN)
    assert rows(hours[["hour", "erlangs"]]) == [(2, 3600 / 7200)]
    days = analysis.traffic(back, freq=None, by="weekday", timezone=BERLIN)
    assert rows(days[["weekday", "erlangs"]]) == [("Sun", 3600 / (25 * 3600))]
    on = read(at("2026-03-28 23:00"), at("2026-03-29 22:00"), ("2026-03-29 00:30", 3600))
    hours = analysis.traffic(on, freq=None, by="hour", timezone=BERLIN)
    assert rows(hours[["hour", "erlangs"]]) == [(1, 0.5), (3, 0.5)]


def test_time_that_was_not_read_does_not_count() -> None:
    part = read(at("2026-10-05 10:15"), at("2026-10-05 11:30"), ("2026-10-05 10:45", 3600))
    hours = analysis.traffic(part, freq=None, by="hour")
    # Of 11:00 to 11:45, half an hour was read; no other hour.
    assert hours["erlangs"].tolist() == [900 / 2700, 1800 / 1800]
    beyond = read(at("2026-10-05 10:15"), at("2026-10-05 11:00"), ("2026-10-05 10:45", 3600))
    assert analysis.traffic(beyond, freq=None, by="hour")["hour"].tolist() == [10]
    none = read(at("2026-10-05 10:15"), at("2026-10-05 11:30"), ("2026-10-05 12:00", 60))
    assert analysis.traffic(none, freq=None, by="hour")["erlangs"].isna().all()


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "Asia/Kolkata", "Australia/Lord_Howe"])
def test_by_hour_it_is_the_mean_of_all_such_hours(zone: str) -> None:
    made = random_tables(2_000, days=40, seed=5)
    first, last = datetime(2026, 9, 30, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC)
    history = voxframe.CallHistory(made, voxframe.Receipt(from_date=first, to_date=last))
    fine = analysis.traffic(made, freq="15min", timezone=zone)
    seconds = fine["erlangs"].to_numpy(float) * 900
    for name, label in (
        ("hour", fine["start"].dt.hour),
        ("weekday", fine["start"].dt.strftime("%a")),
    ):
        busy = pd.Series(seconds).groupby(label.to_numpy()).sum()
        every = pd.date_range(first, last, freq="15min", inclusive="left").tz_convert(zone)
        of_clock = every.hour if name == "hour" else every.strftime("%a")
        lasts = pd.Series(900.0, of_clock).groupby(level=0).sum()
        found = analysis.traffic(history, freq=None, by=name, timezone=zone).set_index(name)
        wanted = (busy / lasts)[found.index]
        np.testing.assert_allclose(found["erlangs"].to_numpy(float), wanted, rtol=1e-9)


def test_without_a_window_whole_hours_from_the_first_call_to_the_last_count() -> None:
    bare = tables(calls=legs(("2026-10-05 10:30", 1800), ("2026-10-06 10:50", 300)))
    hours = analysis.traffic(bare, freq=None, by="hour")
    assert rows(hours[["hour", "erlangs"]]) == [(10, 2100 / 7200)]
    assert analysis.traffic(tables(), freq=None, by="hour").empty


def test_a_call_of_which_no_time_is_known_is_counted_and_carries_nothing() -> None:
    untimed = tables(calls=[{"call_session_history_id": 1, "remote_number_type": "pstn",
                             "successful": True, "duration": 60}])  # fmt: skip
    for options in ({"freq": "h"}, {"freq": None}, {"freq": None, "by": "hour"},
                    {"freq": "D", "by": "weekday"}):  # fmt: skip
        frame = analysis.traffic(untimed, **options)
        assert frame["legs"].tolist() == [1]
        assert frame["erlangs"].isna().all()
