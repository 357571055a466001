"""Seconds since 1970 and the service's way of writing them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

Moment = str | date | datetime | int
"""A point in time: epoch seconds, ISO text, date or datetime (naive means UTC)."""

Fold = Literal["wide", "first", "second"]

DAY: Final = 86_400
_WRITTEN: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_CLOCK: Final = tuple(f"{m // 60:02d}:{m % 60:02d}:" for m in range(1440))
_SECONDS: Final = tuple(f"{s:02d}" for s in range(60))
_QUARTER: Final = 900  # every UTC offset in use is a multiple of this


def to_second(moment: Moment) -> int:
    """Convert to whole seconds since 1970 UTC."""
    if isinstance(moment, int):
        return moment
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    elif not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, tz=UTC).strftime("%Y-%m-%d ")


@lru_cache(maxsize=64)
def writer(timezone: str) -> Callable[[int], str]:
    """Return a fast function that writes a second as ``YYYY-MM-DD HH:mm:ss`` in a timezone."""
    zone = ZoneInfo(timezone)

    @lru_cache(maxsize=100_000)
    def offset(quarter: int) -> int:
        delta = datetime.fromtimestamp(quarter * _QUARTER, tz=zone).utcoffset()
        return 0 if delta is None else int(delta.total_seconds())

    def write(second: int) -> str:
        local = second + offset(second // _QUARTER)
        rest = local % DAY
        return _day_text(local // DAY) + _CLOCK[rest // 60] + _SECONDS[rest % 60]

    return write


def read(text: str, timezone: str, *, later: bool) -> int:
    """Read a date as the service writes it.

    ``later`` picks the second pass of an hour that the clocks repeat.

    Raises
    ------
    ValueError
        If the text is anything but ``YYYY-MM-DD HH:mm:ss``.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(text)
    naive = datetime.fromisoformat(text)
    return int(naive.replace(tzinfo=ZoneInfo(timezone), fold=int(later)).timestamp())
