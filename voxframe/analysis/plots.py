"""Pictures of a call history, for notebooks and reports. Needs the ``plots`` extra.

Each function draws one picture on ``ax``, or on a new figure, and returns the axes. The
figures are those of :mod:`voxframe.analysis`, where their definitions stand. Times are
those of ``timezone``. An empty history gives an empty picture that says so.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis import _axes as draw
from voxframe.analysis._bins import WEEKDAYS
from voxframe.analysis._concurrency import concurrency
from voxframe.analysis._costs import cost_breakdown
from voxframe.analysis._durations import duration_histogram, duration_stats
from voxframe.analysis._output import highest, records
from voxframe.analysis._source import History, Source
from voxframe.analysis._traffic import traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_concurrency",
    "plot_cost",
    "plot_durations",
    "plot_heatmap",
    "plot_quality",
]

_KINDS = {"calls": draw.BLUE, "records": draw.AMBER, "resources": draw.TEAL}
_CURVE_HOURS = 48
_CURVE_STEPS = 2000
_JUDGED = 20
_DIRECTIONS = {"out": "outgoing", "in": "incoming", None: "all"}


def _suited(history: History) -> str:
    starts = Source.of(history).session_starts
    return draw.suited(int(starts.min()), int(starts.max())) if len(starts) else "D"


def _ends(starts: pd.Series, freq: str) -> np.ndarray:
    """Where each stretch ends; the last is taken to be as long as its like."""
    begun = draw.days(starts)
    step = {"5min": 5 / 1440, "h": 1 / 24, "D": 1.0, "W": 7.0, "M": 30.4}.get(freq)
    last = step or (begun[-1] - begun[-2] if len(begun) > 1 else 1.0)
    return np.append(begun[1:], begun[-1] + last)


def plot_cost(
    history: History,
    *,
    freq: str | None = None,
    timezone: str = "UTC",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the cost over time, stacked by what it was paid for.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw.
    freq : str, optional
        As in :func:`~voxframe.analysis.cost_breakdown`; chosen by the time covered.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        One bar a stretch of time, in the account's currency.
    """
    axes = draw.canvas(ax)
    freq = freq or _suited(history)
    title = f"Cost per {draw.WORDS.get(freq, freq)}"
    frame = cost_breakdown(history, freq=freq, timezone=timezone).dropna(subset="start")
    if frame.empty:
        return draw.nothing(axes, title, "No sessions")
    begun, ended = draw.days(frame["start"]), _ends(frame["start"], freq)
    width = (ended - begun) * (0.86 if len(begun) < 120 else 1.0)  # noqa: PLR2004
    floor = np.zeros(len(begun))
    for kind, colour in _KINDS.items():
        cost = frame[f"{kind}_cost"]
        height = cost.fillna(0).to_numpy(float)
        said = "not read" if cost.isna().all() else draw.number(height.sum())
        label = f"{kind.capitalize()} {said}"
        axes.bar(begun, height, width, floor, align="edge", color=colour, label=label)
        floor += height
    draw.tidy(axes, title, legend=True)
    draw.thousands(axes)
    axes.set_ylim(0, floor.max() * 1.06 or 1)
    axes.set_ylabel("account's currency")
    draw.time_axis(axes, begun[0], ended[-1], timezone)
    return axes


