"""Where a window is cut: at hours, days and weeks of a calendar, or by how much there is."""

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise

import numpy as np

from voxframe._query.window import Window
from voxframe._timezones import instant
from voxframe.errors import InvalidQueryError

_HOUR = 3600
_SECONDS = {"h": _HOUR, "D": 24 * _HOUR, "W": 7 * 24 * _HOUR}
# Eleven years of hours. Each piece takes a request, and an account answers a few a second.
_MOST_PIECES = 100_000


def by_calendar(inside: Window, freq: str, zone: tzinfo) -> list[Window]:
    """Cut a window at each full hour, at each midnight, or at those before a Monday.

    Parameters
    ----------
    inside : Window
        What is cut.
    freq : {"h", "D", "W"}
        At what.
    zone : tzinfo
        Whose calendar. A day there can have 23 or 25 hours.

    Raises
    ------
    InvalidQueryError
        `freq` is another one, or the pieces are too many.
    """
    if not isinstance(freq, str) or freq not in _SECONDS:
        raise InvalidQueryError(
            f"freq: {freq!r} is not one of {', '.join(map(repr, _SECONDS))}",
        )
    _refuse_too_many("freq", (inside.end - inside.first) // _SECONDS[freq])
    if freq == "h":
        return _cut(inside, _hours(inside, zone))
    monday_only = freq == "W"
    days = _days(inside, zone)
    return _cut(inside, (at for at, day in days if not (monday_only and day.weekday())))


def by_month(inside: Window, zone: tzinfo) -> list[Window]:
    """Cut a window at the beginning of each month."""
    return _cut(inside, (at for at, day in _days(inside, zone) if day.day == 1))


def by_count(
    inside: Window, months: Sequence[Window], counts: Sequence[int], sessions: int
) -> list[Window]:
    """Cut a window into pieces of equal size, as many as hold about so many sessions each.

    Parameters
    ----------
    inside : Window
        What is cut.
    months : sequence of Window
        The same as neighbouring stretches, at least one.
    counts : sequence of int
        The sessions of each, which are taken to start evenly within it.
    sessions : int
        How many there are to be in a piece.

    Raises
    ------
    InvalidQueryError
        The pieces are too many.
    """
    total = sum(counts)
    pieces = math.ceil(total / sessions)
    _refuse_too_many("sessions", pieces)
    edges = [inside.first, *(month.end for month in months)]
    so_far = np.cumsum([0, *counts])
    ends = np.interp(np.arange(1, pieces) * (total / max(pieces, 1)), so_far, edges)
    return _cut(inside, map(math.ceil, ends.tolist()))


def _cut(inside: Window, seconds: Iterable[int]) -> list[Window]:
    within = sorted({at for at in seconds if inside.first < at < inside.end})
    return [inside.part(*ends) for ends in pairwise([inside.first, *within, inside.end])]


def _hours(inside: Window, zone: tzinfo) -> Iterator[int]:
    at = inside.first
    while at < inside.end:
        offset = instant(at).astimezone(zone).utcoffset() or timedelta(0)
        at += _HOUR - (at + round(offset.total_seconds())) % _HOUR
        yield at


def _days(inside: Window, zone: tzinfo) -> Iterator[tuple[int, date]]:
    """Return when each day begins that may begin in a window."""
    ends = (instant(at).astimezone(zone) for at in (inside.first, inside.end))
    first, last = (end.date().toordinal() for end in ends)
    for day in map(date.fromordinal, range(first, last + 1)):
        # Of two midnights the first; where there is none, the moment to which the clocks went.
        yield int(datetime.combine(day, time(), zone).timestamp()), day


def _refuse_too_many(name: str, pieces: int) -> None:
    if pieces > _MOST_PIECES:
        raise InvalidQueryError(
            f"{name}: cuts the window into {pieces} pieces, {_MOST_PIECES} at most; "
            "make them longer, or the window shorter",
        )
