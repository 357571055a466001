"""The report's pictures: SVG that takes its colours and its type from the page."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

from voxframe.analysis import _axes, plots
from voxframe.report._parts import Page

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


_PART = "part"


def _under_the_pointer(axes: Any) -> list[str]:
    """Lay a clear rectangle over each part of a picture; return what each says."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    parts = _axes.readings(axes)
    low, high = axes.get_ylim()
    for nth, part in enumerate(parts):
        bottom = low if part.below is None else part.below
        top = high if part.above is None else part.above
        box = Rectangle(
            (part.left, bottom), part.right - part.left, top - bottom, facecolor=_INK, alpha=0.0,
            linewidth=0, gid=f"{_PART}{nth}",
        )  # fmt: skip
        axes.add_patch(box)
    return [part.text for part in parts]


def _draw(plot: Callable[..., Any], size: tuple[float, float], name: str, **given: Any) -> str:
    """Draw one picture; on a desk its parts say what they are."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: Any = {**mpl.rcParamsDefault, **_STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        plot(ax=axes, **given)
        texts = _under_the_pointer(axes) if size != _NARROW else []
        written = io.StringIO()
        no_data = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=no_data)
    svg = written.getvalue()
    for nth, text in enumerate(texts):
        title = f'<g class="{_PART}"><title>{escape(text)}</title>'
        svg = svg.replace(f'<g id="{_PART}{nth}">', title, 1)
    return svg


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


def pictures(page: Page) -> list[Picture]:
    """Draw all pictures of a page, in its order, as SVG elements for an HTML body."""
    currency = page.currency if isinstance(page.currency, str) else None
    near = page.far_ends
    timed = {"timezone": page.timezone}
    wanted: tuple[tuple[Callable[..., Any], str, bool, dict[str, Any]], ...] = (
        (plots.plot_cost, "Cost over time, by kind", False, {**timed, "currency": currency}),
        (plots.plot_concurrency, "Outside calls at once over time", False, {**timed, **near}),
        (plots.plot_heatmap, "Outside calls by hour and weekday", True, {**timed, **near}),
        (plots.plot_durations, "Length of answered outside calls", True, near),
        (plots.plot_quality, "Share of calls placed that were answered", True, {**timed, **near}),
        (plots.plot_acd, "Average length of calls placed", True, {**timed, **near}),
    )
    drawn = []
    for plot, label, half, given in wanted:
        name = plot.__name__.removeprefix("plot_")
        sizes = {"wide": _HALF if half else _WIDE, "narrow": _NARROW}
        svg = {
            form: _adapt(
                _draw(plot, size, name, history=page.history, **given), f"{name}-{form}", label
            )
            for form, size in sizes.items()
        }
        drawn.append(Picture(name, label, half, **svg))
    return drawn
