"""Stretches of a person's time: hours, days, weeks, months in a timezone."""

import re
from dataclasses import dataclass
from typing import TypeGuard
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._timezones import not_a_timezone
from voxframe.analysis._source import Flags, Ints
from voxframe.errors import InvalidQueryError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FREQUENCIES = (
    "give a part of a day such as 'h', '6h' or '15min', or 'D', 'W', 'M', 'Q', 'Y', or another of "
    "pandas' calendar frequencies such as 'W-SUN' or 'QS-APR'"
)
_WORDS = {
    "hour": "h", "hourly": "h", "h": "h", "day": "D", "d": "D", "daily": "D", "week": "W", "w": "W",
    "weekly": "W", "month": "M", "m": "M", "monthly": "M", "quarter": "Q", "q": "Q", "year": "Y",
    "y": "Y", "yearly": "Y",
}  # fmt: skip
_ANCHORED = {"W": "W-MON", "M": "MS", "ME": "MS", "Q": "QS", "QE": "QS", "Y": "YS", "YE": "YS"}


@dataclass(frozen=True, slots=True)
class Bins:
    """Consecutive stretches of time.

    Attributes
    ----------
    edges : ndarray
        Epoch seconds, one more than there are bins; each bin includes its beginning only.
    timezone : str
        IANA name of the timezone whose clock cut them.
    """

    edges: Ints
    timezone: str

    def __len__(self) -> int:
        return len(self.edges) - 1

    def find(self, seconds: Ints) -> Ints:
        """Return which bin each instant lies in."""
        return np.searchsorted(self.edges, seconds, side="right").astype(np.int64) - 1

    @property
    def lengths(self) -> Ints:
        """The length of each bin in seconds: a day may have 82 800, 86 400 or 90 000."""
        return np.diff(self.edges)

    def starts(self) -> pa.Array:
        """Return the beginnings as timestamps in the timezone."""
        return stamps(self.edges[:-1], self.timezone)


def marked(labels: pa.Table, bins: "Bins", window: tuple[int, int] | None) -> pa.Table:
    """Add beside the start of each stretch whether it is not wholly inside of what was read."""
    if "start" not in labels.column_names:
        return labels
    starts, known = labels["start"], labels["start"].is_valid().to_numpy()
    seconds = starts.cast(pa.int64()).fill_null(0).to_numpy() // 1_000_000
    partial = known
    if len(bins):
        partial = partly_read(bins, window)[np.clip(bins.find(seconds), 0, len(bins) - 1)]
    column = pa.array(partial, pa.bool_(), mask=~known | (window is None))
    return labels.add_column(labels.column_names.index("start") + 1, "partial", column)


def partly_read(bins: "Bins", window: tuple[int, int] | None) -> Flags:
    """Return which bins are not wholly inside of what was read; none where that is not known."""
    if window is None:
        return np.zeros(len(bins), np.bool_)
    first, last = window
    return np.asarray((bins.edges[:-1] < first) | (bins.edges[1:] > last))


def stamps(seconds: NDArray[np.int64], timezone: str) -> pa.Array:
    """Convert epoch seconds to Arrow timestamps in a timezone."""
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", timezone))


def zone(timezone: str) -> str:
    """Check a timezone's name.

    Raises
    ------
    InvalidQueryError
        When there is no such timezone; it is a ``ValueError`` too.
    """
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise InvalidQueryError(not_a_timezone(timezone)) from error
    return timezone


