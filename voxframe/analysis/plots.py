"""Pictures of a call history, for notebooks and reports. Needs the ``plots`` extra.

Each function draws one picture on ``ax``, or on a new figure, and returns the axes; a
figure without a layout gets matplotlib's tight one, for the room that titles need. The
figures are those of :mod:`voxframe.analysis`, where their definitions stand. Times are
those of ``timezone``. An empty history gives an empty picture that says so.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from voxframe.analysis import _axes as draw
from voxframe.analysis._answers import plot_acd, plot_quality
from voxframe.analysis._arguments import checked
from voxframe.analysis._axes import Reading
from voxframe.analysis._bins import WEEKDAYS
from voxframe.analysis._concurrency import concurrency
from voxframe.analysis._costs import cost_breakdown
from voxframe.analysis._currency import Currency
from voxframe.analysis._durations import duration_histogram, duration_stats
from voxframe.analysis._output import highest, records
from voxframe.analysis._source import Entries, History
from voxframe.analysis._time_axis import (
    ends_of,
    missing,
    names_of,
    partial,
    parts_of,
    suited,
    time_axis,
)
from voxframe.analysis._traffic import traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "plot_acd",
    "plot_concurrency",
    "plot_cost",
    "plot_durations",
    "plot_heatmap",
    "plot_quality",
]

_KINDS = {
    "calls": ("calls", draw.BLUE),
    "records": ("recordings", draw.AMBER),
    "resources": ("other", draw.TEAL),
}
# From here on two decimal places of money have three digits that matter.
_LARGE = 10
_CURVE_HOURS = 48
_CURVE_STEPS = 2000
_PALE = 0.45
_NOT_READ = "not read"
_PARTLY = "paler: read only in part"
# Points under which the classes of duration stand upright, or are written smaller.
_NARROW, _MIDDLING = 250, 450
# More parts than this under the pointer are too narrow to hit.
_PARTS = 200


@checked
def plot_cost(
    history: History,
    *,
    freq: str | None = None,
    timezone: str = "UTC",
    currency: Currency = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the cost over time, stacked by what it was paid for.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to draw.
    freq : str, optional
        As in :func:`~voxframe.analysis.cost_breakdown`; chosen by the time covered.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    currency : str or mapping of int to str, optional
        What prices are in, as in :func:`~voxframe.analysis.cost_breakdown`. Prices in
        several currencies have no common height: the picture then says so and is empty.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        One bar a stretch of time, in the account's currency; paler where the stretch was
        read only in part.

    Examples
    --------
    >>> axes = plots.plot_cost(history, timezone="Europe/Berlin", currency="EUR")
    >>> axes.figure.savefig("cost.svg")
    """
    axes = draw.canvas(ax)
    freq = freq or suited(history)
    title = f"Cost per {draw.WORDS.get(freq, freq)}"
    frame = cost_breakdown(history, freq=freq, timezone=timezone, currency=currency)
    frame = frame.dropna(subset="start")
    if frame.empty:
        return draw.nothing(axes, title, "No sessions")
    units = [] if currency is None else sorted(frame["currency"].dropna().unique())
    if len(units) > 1:
        return draw.nothing(axes, title, f"Prices are in {' and '.join(units)}")
    title += f", {units[0]}" if units else ""
    accounts = " (several accounts)" if "note" in frame.attrs else ""
    begun, ended = draw.days(frame["start"]), ends_of(frame["start"], freq)
    width = (ended - begun) * (0.86 if len(begun) < 120 else 1.0)  # noqa: PLR2004
    floor, cut = np.zeros(len(begun)), partial(frame)
    texts = names_of(frame, freq)
    costs = [frame[f"{kind}_cost"] for kind in _KINDS]
    places = 2 if sum(cost.fillna(0).sum() for cost in costs) >= _LARGE else 4
    for (kind, colour), cost in zip(_KINDS.values(), costs, strict=True):
        height = cost.fillna(0).to_numpy(float)
        said = _NOT_READ if cost.isna().all() else f"{height.sum():,.{places}f}"
        label = f"{kind} {said}"
        axes.bar(begun, height, width, floor, align="edge", color=colour, label=label)
        floor += height
        values = [_NOT_READ if pd.isna(each) else f"{each:,.{places}f}" for each in cost]
        texts = [f"{text}\n{kind} {value}" for text, value in zip(texts, values, strict=True)]
    draw.say(axes, parts_of(begun, ended, texts, cut))
    draw.tidy(axes, title, legend=True, note=_PARTLY if cut.any() else "")
    for bars in axes.containers:  # once the legend has its keys
        for at in np.flatnonzero(cut):
            bars[at].set_alpha(_PALE)
    draw.thousands(axes)
    axes.set_ylim(0, floor.max() * 1.06 or 1)
    axes.set_ylabel(units[0] if units else f"account's currency{accounts}")
    time_axis(axes, begun[0], ended[-1], timezone)
    return axes