def plot_heatmap(history: History, *, timezone: str = "UTC", ax: "Axes | None" = None) -> "Axes":
    """Draw when calls are made: the mean number of attempts by hour and weekday.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw. Hours between the first and the last call count, those without
        calls too; a weekday that the history does not reach stays blank.
    timezone : str
        IANA name of the timezone whose clock and week are meant.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        24 columns and 7 rows, with a colour bar.
    """
    axes = draw.canvas(ax)
    title = "Calls by hour and weekday"
    frame = traffic(history, freq="h", timezone=timezone).dropna(subset="start")
    if frame.empty:
        return draw.nothing(axes, title, "No calls")
    place = (frame["start"].dt.day_of_week * 24 + frame["start"].dt.hour).to_numpy(np.int64)
    hours = np.bincount(place, minlength=7 * 24).reshape(7, 24)
    attempts = np.bincount(place, frame["legs"].to_numpy(float), 7 * 24).reshape(7, 24)
    grid = np.where(hours > 0, attempts / np.maximum(hours, 1), np.nan)
    _mesh(axes, grid)
    axes.set_xticks(np.arange(0, 24, 3) + 0.5, [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_yticks(np.arange(7) + 0.5, WEEKDAYS)
    axes.invert_yaxis()
    day, hour = np.unravel_index(np.nanargmax(grid), grid.shape)
    most = draw.number(round(float(grid[day, hour]), 1))
    note = f"busiest: {WEEKDAYS[day]} {hour:02d}\N{EN DASH}{hour + 1:02d} h, {most} calls an hour"
    draw.tidy(axes, title, note=note)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlabel(f"hour, {timezone}", fontsize="small", alpha=0.85, loc="left")
    return axes


def _mesh(axes: "Axes", grid: np.ndarray) -> None:
    from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, to_rgb  # noqa: PLC0415
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    colour = to_rgb(draw.BLUE)
    # One colour from nearly clear to full: it reads on white and on black.
    ramp = LinearSegmentedColormap.from_list("calls", [(*colour, 0.06), (*colour, 1.0)])
    levels = MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(0, max(np.nanmax(grid), 1))
    mesh = axes.pcolormesh(grid, cmap=ramp, norm=BoundaryNorm(levels, ramp.N))
    figure: Any = axes.get_figure()
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=24, ticks=levels)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize="small")
    bar.set_label("mean calls an hour", fontsize="small")


