"""From dates as people write them to whole seconds of UTC, half-open."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TypeAlias
from zoneinfo import ZoneInfo

from voxframe.errors import InvalidQueryError

DateLike: TypeAlias = str | date | datetime
"""What a date may be given as; ``pandas.Timestamp`` is a ``datetime``."""

_ENDS = {"left": (0, 0), "both": (0, 1), "right": (1, 1), "neither": (1, 0)}
# The farthest that a window may reach, so that no timezone pushes it out of datetime's range.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """The window of a query.

    Attributes
    ----------
    from_date, to_date : datetime
        As asked for, in UTC.
    inclusive : str
        Which ends belong to it.
    """

    from_date: datetime
    to_date: datetime
    inclusive: str = "left"

    @property
    def first(self) -> int:
        """First second inside, since 1970 in UTC."""
        return int(self.from_date.timestamp()) + _ENDS[self.inclusive][0]

    @property
    def end(self) -> int:
        """First second after it, since 1970 in UTC; not above ``first`` if it is empty."""
        return int(self.to_date.timestamp()) + _ENDS[self.inclusive][1]

    def part(self, first: int, end: int) -> "Window":
        """Return the stretch ``first <= second < end`` of it; its own ends stay as asked."""
        begins, ends = first <= self.first, end >= self.end
        left = "left" if not begins or self.inclusive in ("left", "both") else ""
        right = "right" if ends and self.inclusive in ("right", "both") else ""
        return Window(
            self.from_date if begins else datetime.fromtimestamp(first, UTC),
            self.to_date if ends else datetime.fromtimestamp(end, UTC),
            "both" if left and right else left or right or "neither",
        )


def window(
    from_date: DateLike, to_date: DateLike, *, inclusive: str = "left", timezone: str = "UTC"
) -> Window:
    """Check the ends of a window and bring them to UTC.

    Parameters
    ----------
    from_date, to_date : str, date, datetime or pandas.Timestamp
        Naive ones are in ``timezone``; aware ones are converted. Whole seconds.
    inclusive : {"left", "both", "right", "neither"}
        Which ends belong to the window.
    timezone : str
        IANA name for naive dates.

    Returns
    -------
    Window
        The same in UTC.

    Raises
    ------
    InvalidQueryError
        One of them is none of these; the message names it.
    """
    if inclusive not in _ENDS:
        raise InvalidQueryError(
            f"inclusive: {inclusive!r} is none of {', '.join(map(repr, _ENDS))}",
        )
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, TypeError, OSError):
        raise InvalidQueryError(
            f"timezone: {timezone!r} is no IANA timezone; write it like 'Europe/Berlin'",
        ) from None
    first = _instant("from_date", from_date, zone)
    last = _instant("to_date", to_date, zone)
    if last < first:
        raise InvalidQueryError(
            f"to_date: {last:%Y-%m-%d %H:%M:%S} UTC is before from_date, "
            f"{first:%Y-%m-%d %H:%M:%S} UTC; swap them",
        )
    return Window(first, last, inclusive)


def _instant(name: str, value: object, zone: ZoneInfo) -> datetime:
    moment = _parse(name, value)
    if moment.microsecond or getattr(moment, "nanosecond", 0):
        raise InvalidQueryError(
            f"{name}: {value} has a part of a second; the service knows whole seconds only",
        )
    moment = datetime.combine(moment.date(), moment.timetz())
    if moment.tzinfo is None:
        moment = _localize(name, moment, zone)
    try:
        instant = moment.astimezone(UTC)
        in_range = _EARLIEST <= instant <= _LATEST
    except OverflowError:
        in_range = False
    if not in_range:
        raise InvalidQueryError(
            f"{name}: {value} is not between {_EARLIEST:%Y-%m-%d} and {_LATEST:%Y-%m-%d}",
        )
    return instant


def _parse(name: str, value: object) -> datetime:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            raise InvalidQueryError(
                f"{name}: {value!r} is no date; write it like '2026-10-01' or "
                "'2026-10-01 12:30:00'",
            ) from None
    if value is None or value != value:  # noqa: PLR0124 - NaT is a datetime, and not itself
        raise InvalidQueryError(f"{name}: {value!r} is no date")
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    raise InvalidQueryError(
        f"{name}: a {type(value).__name__} is no date; give a str, date, datetime or "
        "pandas.Timestamp",
    )


def _localize(name: str, naive: datetime, zone: ZoneInfo) -> datetime:
    """Place a naive date in its zone; refuse one that happens twice or not at all."""
    early, late = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    back = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back == naive:
        raise InvalidQueryError(
            f"{name}: {naive} happens twice in {zone.key}, where the clocks go back; give it with "
            f"its offset, as {early.isoformat(' ')} or {late.isoformat(' ')}",
        )
    raise InvalidQueryError(
        f"{name}: {naive} does not happen in {zone.key}, where the clocks go forward; "
        f"that moment is called {back} there",
    )
