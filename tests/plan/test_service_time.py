"""By which seconds a service is asked, around hours that clocks repeat or skip."""

from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from voxframe._plan.service_time import ServiceTimezone
from voxframe._timezones import clock_changes, utc_to_wall, wall_to_utc

YEAR = 1_767_225_600, 1_798_761_600  # 2026
HOUR = 3600
ZONES = [
    "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Santiago",
    "Australia/Lord_Howe", "Australia/Sydney", "Antarctica/Troll", "Atlantic/Azores",
    "Africa/Casablanca", "Europe/Dublin", "Pacific/Kiritimati", "Asia/Kathmandu",
]  # fmt: skip


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("reading", ["spoken", "utc", "unknown"])
def test_no_request_begins_or_ends_where_its_date_has_two_meanings(name: str, reading: str) -> None:
    zone: tzinfo = ZoneInfo(name)
    clock = ServiceTimezone(zone, {"spoken": zone, "utc": UTC, "unknown": None}[reading])
    for at in [change.at for change in clock_changes(zone, *YEAR)] or [YEAR[0] + 5 * HOUR]:
        time, low, high = clock.window(at - 20 * HOUR, at + 20 * HOUR)
        # Meanings change at a full quarter of an hour: all seconds around those, and each minute.
        planned = np.arange(low, high + 1)
        planned = planned[((planned + 3) % 900 <= 6) | (planned % 60 == 0)]
        asked = np.array([time.asked(int(second)) for second in planned])
        assert np.all(np.diff(asked) > 0)
        assert np.array_equal(time.planned(asked), planned)
        if reading != "utc":
            # A date that is unambiguous is the same before and after the clocks change.
            first, ambiguous = wall_to_utc(asked, zone)
            assert not ambiguous
            assert np.array_equal(utc_to_wall(first, zone), asked)
        if reading != "spoken":
            # Rows are placed at the first of their instants; the second is in the same request.
            instants = np.arange(at - 4 * HOUR, at + 4 * HOUR, 60)
            shown, _ = wall_to_utc(utc_to_wall(instants, zone), zone)
            assert np.array_equal(time.planned(instants), time.planned(shown))


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("listens", ["spoken", "utc", "unknown"])
def test_what_is_asked_holds_what_is_wanted(name: str, listens: str) -> None:
    zone: tzinfo = ZoneInfo(name)
    clock = ServiceTimezone(zone, {"spoken": zone, "utc": UTC, "unknown": None}[listens])
    for at in [change.at for change in clock_changes(zone, *YEAR)] or [YEAR[0] + 5 * HOUR]:
        shown, _ = wall_to_utc(utc_to_wall(np.arange(at - 9000, at + 9000, 60), zone), zone)
        for first in range(at - 7200, at + 7200, 600):
            time, low, high = clock.window(first, first + 1200)
            wanted = shown[(shown >= first) & (shown < first + 1200)]
            for placed in clock.places(time, wanted):
                assert np.all((placed >= low) & (placed < high))


def second(text: str) -> int:
    return int(np.datetime64(text).astype("datetime64[s]").astype(np.int64))


@pytest.mark.parametrize(
    ("rows", "listens"),
    [
        # Asked from 00:00 to 06:00 by the clock; Berlin is an hour or two ahead of UTC.
        ([], None),
        (["2026-10-25 03:30:00"], None),
        (["2026-10-24 22:30:00", "2026-10-25 03:30:00"], ZoneInfo("Europe/Berlin")),
        (["2026-10-25 05:30:00"], UTC),
        # In the repeated hour, shown as its first, asked for by its second.
        (["2026-10-25 00:30:00"], None),
    ],
)
def test_only_rows_that_fit_one_reading_show_it(rows: list[str], listens: tzinfo | None) -> None:
    zone = ZoneInfo("Europe/Berlin")
    asked = second("2026-10-25 00:00:00"), second("2026-10-25 06:00:00")
    told = ServiceTimezone().learn(*asked, zone, np.array([second(row) for row in rows], np.int64))
    assert told == ServiceTimezone(zone, listens)


def test_a_repeated_hour_is_no_sign_of_either_reading() -> None:
    zone = ZoneInfo("Asia/Tehran")
    # 2011-09-21 at 19:30 UTC clocks went from 00:00 back to 23:00; these rows are of the second.
    rows = np.arange(second("2011-09-21 18:51:38"), second("2011-09-21 19:13:00"), 13)
    asked = second("2011-09-21 19:51:38"), second("2011-09-21 20:39:22")
    assert ServiceTimezone().learn(*asked, zone, rows) == ServiceTimezone(zone, UTC)


def test_changes_of_clocks_are_those_of_zoneinfo() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in clock_changes(zone, *YEAR):
            around = np.array([change.at - 1, change.at])
            walls = utc_to_wall(around, zone)
            assert (walls - around).tolist() == [change.before, change.after]
    assert clock_changes(UTC, *YEAR) == []
    months = [change.at for change in clock_changes(ZoneInfo("Europe/Berlin"), *YEAR)]
    assert [str(timedelta(seconds=at % 86_400)) for at in months] == ["1:00:00", "1:00:00"]
