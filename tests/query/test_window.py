from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxframe._query.window import window
from voxframe.errors import InvalidQueryError

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01",
        "2026-10-01 00:00:00",
        "2026-10-01T00:00:00Z",
        "2026-10-01T03:00:00+03:00",
        date(2026, 10, 1),
        datetime(2026, 10, 1),
        OCTOBER,
        datetime(2026, 9, 30, 19, tzinfo=timezone(timedelta(hours=-5))),
        pd.Timestamp("2026-10-01"),
        pd.Timestamp("2026-10-01 02:00", tz="Europe/Berlin"),
    ],
)
def test_one_moment_in_many_spellings(value):
    assert window(value, "2026-11-01").from_date == OCTOBER


def test_naive_dates_are_in_the_timezone_given():
    got = window("2026-10-01", date(2026, 11, 1), timezone="Europe/Berlin")
    assert got.from_date == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert got.to_date == datetime(2026, 10, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("yesterday", "from_date"),
        ("", "from_date"),
        (None, "from_date"),
        (20261001, "from_date"),
        (pd.NaT, "from_date"),
        (np.datetime64("2026-10-01"), "from_date"),
        ("2026-10-01 00:00:00.5", "second"),
        (datetime(2026, 10, 1, microsecond=1), "second"),
        (pd.Timestamp("2026-10-01") + pd.Timedelta(1, "ns"), "second"),
        ("0001-01-01", "between"),
        ("9999-12-31", "between"),
        (datetime.max.replace(microsecond=0, tzinfo=timezone(timedelta(hours=-12))), "between"),
    ],
)
def test_what_is_no_whole_second_is_refused_by_name(value, word):
    with pytest.raises(InvalidQueryError, match=word):
        window(value, "2026-11-01")
    with pytest.raises(InvalidQueryError, match="to_date"):
        window("1971-01-01", value)


@pytest.mark.parametrize(
    ("value", "words"),
    [("2026-10-25 02:30:00", "twice"), ("2026-03-29 02:30:00", "does not happen")],
)
def test_a_moment_that_the_clocks_make_unclear_is_refused(value, words):
    with pytest.raises(InvalidQueryError, match=words):
        window(value, "2026-12-01", timezone="Europe/Berlin")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", None, "../etc/passwd", 3])
def test_an_unknown_timezone_is_refused(name):
    with pytest.raises(InvalidQueryError, match="timezone"):
        window("2026-10-01", "2026-11-01", timezone=name)


def test_ends_in_the_wrong_order_are_refused():
    with pytest.raises(InvalidQueryError, match="to_date"):
        window("2026-11-01", "2026-10-01")


def test_an_unknown_inclusive_is_refused():
    with pytest.raises(InvalidQueryError, match="inclusive"):
        window("2026-10-01", "2026-11-01", inclusive="yes")


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.integers(0, 10**6),
    st.sampled_from(["left", "both", "right", "neither"]),
)
def test_inclusive_means_what_pandas_means(start, length, inclusive):
    start = start.replace(microsecond=0)
    got = window(start, start + timedelta(seconds=length), inclusive=inclusive)
    edge = pd.date_range(start, periods=2, freq="s", inclusive="both")[0].timestamp()
    ends = pd.Series([start, start + timedelta(seconds=length)])
    inside = ends.between(start, start + timedelta(seconds=length), inclusive=inclusive)
    first, last = (int(ZoneInfo("UTC").fromutc(e.replace(tzinfo=ZoneInfo("UTC"))).timestamp())
                   for e in ends.dt.to_pydatetime().tolist())  # fmt: skip
    assert edge == first
    assert (got.first <= first < got.end) == bool(inside[0])
    assert (got.first <= last < got.end) == bool(inside[1])
