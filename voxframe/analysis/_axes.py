"""Axes that look alike: colours, titles, time that reads well. Needs the ``plots`` extra."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voxframe._extras import needed_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, AMBER, TEAL, RED = "#2f6fb7", "#dd9a2b", "#3a9b84", "#c8453c"
"""Told apart in every common kind of colour blindness, on light and on dark."""

_HOUR, _DAY = 3600, 86_400
_FREQUENCIES = (
    (2 * _HOUR, "5min"), (4 * _DAY, "h"), (100 * _DAY, "D"), (750 * _DAY, "W"),
)  # fmt: skip
# Points that a letter of a note, a letter of a title, a line and the key of a legend take.
_LETTER, _BOLD, _LINE, _KEY = 4.9, 7.2, 15, 32
# Points that the labels beside the axes take.
_BESIDE = 70
_PLACES = ((100, 0), (10, 1), (1, 2), (0, 4))
WORDS = {"5min": "five minutes", "h": "hour", "D": "day", "W": "week", "M": "month"}


def library() -> Any:
    """Import matplotlib, when something is drawn and not before."""
    with needed_for("a plot", "plots"):
        import matplotlib as mpl  # noqa: PLC0415
    return mpl


def suited(first: int, last: int) -> str:
    """Choose the stretch of time that gives a picture some dozens of points."""
    for longest, freq in _FREQUENCIES:
        if last - first <= longest:
            return freq
    return "M"


def canvas(ax: "Axes | None") -> "Axes":
    """Return the axes to draw on, new ones if there are none; titles and labels get their room."""
    library()
    if ax is not None:
        figure = ax.get_figure(root=True)
        if figure is not None and figure.get_layout_engine() is None:
            figure.set_layout_engine("tight")
        return ax
    import matplotlib.pyplot as plt  # noqa: PLC0415

    _, new = plt.subplots(figsize=(9, 4), layout="constrained")
    return new


def _arranged(ax: "Axes", width: float) -> tuple[int, int]:
    """Return how many columns of the legend fit, and how many lines it then has."""
    sizes = [len(label) * _LETTER + _KEY for label in ax.get_legend_handles_labels()[1]]
    fit = len(sizes) if sum(sizes) <= width else max(1, int(width // max(sizes)))
    return fit, -(-len(sizes) // fit)


def tidy(ax: "Axes", title: str, *, legend: bool = False, note: str = "") -> None:
    """Set title, note and legend so that narrow axes hold them; keep only what helps to read."""
    width = points(ax)
    lines = textwrap.wrap(note, max(24, int(width / _LETTER))) if note else []
    columns, rows = _arranged(ax, width) if legend else (1, 0)
    head = "\n".join(textwrap.wrap(title, max(20, int(width / _BOLD))))
    ax.set_title(head, loc="left", fontweight="bold", pad=10 + _LINE * (len(lines) + rows))
    if note:
        ax.annotate("\n".join(lines), (0, 1), (0, 8 + _LINE * rows), "axes fraction",
                    textcoords="offset points", fontsize="small", alpha=0.85)  # fmt: skip
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)
    ax.tick_params("x", pad=7)
    ax.grid(axis="y", alpha=0.25, linewidth=0.7)
    ax.set_axisbelow(True)
    if legend:
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 0.99), ncols=columns, frameon=False,
            fontsize="small", borderaxespad=0.3, handlelength=1.1, columnspacing=1.4,
        )  # fmt: skip


def nothing(ax: "Axes", title: str, what: str) -> "Axes":
    """Write into an empty picture that there is nothing to see."""
    tidy(ax, title)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.5, 0.5, what, transform=ax.transAxes, ha="center", va="center", alpha=0.7)
    return ax


def days(moments: pd.Series) -> NDArray[np.float64]:
    """Return instants as matplotlib's days since 1970."""
    utc = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    micros = utc.to_numpy().astype("datetime64[us]").astype(np.int64)
    return np.asarray(micros / (_DAY * 1e6), np.float64)


def points(ax: "Axes") -> float:
    """Return about how many points wide the axes will be, before any layout."""
    figure, spec = ax.get_figure(root=True), ax.get_subplotspec()
    if figure is None:
        return 0.0
    now = float(ax.get_window_extent().width * 72 / figure.dpi)
    if spec is None or figure.get_layout_engine() is None or spec.get_topmost_subplotspec() != spec:
        return now
    columns = len(spec.colspan) / spec.get_gridspec().ncols
    return float(figure.get_figwidth() * 72 * columns - _BESIDE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a part of a picture says, for a page that shows it under the pointer."""

    left: float
    right: float
    text: str
    below: float | None = None
    """Where the part ends on the y axis; None is over the whole height."""
    above: float | None = None


_READINGS: "WeakKeyDictionary[Axes, list[Reading]]" = WeakKeyDictionary()


def say(ax: "Axes", parts: Iterable[Reading]) -> None:
    """Keep what the parts of a picture say."""
    _READINGS[ax] = list(parts)


def readings(ax: "Axes") -> list[Reading]:
    """Return what the parts of a picture say."""
    return _READINGS.get(ax, [])


def day(moment: datetime) -> str:
    """Write a date for people."""
    return f"{moment.day} {moment:%b %Y}"


def thousands(ax: "Axes") -> None:
    """Write the y axis with a thin space between thousands."""
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415

    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def number(value: float) -> str:
    """Write a number for people: three digits that matter, thousands apart."""
    size = abs(value)
    places = 0 if value == round(value) else next(n for least, n in _PLACES if size >= least)
    text = f"{value:,.{places}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return text.rstrip("0").rstrip(".") if "." in text else text


def spoken(seconds: float) -> str:
    """Write a duration for people."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{round(whole / 60)} min"  # noqa: PLR2004
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
