"""Windows as people name them on a command line: a month, the last week, yesterday."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from voxframe._query.window import timezone_of, window
from voxframe.errors import InvalidQueryError

_LAST = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
WINDOWS = "--from DATE [--to DATE], --month 2026-10, --last 7d or --yesterday"


def add_window(command: Any) -> None:
    """Add the options of a window."""
    window = command.add_argument_group("window (one of --from, --month, --last, --yesterday)")
    window.add_argument("--from", dest="from_date", metavar="DATE", help="first moment, inside")
    window.add_argument(
        "--to", dest="to_date", metavar="DATE", help="last moment, outside; default: now"
    )
    window.add_argument("--month", type=month, metavar="YYYY-MM", help="a whole month")
    window.add_argument(
        "--last", type=last, metavar="N[h|d|w]", help="so many hours, days or weeks until now"
    )
    window.add_argument("--yesterday", action="store_true", help="the whole day before today")
    window.add_argument(
        "--timezone", default="UTC", metavar="NAME", help="of dates and days; default: %(default)s"
    )
    window.add_argument(
        "--inclusive",
        default="left",
        choices=("left", "both", "right", "neither"),
        help="which ends belong to it; default: %(default)s",
    )


def names_window(given: argparse.Namespace) -> bool:
    """Return whether any option of a window was given."""
    return any((given.from_date, given.to_date, given.month, given.last, given.yesterday))


def window_of(
    given: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> dict[str, Any]:
    """Return the window that was named as keywords.

    Raises
    ------
    InvalidQueryError
        None was named, or more than one.
    """
    dates = given.from_date or given.to_date
    named = [
        option
        for option, value in (
            ("--from" if given.from_date else "--to", dates),
            ("--month", given.month),
            ("--last", given.last),
            ("--yesterday", given.yesterday),
        )
        if value
    ]
    if len(named) > 1:
        raise InvalidQueryError(f"{' and '.join(named)}: each names a window; give one of them")
    if not named:
        raise InvalidQueryError(f"the window is missing; give {WINDOWS}")
    if dates and not given.from_date:
        raise InvalidQueryError("--to: needs --from beside it")
    keywords = {"timezone": given.timezone, "inclusive": given.inclusive}
    if given.month:
        begin, end = given.month
    elif given.last:
        end = now().replace(microsecond=0)
        begin = end - given.last
    elif given.yesterday:
        end = now().astimezone(timezone_of(given.timezone)).date()
        begin = end - timedelta(days=1)
    else:
        begin, end = given.from_date, given.to_date
    return {"from_date": begin, "to_date": end, **keywords}


def window_before(
    given: argparse.Namespace, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> dict[str, Any]:
    """Return the window before the one that was named, as keywords.

    Before whole months there are as many whole months, else as long a time by the clock.
    """
    named = window_of(given, now)
    zone = timezone_of(given.timezone)
    whole = window(**named)
    begin, end = (each.astimezone(zone).replace(tzinfo=None)
                  for each in (whole.from_date, whole.to_date))  # fmt: skip
    months = (end.year - begin.year) * 12 + end.month - begin.month
    if months and all(each == datetime(each.year, each.month, 1) for each in (begin, end)):  # noqa: DTZ001 - by the clock of the timezone
        place = begin.year * 12 + begin.month - 1 - months
        earlier = datetime(place // 12, place % 12 + 1, 1)  # noqa: DTZ001
    else:
        earlier = begin - (end - begin)
    return {**named, "from_date": earlier, "to_date": begin}


def month(text: str) -> tuple[date, date]:
    """Read a month, as its first day and that of the next one."""
    try:
        begin = date.fromisoformat(f"{text}-01")
        end = (begin + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a month; write it like 2026-10"
        ) from None
    return begin, end


def last(text: str) -> timedelta:
    """Read a number of hours, days or weeks."""
    found = _LAST.fullmatch(text)
    if found is None or not int(found[1]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a stretch of time; write it like 24h, 7d or 2w"
        )
    return int(found[1]) * _UNITS[found[2]]