def _wall(first: int, last: int, timezone: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    # A name alone would be pytz's in pandas 2, whose rules may be another year's than ZoneInfo's.
    ends = pd.to_datetime([first, last], unit="s", utc=True).tz_convert(ZoneInfo(timezone))
    naive = ends.tz_localize(None)
    return naive[0], naive[1]


def _instants(wall: pd.DatetimeIndex, timezone: str, *, first: bool) -> Ints:
    flags = np.full(len(wall), first)
    placed = wall.tz_localize(ZoneInfo(timezone), ambiguous=flags, nonexistent="shift_forward")
    return np.asarray(placed.as_unit("s").asi8, np.int64)


def _clock_edges(begin: pd.Timestamp, end: pd.Timestamp, freq: pd.Timedelta, timezone: str) -> Ints:
    wall = pd.date_range(begin.floor("D"), end.floor("D") + pd.Timedelta(days=1), freq=freq)
    # Where clocks go back, a time of day comes twice, and a bin begins at each.
    return np.union1d(_instants(wall, timezone, first=True), _instants(wall, timezone, first=False))


def _calendar_edges(
    begin: pd.Timestamp, end: pd.Timestamp, offset: pd.offsets.BaseOffset, timezone: str
) -> Ints:
    origin = offset.rollback(begin.normalize())
    wall = pd.date_range(origin, end.normalize() + 2 * offset, freq=offset)
    return np.unique(_instants(pd.DatetimeIndex(wall), timezone, first=True))


def make_bins(seconds: Ints, freq: str, timezone: str) -> Bins:
    """Cut time into bins that hold all the instants.

    Parameters
    ----------
    seconds : ndarray
        Epoch seconds, in any order; from none comes no bin.
    freq : str
        As :func:`offset_of` takes it.
    timezone : str
        IANA name.

    Returns
    -------
    Bins
        Cut where a clock in that timezone shows the boundary: a day of a DST change
        has 23 or 25 hours.

    Raises
    ------
    ValueError
        For a frequency that is none, or does not divide a day, or an unknown timezone.
    """
    offset = offset_of(freq)
    zone(timezone)
    if not len(seconds):
        return Bins(np.zeros(1, np.int64), timezone)
    first, last = int(seconds.min()), int(seconds.max())
    begin, end = _wall(first, last, timezone)
    if is_of_the_clock(offset):
        edges = _clock_edges(begin, end, pd.Timedelta(offset), timezone)
    else:
        edges = _calendar_edges(begin, end, offset, timezone)
    low = int(np.searchsorted(edges, first, side="right")) - 1
    high = int(np.searchsorted(edges, last, side="right"))
    return Bins(edges[low : high + 1], timezone)


def is_of_the_clock(offset: pd.offsets.BaseOffset) -> TypeGuard[pd.offsets.Tick]:
    """Return whether a frequency is a part of a day."""
    # To pandas 2 a day is 24 hours, too.
    return isinstance(offset, pd.offsets.Tick) and not isinstance(offset, pd.offsets.Day)


def offset_of(freq: str) -> pd.offsets.BaseOffset:
    """Return what a frequency means: a part of a day, or a calendar stretch.

    ``"15min"``, ``"h"``, ``"6h"``: whatever divides a day; ``"D"``, ``"W"`` (from Monday;
    ``"W-SUN"`` from Sunday), ``"M"``, ``"Q"``, ``"Y"``, or another of pandas' calendar
    frequencies, such as ``"MS"``, which is ``"M"``, or ``"QS-APR"``.

    Raises
    ------
    InvalidQueryError
        It is none, or does not divide a day.
    """
    text = freq if isinstance(freq, str) else ""
    number = re.match("[0-9]*", text)[0]  # type: ignore[index]
    unit = text.removeprefix(number)
    if unit != _WORDS.get(unit.lower(), unit):
        # pandas takes small letters for some of them, and then a week begins on Sunday.
        raise InvalidQueryError(
            f"freq: {freq!r} is not a frequency; did you mean {number + _WORDS[unit.lower()]!r}?"
        )
    try:
        offset = pd.tseries.frequencies.to_offset(number + _ANCHORED.get(unit, unit) or freq)
    except (ValueError, TypeError) as error:
        raise InvalidQueryError(f"freq: {freq!r} is not a frequency; {_FREQUENCIES}") from error
    step = pd.Timedelta(offset) if is_of_the_clock(offset) else None
    if step is None and (offset is None or offset.n < 1):
        raise InvalidQueryError(f"freq: {freq!r} is not a frequency; {_FREQUENCIES}")
    if step is not None and (step < pd.Timedelta(seconds=1) or pd.Timedelta(days=1) % step):
        raise InvalidQueryError(f"freq: {freq!r} does not divide a day; {_FREQUENCIES}")
    return offset
