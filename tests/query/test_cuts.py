from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxframe._query.cuts import by_calendar, by_count, by_month
from voxframe._query.window import Window, window
from voxframe.errors import InvalidQueryError

# Clocks that change at midnight, by half an hour, by a whole day, in the south, not at all.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
    "Pacific/Apia", "Asia/Kolkata", "Africa/Casablanca",
]  # fmt: skip
INCLUSIVE = ["left", "both", "right", "neither"]
YEARS = (datetime(2011, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


def tile(inside: Window, pieces: list[Window]) -> None:
    """Pieces are the window: no second twice, none missing."""
    assert pieces[0].first == inside.first
    assert pieces[-1].end == inside.end
    assert all(one.end == next_.first for one, next_ in pairwise(pieces))
    assert pieces[0].from_date == inside.from_date
    assert pieces[-1].to_date == inside.to_date


def local(second: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(second, zone)


NAMES = {
    "h": lambda at: (at.date(), at.hour, at.utcoffset()),
    "D": lambda at: at.date(),
    "W": lambda at: at.date() - timedelta(days=at.weekday()),
}


@given(
    st.sampled_from(ZONES),
    st.sampled_from("hDW"),
    st.datetimes(YEARS[0].replace(tzinfo=None), YEARS[1].replace(tzinfo=None)),
    st.integers(0, 90_000),
    st.sampled_from(INCLUSIVE),
)
def test_a_piece_is_one_hour_day_or_week_of_the_calendar(name, freq, begin, minutes, inclusive):
    zone = ZoneInfo(name)
    if freq == "h":
        minutes //= 20
    end = begin + timedelta(minutes=minutes)
    inside = window(begin, end, inclusive=inclusive)
    pieces = by_calendar(inside, freq, zone)
    tile(inside, pieces)
    if len(pieces) == 1:
        return
    called = []
    for piece in pieces:
        # Every five minutes, and its last second, lie in one and the same of them.
        seconds = [*range(piece.first, piece.end, 300), piece.end - 1]
        names = {NAMES[freq](local(second, zone)) for second in seconds}
        assert len(names) == 1
        called += names
    assert all(one != next_ for one, next_ in pairwise(called))


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-10-26", "Europe/Berlin", 24),
        # The clocks went from midnight to one.
        ("2018-11-04", "America/Sao_Paulo", 23),
    ],
)
def test_a_day_on_which_clocks_change(day, zone, hours):
    after = datetime.fromisoformat(day) + timedelta(days=1)
    inside = window(day, after, timezone=zone)
    assert len(by_calendar(inside, "h", ZoneInfo(zone))) == hours
    wider = window(
        datetime.fromisoformat(day) - timedelta(days=1), after + timedelta(days=1), timezone=zone
    )
    assert inside in by_calendar(wider, "D", ZoneInfo(zone))


def test_a_day_that_a_place_did_not_have_is_left_out():
    inside = window("2011-12-28", "2012-01-02", timezone="Pacific/Apia")
    days = [local(p.first, ZoneInfo("Pacific/Apia")).day for p in
            by_calendar(inside, "D", ZoneInfo("Pacific/Apia"))]  # fmt: skip
    assert days == [28, 29, 31, 1]


@pytest.mark.parametrize("inclusive", INCLUSIVE)
def test_an_empty_window_is_one_piece(inclusive):
    inside = window("2026-10-01", "2026-10-01", inclusive=inclusive)
    for pieces in (by_calendar(inside, "h", UTC), by_month(inside, UTC)):
        assert pieces == [inside]
    assert by_count(inside, [inside], [0], 100) == [inside]


def test_months_are_those_of_the_timezone():
    berlin = ZoneInfo("Europe/Berlin")
    inside = window("2026-01-15", "2026-04-02", timezone="Europe/Berlin")
    months = by_month(inside, berlin)
    tile(inside, months)
    assert [str(local(m.first, berlin).date()) for m in months] == [
        "2026-01-15", "2026-02-01", "2026-03-01", "2026-04-01",
    ]  # fmt: skip


@given(
    st.lists(st.integers(0, 300_000), min_size=6, max_size=6),
    st.integers(1_000, 100_000),
)
def test_pieces_by_count_have_about_as_many(counts, sessions):
    inside = window("2026-01-01", "2026-07-01")
    months = by_month(inside, UTC)
    pieces = by_count(inside, months, counts, sessions)
    tile(inside, pieces)
    edges = [inside.first, *(month.end for month in months)]

    def before(second: int) -> float:
        done = 0.0
        for (first, end), count in zip(pairwise(edges), counts, strict=True):
            done += count * min(max((second - first) / (end - first), 0), 1)
        return done

    rate = max(counts) / (28 * 86_400)
    if sum(counts):
        assert len(pieces) == -(-sum(counts) // sessions)
    for piece in pieces:
        # A second more or less at either end, since pieces begin on whole ones.
        assert before(piece.end) - before(piece.first) <= sessions + 2 * rate + 1e-6


def test_a_count_that_is_nonsense_only_makes_worse_pieces():
    inside = window("2026-01-01", "2026-03-01")
    tile(inside, by_count(inside, by_month(inside, UTC), [-5, 10], 3))


@pytest.mark.parametrize("freq", ["H", "d", "M", "2D", "", None, 3])
def test_another_freq_is_refused(freq):
    with pytest.raises(InvalidQueryError, match=r"^freq: .*'h', 'D', 'W'$"):
        by_calendar(window("2026-10-01", "2026-11-01"), freq, UTC)


def test_too_many_pieces_are_refused_before_they_fill_the_memory():
    with pytest.raises(InvalidQueryError, match=r"^freq: .*100000"):
        by_calendar(window("1970-01-02", "9999-12-30"), "D", UTC)
    inside = window("2026-10-01", "2026-11-01")
    with pytest.raises(InvalidQueryError, match=r"^sessions: .*100000"):
        by_count(inside, [inside], [2**62], 1)
    assert len(by_calendar(window("9999-11-01", "9999-12-30"), "W", UTC)) == 9