@checked
def plot_heatmap(
    history: History,
    *,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw when calls are made: the mean number of outside calls by hour and weekday.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to draw. Hours between the first and the last call count, those without
        calls too, but for those that were read only in part, which would lower the mean; a
        weekday that the history does not reach stays blank.
    timezone : str
        IANA name of the timezone whose clock and week are meant.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`~voxframe.analysis.far_ends`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        24 columns and 7 rows, with a colour bar.

    Examples
    --------
    >>> axes = plots.plot_heatmap(history, timezone="Europe/Berlin")
    >>> axes.figure.savefig("heatmap.png")
    """
    axes = draw.canvas(ax)
    title = "Outside calls by hour and weekday"
    frame = traffic(
        history, freq="h", timezone=timezone, own=own, machine=machine, network=network
    ).dropna(subset="start")
    if frame.empty:
        return draw.nothing(axes, title, missing(history, "No calls"))
    frame = frame[~partial(frame)]
    if frame.empty:
        return draw.nothing(axes, title, "No hour was read in full")
    place = (frame["start"].dt.day_of_week * 24 + frame["start"].dt.hour).to_numpy(np.int64)
    hours = np.bincount(place, minlength=7 * 24).reshape(7, 24)
    attempts = np.bincount(place, frame["legs"].to_numpy(float), 7 * 24).reshape(7, 24)
    grid = np.where(hours > 0, attempts / np.maximum(hours, 1), np.nan)
    _mesh(axes, grid)
    draw.say(
        axes,
        [
            Reading(
                hour, hour + 1,
                f"{WEEKDAYS[day]} {hour:02d}\N{EN DASH}{hour + 1:02d} h\n"
                f"{grid[day, hour]:.1f} calls an hour", day, day + 1,
            )
            for day, hour in np.argwhere(hours > 0).tolist()
        ],
    )  # fmt: skip
    axes.set_xticks(np.arange(0, 24, 3) + 0.5, [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_yticks(np.arange(7) + 0.5, WEEKDAYS)
    axes.invert_yaxis()
    day, hour = np.unravel_index(np.nanargmax(grid), grid.shape)
    most = draw.number(round(float(grid[day, hour]), 1))
    busiest = f"{WEEKDAYS[day]} {hour:02d}\N{EN DASH}{hour + 1:02d} h"
    note = f"busiest: {busiest}, {most} call{'' if most == '1' else 's'} an hour"
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


@checked
def plot_concurrency(
    history: History,
    *,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how many outside calls went on at once, with the peak marked.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to draw.
    freq : str, optional
        Stretches of time; chosen by the time covered. Each shows its peak and its mean
        (erlangs); a short history shows the curve itself.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`~voxframe.analysis.far_ends`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        Answered calls of the telephone network at once over time; the legend says when the
        most were.

    Examples
    --------
    >>> axes = plots.plot_concurrency(history, timezone="Europe/Berlin")
    >>> axes.figure.savefig("concurrency.png")
    """
    axes = draw.canvas(ax)
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    title = "Outside calls at once"
    whose: dict[str, Any] = {"own": own, "machine": machine, "network": network}
    hours = concurrency(history, freq="h", timezone=timezone, **whose)
    if hours.empty:
        return draw.nothing(axes, title, missing(history, "No answered calls"))
    top = highest(hours, "peak")
    steps = None
    if freq is None and len(hours) <= _CURVE_HOURS:
        steps = concurrency(history, freq=None, timezone=timezone, **whose)
    if steps is not None and len(steps) <= _CURVE_STEPS:
        begun, ended = _curve(axes, steps)
    else:
        freq = freq or _stretch(len(hours))
        frame = (
            hours if freq == "h" else concurrency(history, freq=freq, timezone=timezone, **whose)
        )
        title = f"Outside calls at once per {draw.WORDS.get(freq, freq)}"
        begun, ended = _envelope(axes, frame, freq)
    _mark(axes, top["peak_at"], int(top["peak"]))
    wide = hours if len(hours) <= _PARTS else None
    per = "h" if wide is not None else ("D" if len(hours) <= 24 * _PARTS else "W")
    if wide is None:
        wide = concurrency(history, freq=per, timezone=timezone, **whose)
    draw.say(axes, _most(wide, per))
    draw.tidy(axes, title, legend=True)
    draw.thousands(axes)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_ylabel("calls")
    axes.set_ylim(0, int(top["peak"]) * 1.12 + 0.5)
    time_axis(axes, begun, ended, timezone)
    return axes


def _most(frame: pd.DataFrame, freq: str) -> list[Reading]:
    texts = [
        f"{name}\nmost {peak}, mean {mean:.2f} erlangs"
        for name, peak, mean in zip(
            names_of(frame, freq), frame["peak"], frame["erlangs"], strict=True
        )
    ]
    return parts_of(draw.days(frame["start"]), ends_of(frame["start"], freq), texts, partial(frame))


def _stretch(hours: int) -> str:
    for most, freq in ((_CURVE_HOURS, "5min"), (24 * 35, "h"), (24 * 800, "D")):
        if hours <= most:
            return freq
    return "W"


def _curve(axes: "Axes", frame: pd.DataFrame) -> tuple[float, float]:
    moments = draw.days(frame["start"])
    calls = frame["calls"].to_numpy(float)
    axes.fill_between(moments, calls, step="post", color=draw.BLUE, alpha=0.3, linewidth=0)
    axes.step(moments, calls, where="post", color=draw.BLUE, linewidth=1)
    return moments[0], moments[-1]


def _envelope(axes: "Axes", frame: pd.DataFrame, freq: str) -> tuple[float, float]:
    ended = ends_of(frame["start"], freq)
    edges = np.append(draw.days(frame["start"]), ended[-1])
    for name, colour, alpha, label in (
        ("peak", draw.BLUE, 0.35, "most"),
        ("erlangs", draw.BLUE, 1.0, "mean (erlangs)"),
    ):
        values = frame[name].to_numpy(float)
        axes.stairs(values, edges, fill=True, color=colour, alpha=alpha, label=label, linewidth=0)
    return edges[0], edges[-1]


def _mark(axes: "Axes", when: pd.Timestamp, calls: int) -> None:
    """Mark the peak; in the legend its moment is in nothing's way."""
    at = draw.days(pd.Series([when]))[0]
    label = f"peak {calls}, {when:%a} {when.day} {when:%b %Y %H:%M}"
    axes.plot([at], [calls], "o", markersize=5, color=draw.RED, label=label)


@checked
def plot_durations(
    history: History,
    *,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw how long the answered outside calls last.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to draw.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`~voxframe.analysis.far_ends`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The share of the answered outside calls by class of duration; the classes grow
        longer.

    Examples
    --------
    >>> axes = plots.plot_durations(history)
    >>> axes.figure.savefig("durations.png")
    """
    axes = draw.canvas(ax)
    title = "How long answered outside calls last"
    whose: dict[str, Any] = {"own": own, "machine": machine, "network": network}
    (stats,) = records(duration_stats(history, **whose))
    if not stats["calls"]:
        return draw.nothing(axes, title, missing(history, "No answered calls"))
    frame = duration_histogram(history, **whose)
    axes.bar(np.arange(len(frame)), frame["share"].to_numpy(float) * 100, 0.86, color=draw.BLUE)
    names = [_class(row["from_seconds"], row["to_seconds"]) for row in records(frame)]
    upright = draw.points(axes) < _NARROW
    shown = [" ".join(name.split()) for name in names] if upright else names
    axes.set_xticks(np.arange(len(frame)), shown, fontsize="small", rotation=90 if upright else 0)
    if draw.points(axes) < _MIDDLING:
        axes.tick_params("x", labelsize=6.5)
    half, most, nearly = (draw.spoken(stats[name]) for name in ("p50", "p90", "p99"))
    parts = (f"median {half}", f"90th percentile {most}", f"99th percentile {nearly}")
    note = ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    draw.say(
        axes,
        [
            Reading(at - 0.5, at + 0.5, f"{' '.join(name.split())}\n{share:.1%} of answered calls")
            for at, (name, share) in enumerate(zip(names, frame["share"], strict=True))
        ],
    )
    draw.tidy(axes, title, note=note)
    axes.set_ylabel("% of answered calls")
    return axes


def _class(begin: int, end: Any) -> str:
    if pd.isna(end):
        return f"\N{GREATER-THAN OR EQUAL TO}{begin // 60}\nmin"
    unit, size = ("s", 1) if begin < 60 else ("min", 60)  # noqa: PLR2004
    return f"{begin // size}\N{EN DASH}{end // size}\n{unit}"
