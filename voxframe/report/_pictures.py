"""The report's pictures: SVG that takes its colours and its type from the page."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voxframe.analysis import _axes, plots
from voxframe.analysis._source import History, flags
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
_WIDE, _HALF, _NARROW = (10.8, 3.2), (5.4, 3.2), (4.9, 3.5)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, drawn for a desk and for a phone."""

    section: str
    half: bool
    wide: str = ""
    narrow: str = ""
    title: str = ""
    nothing: str = ""
    """What stands instead of an empty picture."""


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


def _draw(
    plot: Callable[..., Any], size: tuple[float, float], name: str, **given: Any
) -> tuple[str, str, str]:
    """Draw one picture, whose parts on a desk say what they are; without data, say so in words."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style: Any = {**mpl.rcParamsDefault, **_STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        plot(ax=axes, **given)
        if not axes.has_data():
            return "", axes.get_title(loc="left"), axes.texts[0].get_text()
        texts = _under_the_pointer(axes) if size != _NARROW else []
        written = io.StringIO()
        no_data = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", metadata=no_data)
    svg = written.getvalue()
    for nth, text in enumerate(texts):
        title = f'<g class="{_PART}"><title>{escape(text)}</title>'
        svg = svg.replace(f'<g id="{_PART}{nth}">', title, 1)
    return svg, "", ""


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


def _by_currency(page: Page) -> list[tuple[str, History, str | None]]:
    """Return the histories whose prices may be added up, each with its currency."""
    if page.currency is None or isinstance(page.currency, str):
        return [("cost", page.history, page.currency)]
    label = {int(account): currency for account, currency in page.currency.items()}
    accounts = page.source["sessions"]["account_id"]
    kinds = sorted({label[each] for each in accounts.unique().drop_null().to_pylist()})
    if len(kinds) < 2:  # noqa: PLR2004 - one has nothing to be told apart from
        return [("cost", page.history, next(iter(kinds), None))]
    return [(f"cost{nth}", _of_accounts(page, label, kind), kind) for nth, kind in enumerate(kinds)]


def _of_accounts(page: Page, label: Mapping[int, str], kind: str) -> "_Part":
    """Return the sessions of the accounts with a currency, and what belongs to them."""
    mine = [account for account, currency in label.items() if currency == kind]
    accounts = page.source["sessions"]["account_id"]
    chosen = flags(pc.is_in(accounts, value_set=pa.array(mine, accounts.type)))
    rows = {
        name: chosen if name == "sessions" else np.append(chosen, np.False_)[
            page.source.parents(name)
        ]
        for name in page.source.tables
    }  # fmt: skip
    tables = {
        name: table.filter(pa.array(rows[name])) for name, table in page.source.tables.items()
    }
    return _Part(tables, getattr(page.history, "receipt", None))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a history's sessions, with what is known of its read."""

    tables: Mapping[str, pa.Table]
    receipt: Any


def pictures(page: Page) -> list[Picture]:
    """Draw all pictures of a page, in its order, as SVG elements for an HTML body."""
    near = {"history": page.history, **page.far_ends}
    timed = {"timezone": page.timezone}
    drawn = [
        Picture("cost", half=False, **_forms(
            plots.plot_cost, name, "Cost over time, by kind", _WIDE,
            **timed, history=part, currency=currency,
        ))
        for name, part, currency in _by_currency(page)
    ]  # fmt: skip
    wanted: tuple[tuple[str, Callable[..., Any], str, bool, dict[str, Any]], ...] = (
        ("traffic", plots.plot_concurrency, "Outside calls at once over time", False, timed),
        ("traffic", plots.plot_heatmap, "Outside calls by hour and weekday", True, timed),
        ("traffic", plots.plot_durations, "Length of answered outside calls", True, {}),
        ("quality", plots.plot_quality, "Share of outgoing calls answered", True, timed),
        ("quality", plots.plot_acd, "Average length of outgoing calls", True, timed),
    )
    for section, plot, label, half, given in wanted:
        name = plot.__name__.removeprefix("plot_")
        forms = _forms(plot, name, label, _HALF if half else _WIDE, **near, **given)
        drawn.append(Picture(section, half, **forms))
    return drawn


def _forms(
    plot: Callable[..., Any], name: str, label: str, size: tuple[float, float], **given: Any
) -> dict[str, str]:
    """Draw a picture for a desk and for a phone, or say what there is instead."""
    forms = {}
    for form, inches in {"wide": size, "narrow": _NARROW}.items():
        svg, title, nothing = _draw(plot, inches, name, **given)
        if nothing:
            return {"title": title, "nothing": nothing}
        forms[form] = _adapt(svg, f"{name}-{form}", label)
    return forms
