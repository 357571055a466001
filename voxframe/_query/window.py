"""From dates as people write them to whole seconds of UTC, half-open."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Literal, Protocol, TypeAlias, TypeGuard
from zoneinfo import ZoneInfo

import numpy as np

from voxframe._timezones import instant, not_a_timezone
from voxframe.errors import InvalidQueryError


class PeriodLike(Protocol):
    """What a ``pandas.Period`` has."""

    @property
    def start_time(self) -> datetime:
        """Its first moment."""

    @property
    def end_time(self) -> datetime:
        """Its last moment."""


DateLike: TypeAlias = str | date | datetime | np.datetime64 | PeriodLike
"""What a date may be given as; ``pandas.Timestamp`` is a ``datetime``."""

Inclusive: TypeAlias = Literal["left", "both", "right", "neither"]

_ENDS = {"left": (0, 0), "both": (0, 1), "right": (1, 1), "neither": (1, 0)}
# The farthest that a window may reach, so that no timezone pushes it out of datetime's range.
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Whatever is longer than a date has a time of day.
_DATE_ONLY = len("2026-10-01")
_MONTHS = 12
_YEAR_MONTH_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MONTH = re.compile(r"\d{4}-\d{2}")
# Digits that datetime.fromisoformat drops.
_FINER = re.compile(r"[.,]\d{6}\d*[1-9]")


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
        return _whole_second(self.from_date, _ENDS[self.inclusive][0])

    @property
    def end(self) -> int:
        """First second after it, since 1970 in UTC; not above ``first`` if it is empty."""
        return _whole_second(self.to_date, _ENDS[self.inclusive][1])

    def part(self, first: int, end: int) -> "Window":
        """Return the stretch ``first <= second < end`` of it; its own ends stay as asked."""
        begins, ends = first <= self.first, end >= self.end
        left = "left" if not begins or self.inclusive in ("left", "both") else ""
        right = "right" if ends and self.inclusive in ("right", "both") else ""
        return Window(
            self.from_date if begins else instant(first),
            self.to_date if ends else instant(end),
            "both" if left and right else left or right or "neither",
        )


def window(
    from_date: DateLike,
    to_date: DateLike | None = None,
    *,
    inclusive: str = "left",
    timezone: str | tzinfo = "UTC",
) -> Window:
    """Check the ends of a window and bring them to UTC.

    Parameters
    ----------
    from_date, to_date : str, date, datetime, pandas.Timestamp, numpy.datetime64 or None
        Naive ones are in ``timezone``; aware ones are converted. No end is now; a
        ``pandas.Period`` without an end is that period.
    inclusive : {"left", "both", "right", "neither"}
        Which ends belong to the window.
    timezone : str or tzinfo
        IANA name, or a timezone itself, for naive dates.

    Returns
    -------
    Window
        The same in UTC.

    Raises
    ------
    InvalidQueryError
        One of them is something else; the message names it.
    """
    if not isinstance(inclusive, str) or inclusive not in _ENDS:
        raise InvalidQueryError(
            f"inclusive: {inclusive!r} is not one of {', '.join(map(repr, _ENDS))}",
        )
    zone = timezone_of(timezone)
    if _is_period(to_date):
        raise InvalidQueryError(
            "to_date: a Period is a stretch of time and not its end; give one Period alone, "
            "or its start_time or end_time",
        )
    if _is_period(from_date):
        if to_date is not None:
            raise InvalidQueryError(
                "to_date: from_date is a Period, which has its own end; leave to_date out, "
                "or give two dates",
            )
        if inclusive != "left":
            raise InvalidQueryError("inclusive: a Period has its own ends; leave inclusive out")
        return Window(
            _instant("from_date", from_date.start_time, zone, whole=True),
            _instant("from_date", from_date.end_time, zone, whole=True),
        )
    first = _instant("from_date", from_date, zone)
    if to_date is None:
        now = datetime.now(UTC)
        if now < first:
            raise InvalidQueryError(
                f"from_date: {_shown(first)} is in the future; without to_date the window ends now",
            )
        return Window(first, max(first, now.replace(microsecond=0)), inclusive)
    last = _instant("to_date", to_date, zone)
    if last < first:
        raise InvalidQueryError(
            f"to_date: {_shown(last)} is before from_date, {_shown(first)}; swap them",
        )
    return Window(first, last, inclusive)


def _whole_second(moment: datetime, after: int) -> int:
    """Return the first whole second from a moment; ``after`` moves it if it is whole itself."""
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds + (1 if moment.microsecond else after)


def _shown(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None)} UTC"


def timezone_of(timezone: object) -> tzinfo:
    """Return a timezone by its IANA name, or itself.

    Raises
    ------
    InvalidQueryError
        It is neither.
    """
    if isinstance(timezone, tzinfo):
        # pytz's own timezones are right only through its own methods; the name is what counts.
        name = getattr(timezone, "zone", None)
        return ZoneInfo(name) if isinstance(name, str) else timezone
    try:
        return ZoneInfo(timezone)  # type: ignore[arg-type]
    except (KeyError, ValueError, TypeError, OSError):
        raise InvalidQueryError(not_a_timezone(timezone)) from None


def _is_period(value: object) -> TypeGuard[PeriodLike]:
    return not isinstance(value, date) and hasattr(value, "start_time")


def _instant(name: str, value: object, zone: tzinfo, *, whole: bool = False) -> datetime:
    """Bring one date to UTC; of a ``whole`` period what clocks repeat is inside."""
    try:
        moment, is_day = _parse(name, value)
        if whole and moment.microsecond:
            # A period ends a microsecond before the next one.
            moment = moment.replace(microsecond=0) + timedelta(seconds=1)
        if moment.tzinfo is None:
            moment = _localize(name, moment, zone, refuse=not (is_day or whole))
        instant = moment.astimezone(UTC)
        in_range = _EARLIEST <= instant <= _LATEST
    except OverflowError:
        in_range = False
    if not in_range:
        raise InvalidQueryError(
            f"{name}: {value} is not between {_EARLIEST:%Y-%m-%d} and {_LATEST:%Y-%m-%d}",
        )
    return instant


def _parse(name: str, value: Any) -> tuple[datetime, bool]:
    """Return a date as a datetime, what is finer than a microsecond rounded up, and if it is a day.

    Raises
    ------
    OverflowError
        No datetime reaches it.
    """
    if hasattr(value, "as_py"):
        value = value.as_py()
    if isinstance(value, np.datetime64) and not np.isnat(value):
        exact = value.astype("datetime64[us]")
        moment, finer = exact.item(), bool(exact < value)
        if not isinstance(moment, datetime):
            raise OverflowError
        return _finer(moment, finer=finer), np.datetime_data(value)[0] in "YMWD"
    if isinstance(value, str):
        text = value.strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise InvalidQueryError(_not_a_date(name, text)) from None
        return _finer(moment, finer=bool(_FINER.search(text))), len(text) <= _DATE_ONLY
    if value is None or (not isinstance(value, str) and value != value):  # noqa: PLR0124 - NaT
        raise InvalidQueryError(f"{name}: the date is missing ({value})")
    if isinstance(value, datetime):
        try:
            moment = datetime.combine(value.date(), value.timetz())
        except ValueError:
            raise OverflowError from None
        return _finer(moment, finer=bool(getattr(value, "nanosecond", 0))), False
    if isinstance(value, date):
        return datetime.combine(value, time()), True
    raise InvalidQueryError(
        f"{name}: {type(value).__name__} is not a type of date; give text like '2026-10-01', a "
        "date, datetime, pandas.Timestamp or numpy.datetime64",
    )


def _finer(moment: datetime, *, finer: bool) -> datetime:
    return moment + timedelta(microseconds=1) if finer else moment


def _not_a_date(name: str, text: str) -> str:
    if _MONTH.fullmatch(text):
        return (
            f"{name}: {text!r} is not a date; write the day, like '{text}-01', or give the whole "
            f"month as pandas.Period('{text}')"
        )
    if (found := _YEAR_MONTH_DAY.match(text)) and (year := int(found[1])):
        month, day = int(found[2]), int(found[3])
        if not 1 <= month <= _MONTHS:
            return (
                f"{name}: {text!r} does not exist; the month, 1 to {_MONTHS}, comes before the day"
            )
        days = calendar.monthrange(year, month)[1]
        if not 1 <= day <= days:
            return f"{name}: {text!r} does not exist; {found[1]}-{found[2]} has {days} days"
    return f"{name}: {text!r} is not a date; write it like '2026-10-01' or '2026-10-01 12:30:00'"


def _localize(name: str, naive: datetime, zone: tzinfo, *, refuse: bool) -> datetime:
    """Place a naive date in its zone; refuse one that happens twice or not at all.

    A day begins where it first can: at the first of two midnights, or where the clocks went to.
    """
    early, late = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset() or not refuse:
        return early
    back = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back == naive:
        raise InvalidQueryError(
            f"{name}: {naive} happens twice in {zone}, where the clocks go back; give it with "
            f"its offset, as {early.isoformat(' ')} or {late.isoformat(' ')}",
        )
    raise InvalidQueryError(
        f"{name}: {naive} does not happen in {zone}, where the clocks go forward; "
        f"that moment is called {back} there",
    )