def plot_concurrency(
    history: History,
    *,
    freq: str | None = None,
    timezone: str = "UTC",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how many calls went on at once, with the peak marked.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw.
    freq : str, optional
        Stretches of time; chosen by the time covered. Each shows its peak and its mean
        (erlangs); a short history shows the curve itself.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Answered calls (legs) at once over time.
    """
    axes = draw.canvas(ax)
    title = "Calls at once"
    hours = concurrency(history, freq="h", timezone=timezone)
    if hours.empty:
        return draw.nothing(axes, title, "No answered calls")
    top = highest(hours, "peak")
    steps = None
    if freq is None and len(hours) <= _CURVE_HOURS:
        steps = concurrency(history, freq=None, timezone=timezone)
    if steps is not None and len(steps) <= _CURVE_STEPS:
        begun, ended, line = _curve(axes, steps)
    else:
        freq = freq or _stretch(len(hours))
        frame = hours if freq == "h" else concurrency(history, freq=freq, timezone=timezone)
        title = f"Calls at once per {draw.WORDS.get(freq, freq)}"
        begun, ended, line = _envelope(axes, frame, freq)
    draw.tidy(axes, title, legend=line)
    draw.thousands(axes)
    axes.set_ylabel("calls")
    axes.set_ylim(0, int(top["peak"]) * 1.22 + 0.5)
    draw.time_axis(axes, begun, ended, timezone)
    _mark(axes, top["peak_at"], int(top["peak"]))
    return axes


def _stretch(hours: int) -> str:
    for most, freq in ((_CURVE_HOURS, "5min"), (24 * 35, "h"), (24 * 800, "D")):
        if hours <= most:
            return freq
    return "W"


def _curve(axes: "Axes", frame: pd.DataFrame) -> tuple[float, float, bool]:
    moments = draw.days(frame["start"])
    calls = frame["calls"].to_numpy(float)
    axes.fill_between(moments, calls, step="post", color=draw.BLUE, alpha=0.3, linewidth=0)
    axes.step(moments, calls, where="post", color=draw.BLUE, linewidth=1)
    return moments[0], moments[-1], False


def _envelope(axes: "Axes", frame: pd.DataFrame, freq: str) -> tuple[float, float, bool]:
    ended = _ends(frame["start"], freq)
    edges = np.append(draw.days(frame["start"]), ended[-1])
    for name, colour, alpha, label in (
        ("peak", draw.BLUE, 0.35, "peak"),
        ("erlangs", draw.BLUE, 1.0, "mean (erlangs)"),
    ):
        values = frame[name].to_numpy(float)
        axes.stairs(values, edges, fill=True, color=colour, alpha=alpha, label=label, linewidth=0)
    return edges[0], edges[-1], True


def _mark(axes: "Axes", when: pd.Timestamp, calls: int) -> None:
    at = draw.days(pd.Series([when]))[0]
    low, high = axes.get_xlim()
    right = at > (low + high) / 2
    text = f"peak {calls}, {when:%a} {when.day} {when:%b %Y %H:%M}"
    axes.plot([at], [calls], marker="o", markersize=5, color=draw.RED)
    axes.annotate(
        text, (at, calls), (-8 if right else 8, 5), textcoords="offset points",
        ha="right" if right else "left", fontsize="small", color=draw.RED,
    )  # fmt: skip


def plot_durations(history: History, *, ax: "Axes | None" = None) -> "Axes":
    """Draw how long the answered calls last.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The share of the answered calls by class of duration; the classes grow longer.
    """
    axes = draw.canvas(ax)
    title = "Duration of answered calls"
    (stats,) = records(duration_stats(history))
    if not stats["calls"]:
        return draw.nothing(axes, title, "No answered calls")
    frame = duration_histogram(history)
    axes.bar(np.arange(len(frame)), frame["share"].to_numpy(float) * 100, 0.86, color=draw.BLUE)
    names = [_class(row["from_seconds"], row["to_seconds"]) for row in records(frame)]
    axes.set_xticks(np.arange(len(frame)), names, fontsize="small")
    if draw.points(axes) < 330:  # noqa: PLR2004
        axes.tick_params("x", labelsize=6.5)
    note = (
        f"half last at most {draw.spoken(stats['p50'])}, nine in ten {draw.spoken(stats['p90'])}, "
        f"99 % {draw.spoken(stats['p99'])}"
    )
    draw.tidy(axes, title, note=note)
    axes.set_ylabel("% of answered calls")
    return axes


def _class(begin: int, end: Any) -> str:
    if pd.isna(end):
        return f"\N{GREATER-THAN OR EQUAL TO}{begin // 60}\nmin"
    unit, size = ("s", 1) if begin < 60 else ("min", 60)  # noqa: PLR2004
    return f"{begin // size}\N{EN DASH}{end // size}\n{unit}"


def plot_quality(
    history: History,
    *,
    direction: Literal["out", "in"] | None = "out",
    freq: str | None = None,
    timezone: str = "UTC",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the answer-seizure ratio and the average call duration over time.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw.
    direction : {"out", "in", None}
        Which calls; the incoming ones are answered by the scenario.
    freq : str, optional
        Stretches of time; chosen by the time covered.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    ax : matplotlib.axes.Axes, optional
        Where to draw; the ACD goes on an axis of its own on the right.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the ASR. A stretch without attempts, or answers, leaves a gap; so does
        one with less than a twentieth of the usual attempts, which says nothing.
    """
    axes = draw.canvas(ax)
    freq = freq or _suited(history)
    calls = f"{_DIRECTIONS[direction]} calls"
    title = f"ASR and ACD per {draw.WORDS.get(freq, freq)}, {calls}"
    frame = traffic(_only(history, direction), freq=freq, timezone=timezone).dropna(subset="start")
    if frame.empty:
        return draw.nothing(axes, title, f"No {calls}")
    begun, ended = draw.days(frame["start"]), _ends(frame["start"], freq)
    attempts = frame["legs"].to_numpy(float)
    few = attempts * _JUDGED < np.median(attempts[attempts > 0])
    middle = (begun + ended) / 2
    ratio = frame["accepted"] / frame["arrived"] if direction == "in" else frame["asr"]
    asr = ratio.to_numpy(float, na_value=np.nan)
    dots: dict[str, Any] = {"marker": "o", "markersize": 3 if len(begun) < 100 else 0}  # noqa: PLR2004
    axes.plot(middle, np.where(few, np.nan, asr) * 100, color=draw.BLUE,
              label="ASR, % answered (left)", **dots)  # fmt: skip
    right = axes.twinx()
    acd = frame["acd_in" if direction == "in" else "acd"].to_numpy(float, na_value=np.nan)
    lasting = np.where(few, np.nan, acd) / 60
    right.plot(middle, lasting, color=draw.AMBER, **dots)
    axes.plot([], [], color=draw.AMBER, label="ACD, minutes (right)", **dots)
    draw.tidy(axes, title, legend=True)
    axes.set_ylim(0, 100)
    axes.set_ylabel("ASR, %", color=draw.BLUE)
    right.set_ylim(0, max(np.nanmax(lasting, initial=0) * 1.25, 0.1))
    right.set_ylabel("ACD, min", color=draw.AMBER)
    right.tick_params(length=0)
    for spine in right.spines.values():
        spine.set_visible(False)
    draw.time_axis(axes, begun[0], ended[-1], timezone)
    return axes


def _only(history: History, direction: str | None) -> History:
    source = Source.of(history)
    if direction is None:
        return source.tables
    wanted = source.legs.outgoing if direction == "out" else source.legs.incoming
    return {**source.tables, "calls": source["calls"].filter(pa.array(wanted))}
