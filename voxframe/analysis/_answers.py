"""Pictures of how many calls were answered, and how long those lasted; one axis each."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from voxframe.analysis import _axes as draw
from voxframe.analysis._arguments import checked
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

_WORDS = {"out": "outgoing calls", "in": "incoming calls"}
# A stretch with less than this part of the usual calls says nothing of its own.
_JUDGED = 1 / 20
# Points squared: the areas of a dot for the fewest calls and for the most.
_SMALL, _LARGE = 4, 70


@checked
def plot_quality(
    history: History,
    *,
    direction: Literal["out", "in"] = "out",
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the share of outside calls that were answered (ASR) over time.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to draw.
    direction : {"out", "in"}
        Calls placed, or those that came in, which are accepted by the scenario.
    freq : str, optional
        Stretches of time; chosen by the time covered.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`~voxframe.analysis.far_ends`.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        One dot a stretch, as large as it has calls, 0 to 100 %; hollow where it was not
        wholly read. A stretch without calls leaves a gap; so does one with less than a
        twentieth of the usual, which says nothing.

    Examples
    --------
    Two pictures beside each other:

    >>> import matplotlib.pyplot as plt
    >>> figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    >>> axes = plots.plot_quality(history, freq="W", ax=left)
    >>> axes = plots.plot_acd(history, freq="W", ax=right)
    """
    axes = draw.canvas(ax)
    freq = freq or suited(history)
    whose: dict[str, Any] = {"own": own, "machine": machine, "network": network}
    frame = traffic(history, freq=freq, timezone=timezone, **whose).dropna(subset="start")
    whole, part = ("attempts", "answered") if direction == "out" else ("arrived", "accepted")
    word = "answered" if direction == "out" else "accepted"
    title = f"{_WORDS[direction].capitalize()} {word}, per {draw.WORDS.get(freq, freq)}"
    calls = frame[whole].fillna(0).to_numpy(float)
    if not calls.any():
        return draw.nothing(axes, title, missing(history, f"No {_WORDS[direction]}"))
    share = frame[part].to_numpy(float) / np.where(calls, calls, np.nan) * 100
    texts = [f"{value:.1f} % {word}" for value in share]
    note = f"{np.nansum(share * calls) / calls.sum():.1f} % of {draw.number(calls.sum())} calls"
    _dots(
        axes, frame, share, calls, freq=freq, texts=texts, look=(draw.BLUE, title, note, timezone)
    )
    axes.set_ylim(0, 104)
    axes.set_ylabel(f"% {word}")
    return axes


@checked
def plot_acd(
    history: History,
    *,
    direction: Literal["out", "in"] = "out",
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the average length of answered outside calls (ACD) over time.

    Parameters
    ----------
    history, direction, freq, timezone, own, machine, network, ax
        As in :func:`plot_quality`.

    Returns
    -------
    matplotlib.axes.Axes
        One dot a stretch, minutes, as large as it has answered calls.

    Examples
    --------
    >>> axes = plots.plot_acd(history, direction="in", timezone="Europe/Berlin")
    >>> axes.figure.savefig("acd.png")
    """
    axes = draw.canvas(ax)
    freq = freq or suited(history)
    whose: dict[str, Any] = {"own": own, "machine": machine, "network": network}
    frame = traffic(history, freq=freq, timezone=timezone, **whose).dropna(subset="start")
    name, part = ("acd", "answered") if direction == "out" else ("acd_in", "accepted")
    title = f"Average length of {_WORDS[direction]}, per {draw.WORDS.get(freq, freq)}"
    calls = frame[part].fillna(0).to_numpy(float)
    lasting = frame[name].to_numpy(float, na_value=np.nan)
    if not calls.any() or np.isnan(lasting).all():
        return draw.nothing(axes, title, missing(history, "No answered calls"))
    texts = ["" if np.isnan(each) else f"average {draw.spoken(each)}" for each in lasting]
    mean = np.nansum(lasting * calls) / calls[~np.isnan(lasting)].sum()
    note = f"{draw.spoken(mean)} in {draw.number(calls.sum())} answered calls"
    _dots(
        axes,
        frame,
        lasting / 60,
        calls,
        freq=freq,
        texts=texts,
        look=(draw.TEAL, title, note, timezone),
    )
    axes.set_ylim(0, max(np.nanmax(lasting) / 60 * 1.2, 0.1))
    axes.set_ylabel("minutes")
    return axes


def _dots(
    axes: "Axes",
    frame: pd.DataFrame,
    values: Any,
    calls: Any,
    *,
    freq: str,
    texts: list[str],
    look: tuple[str, str, str, str],
) -> None:
    """Draw a line of dots, each as large as it has calls."""
    colour, title, note, timezone = look
    begun, ended = draw.days(frame["start"]), ends_of(frame["start"], freq)
    middle, cut = (begun + ended) / 2, partial(frame)
    few = calls < np.median(calls[calls > 0]) * _JUDGED
    shown = np.where(few, np.nan, values)
    axes.plot(middle, shown, color=colour, linewidth=1.1, alpha=0.7)
    crowd = 1 if len(begun) < 100 else 0.3  # noqa: PLR2004 - more would lie over each other
    size = (_SMALL + (_LARGE - _SMALL) * calls / calls.max()) * crowd
    face = [("none" if short else colour) for short in cut]
    axes.scatter(middle, shown, size, facecolors=face, edgecolors=colour, linewidths=1, zorder=3)
    hollow = "; hollow: read only in part" if cut.any() else ""
    draw.tidy(axes, title, note=f"{note}; larger dot: more calls{hollow}")
    time_axis(axes, begun[0], ended[-1], timezone)
    written = [
        f"{name}\n{text}\n{draw.number(count)} calls" if count else f"{name}\nno calls"
        for name, text, count in zip(names_of(frame, freq), texts, calls, strict=True)
    ]
    draw.say(axes, parts_of(begun, ended, written, cut))
