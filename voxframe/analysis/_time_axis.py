"""The axis of time: weekdays, weekends, stretches that were not wholly read."""

import math
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voxframe.analysis import _axes as draw
from voxframe.analysis._bins import is_of_the_clock, offset_of
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._source import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Days that a picture may show for its ticks to be hours, days, Mondays; above that weekends are
# too narrow to be seen.
_HOURS, _DAYS, _MONDAYS = 2.5, 15, 120
# Points that a label such as "Mon 5 Oct" takes.
_LABEL = 62


def ends_of(starts: pd.Series, freq: str) -> NDArray[np.float64]:
    """Return where each stretch ends; the last is taken to be as long as its like."""
    begun, offset = draw.days(starts), offset_of(freq)
    if is_of_the_clock(offset):
        return np.append(begun[1:], begun[-1] + pd.Timedelta(offset) / pd.Timedelta(days=1))
    last = starts.iloc[-1]
    after = pd.Series([last.tz_localize(None) + offset]).dt.tz_localize(
        last.tz, ambiguous=np.ones(1, np.bool_), nonexistent="shift_forward"
    )
    return np.append(begun[1:], draw.days(after))


def partial(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which stretches are known not to be wholly inside of what was read."""
    return frame["partial"].fillna(value=False).to_numpy(bool)


def suited(history: History) -> str:
    """Choose the stretch of time that gives a picture of a history some dozens of points."""
    sources = Sources.of(history).reading("start_date")
    ends = span(source.session_starts for source in sources)
    return draw.suited(int(ends[0]), int(ends[1])) if len(ends) else "D"


def missing(history: History, what: str) -> str:
    """Return why there is nothing to see."""
    return "Calls were not read" if "calls" in Sources.of(history).unread else what


def parts_of(
    begun: NDArray[np.float64],
    ended: NDArray[np.float64],
    texts: list[str],
    cut: NDArray[np.bool_],
) -> list[draw.Reading]:
    """Return what each stretch says under the pointer."""
    return [
        draw.Reading(left, right, text + ("\nread only in part" if short else ""))
        for left, right, text, short in zip(begun, ended, texts, cut, strict=True)
    ]


def names_of(frame: pd.DataFrame, freq: str) -> list[str]:
    """Return what to call each stretch, by the clock that cut it."""
    return [_name(start, freq) for start in frame["start"]]


def _name(start: pd.Timestamp, freq: str) -> str:
    if freq == "M":
        return f"{start:%B %Y}"
    words = f"{start:%a} {draw.day(start)}"
    if freq == "W":
        return f"week from {words}"
    return words if freq == "D" else f"{words}, {start:%H:%M}"


def time_axis(ax: "Axes", first: float, last: float, timezone: str) -> None:
    """Label the x axis with dates and times of the timezone, and shade its weekends."""
    dates: Any = import_module("matplotlib.dates")
    span = last - first
    most = min(12, max(5, int(draw.points(ax) // 75)))  # fewer than 5 cannot always be had
    few = max(2, min(12, int(draw.points(ax) // _LABEL)))
    ax.set_xlim(first, last)
    if span <= _HOURS:
        locator = dates.AutoDateLocator(tz=timezone, minticks=2, maxticks=most)
        formatter = _clock(timezone)
    elif span > _MONDAYS:
        locator = dates.AutoDateLocator(tz=timezone, minticks=2, maxticks=most)
        formatter = dates.ConciseDateFormatter(locator, tz=timezone, show_offset=False)
    elif span <= _DAYS:
        locator = dates.DayLocator(interval=math.ceil(span / few), tz=timezone)
        formatter = _words(timezone, "", last)
    else:
        weeks = math.ceil(span / 7 / few)
        locator = dates.WeekdayLocator(dates.MO, interval=weeks, tz=timezone)
        formatter = _words(timezone, " %b", last)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    if _HOURS < span <= _MONDAYS:
        # A day begins at its mark, so its name stands to the right of it.
        ax.tick_params("x", length=4, width=0.7)
        for label in ax.get_xticklabels():
            label.set_horizontalalignment("left")
    begin, end = dates.num2date(first, tz=timezone), dates.num2date(last - 1e-6, tz=timezone)
    if begin.date() == end.date():
        covered = f"{begin:%a} {draw.day(begin)}"
    else:
        covered = f"{draw.day(begin)} \N{EN DASH} {draw.day(end)}"
    if span <= _MONDAYS:
        shaded = _weekends(ax, first, last, timezone)
        covered += f", {timezone}" + ("; weekends shaded" if shaded else "")
    else:
        covered += f", {timezone}"
    ax.set_xlabel(covered, fontsize="small", alpha=0.85, loc="left")


def _words(timezone: str, month: str, last: float) -> Any:
    """Return a formatter such as "Mon 5 Oct" for days before the last moment."""
    dates: Any = import_module("matplotlib.dates")
    end = dates.num2date(last, tz=timezone)

    def written(when: datetime) -> str:
        # ``%-d`` is not understood everywhere.
        return f"{when:%a} {when.day}{when.strftime(month)}" if when < end else ""

    return _formatter(timezone, written)


def _clock(timezone: str) -> Any:
    """Return a formatter of times of day, with the date at midnight."""

    def written(when: datetime) -> str:
        if (when.hour, when.minute, when.second) == (0, 0, 0):
            return f"{when:%a} {when.day} {when:%b}"
        return f"{when:%H:%M:%S}" if when.second else f"{when:%H:%M}"

    return _formatter(timezone, written)


def _formatter(timezone: str, written: Callable[[datetime], str]) -> Any:
    dates: Any = import_module("matplotlib.dates")
    ticker: Any = import_module("matplotlib.ticker")
    return ticker.FuncFormatter(lambda value, _: written(dates.num2date(value, tz=timezone)))


def _weekends(ax: "Axes", first: float, last: float, timezone: str) -> bool:
    """Shade Saturdays and Sundays; return whether there are any."""
    ends = pd.to_datetime([first, last], unit="D", utc=True).tz_convert(timezone)
    begin, end = ends.tz_localize(None).normalize()
    # By the date, since a zone may skip or repeat a midnight.
    dates = pd.date_range(begin, end + pd.Timedelta(days=1), freq="D")
    midnights = dates.tz_localize(
        timezone, ambiguous=np.ones(len(dates), np.bool_), nonexistent="shift_forward"
    )
    edges = draw.days(pd.Series(midnights))
    colour = ax.xaxis.label.get_color()
    found = False
    for at in np.flatnonzero(dates[:-1].day_of_week >= 5).tolist():  # noqa: PLR2004 - Saturday
        left, right = max(edges[at], first), min(edges[at + 1], last)
        if left < right:
            ax.axvspan(left, right, color=colour, alpha=0.07, linewidth=0, zorder=0)
            found = True
    return found
