"""The report's pictures: SVG that takes its colours and its type from the page."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voxframe.analysis import _axes, plots
from voxframe.analysis._source import History

_INK = "#010203"
_VARIABLES = {
    _INK: "var(--ink)",
    _axes.BLUE: "var(--blue)",
    _axes.AMBER: "var(--amber)",
    _axes.TEAL: "var(--teal)",
    _axes.RED: "var(--red)",
}
_STYLE: dict[str, Any] = {
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color",
         "grid.color"), _INK,
    ),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
}  # fmt: skip
_WIDE, _HALF, _NARROW = (12.6, 3.5), (6.4, 3.5), (4.9, 3.5)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, drawn for a desk and for a phone."""

    name: str
    label: str
    half: bool
    wide: str
    narrow: str


def _draw(plot: Callable[..., Any], size: tuple[float, float], name: str, **given: Any) -> str:
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: Any = {**mpl.rcParamsDefault, **_STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        plot(ax=figure.subplots(), **given)
        written = io.StringIO()
        no_data = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=no_data)
    return written.getvalue()


def _adapt(svg: str, name: str, label: str) -> str:
    """Leave nothing fixed that the page should decide, and no id that could occur twice."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    viewbox = re.search(r'viewBox="[^"]*"', body)
    head = f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" {viewbox[0] if viewbox else ""}'
    body = re.sub(r"<svg[^>]*>", f'{head} role="img" aria-label="{label}">', body, count=1)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    body = re.sub(r"'DejaVu Sans'[^;\"]*", "var(--type)", body)
    for fixed, variable in _VARIABLES.items():
        body = body.replace(fixed, variable)
    return body.strip()


def pictures(history: History, timezone: str) -> list[Picture]:
    """Draw all pictures of a history.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to draw.
    timezone : str
        IANA name of the timezone that labels the time.

    Returns
    -------
    list of Picture
        In the order of the page, as SVG elements for an HTML body.
    """
    wanted: tuple[tuple[Callable[..., Any], str, bool], ...] = (
        (plots.plot_cost, "Cost over time, by kind", False),
        (plots.plot_concurrency, "Calls at once over time", False),
        (plots.plot_heatmap, "Calls by hour and weekday", True),
        (plots.plot_durations, "Duration of answered calls", True),
        (plots.plot_quality, "Answer-seizure ratio and average call duration over time", False),
    )
    drawn = []
    for plot, label, half in wanted:
        given: dict[str, Any] = {"history": history}
        if plot is not plots.plot_durations:
            given["timezone"] = timezone
        name = plot.__name__.removeprefix("plot_")
        sizes = {"wide": _HALF if half else _WIDE, "narrow": _NARROW}
        svg = {
            form: _adapt(_draw(plot, size, name, **given), f"{name}-{form}", label)
            for form, size in sizes.items()
        }
        drawn.append(Picture(name, label, half, **svg))
    return drawn
