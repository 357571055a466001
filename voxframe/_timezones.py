"""Wall times of a named timezone to true instants and back, vectorised."""

import difflib
import re
from bisect import bisect
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

_UTC_NAMES = frozenset(
    {"", "UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "GREENWICH", "UNIVERSAL", "Z", "ZULU"}
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a wall clock's zero, in no zone
_QUARTER = 900
_MAX_OFFSET = timedelta(hours=24)
_DAY = 86_400

Seconds = NDArray[np.int64]


def instant(seconds: int) -> datetime:
    """Return the moment so many seconds after 1970 began, in UTC."""
    # As far as datetime itself: Windows' own functions end in the year 3000.
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))


def not_a_timezone(given: object) -> str:
    """Return what is said of a timezone that does not exist, with the one that was meant."""
    places = {_plain(name.rpartition("/")[2]): name for name in sorted(available_timezones())}
    text = given if isinstance(given, str) else ""
    found = [places[place] for place in [_plain(text.rpartition("/")[2])] if place in places]
    # What is near an abbreviation is another one: EST is hours away from CEST.
    if not found and ("/" in text or not text.isupper()):
        lower = {name.lower(): name for name in available_timezones()}
        found = [lower[name] for name in difflib.get_close_matches(text.lower(), lower, n=1)]
    hint = f"did you mean {found[0]!r}?" if found else "write it like 'Europe/Berlin'"
    return f"timezone: {given!r} is not an IANA timezone; {hint}"


def _plain(name: str) -> str:
    """Return the letters of a name in lower case, so that ``New York`` is ``New_York``."""
    return "".join(letter for letter in name.lower() if letter.isalpha())


def zone(name: str | None) -> tzinfo:
    """Find the timezone that a name means.

    Parameters
    ----------
    name : str or None
        An IANA name, an offset (``"+03:00"``, ``"UTC+3"``), or nothing, which
        means UTC.

    Returns
    -------
    tzinfo
        ``datetime.UTC`` for UTC under any of its names.

    Raises
    ------
    ValueError
        If no timezone has that name.
    """
    plain = (name or "").strip()
    if plain.upper().removeprefix("ETC/") in _UTC_NAMES:
        return UTC
    if match := _OFFSET.fullmatch(plain):
        sign, hours, minutes = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset >= _MAX_OFFSET:
            raise ValueError("no timezone is a day or more away from UTC")
        return timezone(-offset if sign == "-" else offset) if offset else UTC
    try:
        return ZoneInfo(plain)
    except (KeyError, ValueError, OSError):
        raise ValueError("no timezone has that name") from None


def _offsets(seconds: int, tz: tzinfo) -> tuple[int, int]:
    """Return the offsets of a wall time at its first and at its second occurrence."""
    wall = _EPOCH + timedelta(seconds=seconds)
    first, second = wall.replace(tzinfo=tz), wall.replace(tzinfo=tz, fold=1)
    return _seconds(first.utcoffset()), _seconds(second.utcoffset())


def _seconds(offset: timedelta | None) -> int:
    return 0 if offset is None else round(offset.total_seconds())


def wall_to_utc(wall_seconds: Seconds, tz: tzinfo) -> tuple[Seconds, int]:
    """Turn wall times into instants.

    Parameters
    ----------
    wall_seconds : ndarray of int64
        Seconds since 1970-01-01 00:00:00 on the wall clock of `tz`.
    tz : tzinfo
        As from :func:`zone`.

    Returns
    -------
    utc_seconds : ndarray of int64
        Seconds since the epoch. A wall time that occurs twice is taken at its
        first occurrence, one that is skipped with the offset before the skip,
        as :mod:`zoneinfo` does with ``fold=0``.
    ambiguous : int
        How many wall times occur twice.
    """
    if tz is UTC or not len(wall_seconds):
        return wall_seconds, 0
    # Offsets hardly ever change within a quarter of an hour, so a page costs a
    # few dozen look-ups; where one does, its seconds are looked up one by one.
    quarters, where = np.unique(wall_seconds // _QUARTER, return_inverse=True)
    at_start = [_offsets(int(q) * _QUARTER, tz) for q in quarters]
    at_end = [_offsets(int(q) * _QUARTER + _QUARTER - 1, tz) for q in quarters]
    table = np.array(at_start, dtype=np.int64)
    found = table[where]
    uneven = np.array([a != b for a, b in zip(at_start, at_end, strict=True)])[where]
    if uneven.any():
        seconds, back = np.unique(wall_seconds[uneven], return_inverse=True)
        exact = np.array([_offsets(int(s), tz) for s in seconds], dtype=np.int64)
        found[uneven] = exact[back]
    ambiguous = int(np.count_nonzero(found[:, 0] > found[:, 1]))
    return wall_seconds - found[:, 0], ambiguous


def utc_to_wall(utc_seconds: Seconds, tz: tzinfo) -> Seconds:
    """Turn instants into wall times.

    Parameters
    ----------
    utc_seconds : ndarray of int64
        Seconds since the epoch.
    tz : tzinfo
        As from :func:`zone`.

    Returns
    -------
    ndarray of int64
        Seconds since 1970-01-01 00:00:00 on the wall clock of `tz`.
    """
    if tz is UTC or not len(utc_seconds):
        return utc_seconds
    quarters, where = np.unique(utc_seconds // _QUARTER, return_inverse=True)
    at_start = [_offset_at(int(q) * _QUARTER, tz) for q in quarters]
    at_end = [_offset_at(int(q) * _QUARTER + _QUARTER - 1, tz) for q in quarters]
    found = np.array(at_start, dtype=np.int64)[where]
    uneven = np.array([a != b for a, b in zip(at_start, at_end, strict=True)])[where]
    if uneven.any():
        seconds, back = np.unique(utc_seconds[uneven], return_inverse=True)
        found[uneven] = np.array([_offset_at(int(s), tz) for s in seconds], dtype=np.int64)[back]
    return utc_seconds + found


def _offset_at(seconds: int, tz: tzinfo) -> int:
    instant = _EPOCH.replace(tzinfo=UTC) + timedelta(seconds=seconds)
    return _seconds(instant.astimezone(tz).utcoffset())


class ClockChange(NamedTuple):
    """A change of clocks: when, and the offsets before and after it, all in seconds."""

    at: int
    before: int
    after: int


def clock_changes(tz: tzinfo, first: int, last: int) -> list[ClockChange]:
    """Return the changes of clocks of a timezone in ``first <= at <= last``.

    Parameters
    ----------
    tz : tzinfo
        As from :func:`zone`.
    first, last : int
        Seconds since the epoch.
    """
    if isinstance(tz, timezone):
        return []
    # Instants of the year 10000 have no datetime.
    years = range(_year(first), min(_year(last), 9998) + 1)
    changes = (change for year in years for change in _changes_in(tz, year))
    return [change for change in changes if first <= change.at <= last]


def _year(seconds: int) -> int:
    return (_EPOCH + timedelta(seconds=seconds)).year


@lru_cache(maxsize=1024)
def _changes_in(tz: tzinfo, year: int) -> list[ClockChange]:
    """Find a year's changes, of which no two are ever within a day."""
    begin, end = (_seconds(datetime(y, 1, 1) - _EPOCH) for y in (year, year + 1))  # noqa: DTZ001
    days = [(day, _offset_at(day, tz)) for day in range(begin, end + 1, _DAY)]
    changes = []
    for (low, before), (high, after) in pairwise(days):
        if before == after:
            continue
        at = bisect(range(low, high), False, key=lambda t: _offset_at(t, tz) != before)
        changes.append(ClockChange(low + at, before, after))
    return changes
