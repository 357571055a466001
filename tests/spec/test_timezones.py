"""Wall times against zoneinfo, one by one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxframe._timezones import utc_to_wall, wall_to_utc, zone

NAMES = [
    "Europe/Berlin",
    "Europe/Moscow",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "Pacific/Apia",
    "America/St_Johns",
]
EPOCH = datetime(1970, 1, 1)
moments = st.integers(0, 2_200_000_000)
# Around the changes of 2026 in Berlin and New York, where it matters.
changes = st.sampled_from([1774746000, 1792890000, 1772953200, 1793512800]).flatmap(
    lambda at: st.integers(at - 20_000, at + 20_000)
)


UTC_NAMES = [None, "", " ", "UTC", "utc", "Etc/UTC", "Etc/GMT", "GMT", "Etc/GMT+0", "Etc/GMT-0"]
UTC_NAMES += ["GMT0", "Z", "Zulu", "Etc/Zulu", "UCT", "Universal", "Greenwich", "+00:00", "UTC+0"]


@pytest.mark.parametrize("name", UTC_NAMES)
def test_utc_has_many_names(name: str | None) -> None:
    assert zone(name) is UTC


@pytest.mark.parametrize(
    ("name", "hours"),
    [("+03:00", 3), ("UTC+3", 3), ("GMT+3", 3), ("-0330", -3.5), ("UTC-11:00", -11), ("+14", 14)],
)
def test_offsets(name: str, hours: float) -> None:
    assert zone(name).utcoffset(None) == timedelta(hours=hours)


def test_posix_names_point_the_other_way() -> None:
    assert wall_to_utc(np.array([0]), zone("Etc/GMT+3"))[0].tolist() == [3 * 3600]


@pytest.mark.parametrize(
    "name", ["Nowhere", "../x", "/etc/passwd", "Europe", "+25:00", "+3:99", "\0"]
)
def test_what_is_no_timezone(name: str) -> None:
    with pytest.raises(ValueError, match="timezone"):
        zone(name)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.lists(moments | changes, max_size=20))
def test_as_zoneinfo(name: str, seconds: list[int]) -> None:
    tz = ZoneInfo(name)
    walls = [(EPOCH + timedelta(seconds=s)).replace(tzinfo=tz) for s in seconds]
    got, ambiguous = wall_to_utc(np.array(seconds, dtype=np.int64), zone(name))
    assert got.tolist() == [round(w.timestamp()) for w in walls]
    assert ambiguous == sum(w.utcoffset() > w.replace(fold=1).utcoffset() for w in walls)
    there = utc_to_wall(np.array(seconds, dtype=np.int64), zone(name))
    locals_ = [datetime.fromtimestamp(s, tz).replace(tzinfo=None) for s in seconds]
    assert there.tolist() == [round((w - EPOCH).total_seconds()) for w in locals_]


def test_utc_costs_nothing() -> None:
    seconds = np.arange(5)
    assert wall_to_utc(seconds, UTC)[0] is seconds
    assert utc_to_wall(seconds, UTC) is seconds
