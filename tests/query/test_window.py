from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
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
        np.datetime64("2026-10-01"),
        np.datetime64("2026-10"),
        np.datetime64("2026-10-01T00:00:00.000000000"),
        pa.scalar(datetime(2026, 10, 1)),
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
        ("yesterday", "{}: 'yesterday' is not a date; write it like"),
        ("", "{}: '' is not a date"),
        ("2026-10", "{}: '2026-10' is not a date; write the day, like '2026-10-01', or give"),
        (20261001, "{}: int is not a type of date"),
        (pd.NaT, "{}: the date is missing"),
        (np.datetime64("NaT", "s"), "{}: the date is missing"),
        (pa.scalar(None, pa.timestamp("us")), "{}: the date is missing"),
        ("0001-01-01", "{}: .* is not between"),
        ("9999-12-31", "{}: .* is not between"),
        (np.datetime64(10**6, "Y"), "{}: .* is not between"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "{}: .* is not between"),
    ],
)
def test_what_is_not_a_date_is_refused_by_name(value, word):
    with pytest.raises(InvalidQueryError, match=f"^{word.format('from_date')}"):
        window(value, "2026-11-01")
    with pytest.raises(InvalidQueryError, match=f"^{word.format('to_date')}"):
        window("1971-01-01", value)


NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01 12:00:00.5",
        "2026-10-01 12:00:00.0000001",
        datetime(2026, 10, 1, 12, microsecond=1),
        pd.Timestamp("2026-10-01 12:00") + pd.Timedelta(1, "ns"),
        np.datetime64("2026-10-01T12:00:00.000000001"),
    ],
)
@pytest.mark.parametrize("inclusive", ["left", "both", "right", "neither"])
def test_a_part_of_a_second_is_exact(value, inclusive):
    # A session starts at 12:00:00 or at 12:00:01, and on one side of a moment between them.
    second = int(NOON.timestamp())
    assert window("2026-10-01", value, inclusive=inclusive).end == second + 1
    assert window(value, "2026-11-01", inclusive=inclusive).first == second + 1


def test_no_end_is_now():
    before = datetime.now(UTC).replace(microsecond=0)
    got = window("2026-10-01").to_date
    assert before <= got <= datetime.now(UTC)
    assert got.microsecond == 0
    just_now = window(datetime.now(UTC))
    assert just_now.first >= just_now.end
    with pytest.raises(InvalidQueryError, match="from_date: 9000-01-01 00:00:00 UTC is in the fut"):
        window("9000-01-01")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (pd.Period("2026-10"), "2026-10-01", "2026-11-01"),
        (pd.Period("2026-10-25"), "2026-10-25", "2026-10-26"),
        (pd.Period("2026Q4"), "2026-10-01", "2027-01-01"),
        (pd.Period("2026-10-05", "W"), "2026-10-05", "2026-10-12"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_period_alone_is_that_period(period, start, end, zone):
    got, want = window(period, timezone=zone), window(start, end, timezone=zone)
    assert got == want


def test_an_hour_that_clocks_repeat_is_two_hours_as_a_period():
    got = window(pd.Period("2026-10-25 02:00", "h"), timezone="Europe/Berlin")
    assert got.end - got.first == 7200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((pd.Period("2026-09"), "2026-10-01"), "to_date: from_date is a Period"),
        (("2026-09-01", pd.Period("2026-10")), "to_date: a Period is a stretch of time"),
        ((pd.Period("2026-09"), pd.Period("2026-10")), "to_date: a Period is a stretch of time"),
    ],
)
def test_a_period_has_no_other_end(arguments, words):
    with pytest.raises(InvalidQueryError, match=words):
        window(*arguments)
    with pytest.raises(InvalidQueryError, match="inclusive: a Period"):
        window(pd.Period("2026-10"), inclusive="both")


@pytest.mark.parametrize("name", ["Europe/Berlin", "Africa/Cairo"])
def test_a_timezone_may_be_given_itself(name):
    want = window("2026-10-01", "2026-11-01", timezone=name)
    assert window("2026-10-01", "2026-11-01", timezone=ZoneInfo(name)) == want


def test_a_timezone_may_be_any_other():
    class OfPytz(tzinfo):
        zone = "Europe/Berlin"

    want = window("2026-10-01", "2026-11-01", timezone="Europe/Berlin")
    assert window("2026-10-01", "2026-11-01", timezone=OfPytz()) == want
    assert window("2026-10-01", "2026-10-02", timezone=timezone(timedelta(hours=2))).first == (
        want.first
    )


def test_a_day_begins_at_its_first_moment():
    # In Cairo clocks went from 0:00 to 1:00 on 2025-04-25, in Havana from 1:00 to 0:00 on
    # 2025-11-02. Of days to come, each edition of the timezone database knows something else.
    cairo = window("2025-04-25", "2025-04-26", timezone="Africa/Cairo")
    havana = window(date(2025, 11, 2), date(2025, 11, 3), timezone="America/Havana")
    assert (cairo.end - cairo.first, havana.end - havana.first) == (23 * 3600, 25 * 3600)


@pytest.mark.parametrize(
    ("value", "words"),
    [("2026-10-25 02:30:00", "twice"), ("2026-03-29 02:30:00", "does not happen")],
)
def test_a_moment_that_the_clocks_make_unclear_is_refused(value, words):
    with pytest.raises(InvalidQueryError, match=words):
        window(value, "2026-12-01", timezone="Europe/Berlin")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", None, "../etc/passwd", 3, ["UTC"]])
def test_an_unknown_timezone_is_refused(name):
    with pytest.raises(InvalidQueryError, match="timezone"):
        window("2026-10-01", "2026-11-01", timezone=name)


def test_the_nearest_timezone_is_named():
    with pytest.raises(InvalidQueryError, match="did you mean 'Europe/Berlin'"):
        window("2026-10-01", "2026-11-01", timezone="Europe/Berln")


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
    first, last = (int(end.timestamp()) for end in ends)
    assert edge == first
    assert (got.first <= first < got.end) == bool(inside[0])
    assert (got.first <= last < got.end) == bool(inside[1])
