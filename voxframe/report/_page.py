"""One page that says what a call history cost, how busy it was, and what failed."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from voxframe import analysis
from voxframe._extras import needed_for
from voxframe._receipt import Receipt
from voxframe.analysis._axes import day, number, spoken
from voxframe.analysis._bins import zone
from voxframe.analysis._output import highest, records
from voxframe.analysis._source import History, Source
from voxframe.report._pictures import pictures

_TOP = 12
_LARGE = 10
_NONE = "\N{EN DASH}"
_NOT_READ = "not read"
_NUMBER = re.compile(r"\+?\d[\d \-().]{5,}\d")


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures that matter."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One table of the page; ``bar`` is each row's part of the largest, 0 to 1."""

    title: str
    note: str
    heads: tuple[str, ...]
    minor: frozenset[str]
    """Heads of the columns that a phone leaves out."""
    rows: tuple[tuple[str, ...], ...]
    bar: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """What the parts of the page are made from."""

    history: History
    timezone: str
    show_numbers: bool
    places: int
    """Decimal places of money: enough for the whole to have three digits that matter."""

    def money(self, value: Any) -> str:
        """Write money with the page's decimal places, thousands apart."""
        if pd.isna(value):
            return _NOT_READ
        return f"{value:,.{self.places}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")

    def label(self, value: Any, missing: str = _NONE) -> str:
        """Write a name; what looks like a telephone number only when asked for."""
        if pd.isna(value):
            return missing
        text = str(value)
        return text if self.show_numbers else _NUMBER.sub("\N{HORIZONTAL ELLIPSIS}", text)


def _count(value: Any) -> str:
    if pd.isna(value):
        return _NOT_READ
    return f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _sum(column: pd.Series) -> float:
    """Return the sum; NaN if a part of it is not known."""
    whole = column.sum(skipna=False)
    return float("nan") if pd.isna(whole) else float(whole)


def _share(part: Any, whole: float) -> str:
    return _percent(pd.NA if pd.isna(whole) or not whole else part / whole)


def _percent(value: Any) -> str:
    return _NONE if pd.isna(value) else f"{value * 100:.1f}\N{NARROW NO-BREAK SPACE}%"


def _moment(when: pd.Timestamp) -> str:
    return f"{when:%a} {when.day} {when:%b %Y, %H:%M}"


def _costs(page: _Page) -> Figure:
    (cost,) = records(analysis.cost_breakdown(page.history))
    note = (
        f"calls {page.money(cost['calls_cost'])}, records {page.money(cost['records_cost'])}, "
        f"resources {page.money(cost['resources_cost'])}"
    )
    return Figure("Total cost", page.money(cost["total_cost"]), note)


def _calls(page: _Page) -> list[Figure]:
    whole = analysis.traffic(page.history, freq=None).iloc[0]
    both = f"{_count(whole['arrived'])} in, {_count(whole['attempts'])} out"
    per_minute = whole["cost_per_minute"]
    paid = "" if pd.isna(per_minute) else f"{per_minute:.4f} a minute, calls alone"
    acd = whole["acd"]
    return [
        Figure("Outside calls", _count(whole["legs"]), both),
        Figure("Minutes", _count(whole["connected_minutes"]), paid),
        Figure("ASR, outgoing", _percent(whole["asr"]), f"NER {_percent(whole['ner'])}"),
        Figure("ACD, outgoing", _NONE if pd.isna(acd) else spoken(acd), "average call duration"),
    ]


def _busiest(page: _Page) -> list[Figure]:
    if "calls" in Source.of(page.history).unread:
        return [Figure("Calls at once", _NOT_READ), Figure("Busy hour", _NOT_READ)]
    hours = analysis.concurrency(page.history, freq="D", timezone=page.timezone)
    if hours.empty:
        return [Figure("Calls at once", "0"), Figure("Busy hour", _NONE)]
    top = highest(hours, "peak")
    busy = analysis.busy_hour(page.history, timezone=page.timezone)
    figures = [Figure("Calls at once", _count(top["peak"]), _moment(top["peak_at"]))]
    if busy.empty:
        return [*figures, Figure("Busy hour", _NONE)]
    best = highest(busy, "erlangs")
    return [*figures, Figure("Busy hour", f"{number(best['erlangs'])} E", _moment(best["start"]))]


def _missed(page: _Page) -> Figure:
    (found,) = records(analysis.inbound_outcomes(page.history))
    note = f"{_percent(found['missed_share'])} of {_count(found['inbound'])} inbound sessions"
    return Figure("Missed", _count(found["missed"]), note)


def _failed(page: _Page) -> Figure:
    found = analysis.finish_reasons(page.history)
    failed = found[found["failed"].fillna(value=False)]
    share = failed["share"].sum() if len(found) else pd.NA
    return Figure("Failed sessions", _count(failed["sessions"].sum()), f"{_percent(share)} of all")


def _figures(page: _Page) -> list[Figure]:
    sessions = _count(Source.of(page.history).count("sessions"))
    talk = _sum(analysis.session_totals(page.history)["talk_seconds"])
    talked = (
        "calls were not read" if pd.isna(talk) else f"{_count(talk / 3600)} h of people connected"
    )
    first = [_costs(page), Figure("Sessions", sessions, talked)]
    return [*first, *_calls(page), *_busiest(page), _missed(page), _failed(page)]


def _spenders(page: _Page, by: str, title: str, missing: str) -> Listing:
    frame = analysis.cost_breakdown(page.history, by=by)
    whole = _sum(frame["total_cost"])
    names = ["calls_cost", "records_cost", "resources_cost", "total_cost"]
    top = frame.head(_TOP)
    rows = [
        (page.label(row[by], missing), *(page.money(row[name]) for name in names),
         _share(row["total_cost"], whole))
        for row in records(top)
    ]  # fmt: skip
    rest = frame.iloc[_TOP:]
    if len(rest):
        sums = [_sum(rest[name]) for name in names]
        share = _share(sums[-1], whole)
        rows.append((f"{_count(len(rest))} others", *(page.money(part) for part in sums), share))
    totals = [float(value) for value in top["total_cost"].fillna(0)] + [0.0] * bool(len(rest))
    heads = ("", "calls", "records", "resources", "total", "share")
    return Listing(title, "", heads, frozenset(heads[1:4]), tuple(rows), _bars(totals))


def _bars(values: list[float]) -> tuple[float, ...]:
    largest = max(values, default=0) or 1
    return tuple(round(max(value, 0) / largest, 4) for value in values)


def _by_number(page: _Page) -> Listing:
    whole = analysis.traffic(page.history, freq=None, by="remote_number")
    frame = whole.nlargest(_TOP, "cost")
    rows = [
        (page.label(row["remote_number"]), _count(row["legs"]),
         _count(row["answered"] + row["accepted"]), _count(row["connected_minutes"]),
         page.money(row["cost"]))
        for row in records(frame)
    ]  # fmt: skip
    heads = ("", "calls", "answered", "minutes", "cost")
    bar = _bars([float(cost) for cost in frame["cost"].fillna(0)])
    minor = frozenset({"answered", "minutes"})
    return Listing("Dearest numbers", "Price of the calls alone.", heads, minor, tuple(rows), bar)


def _spender_tables(page: _Page) -> list[Listing]:
    tables = [
        _spenders(page, "application_name", "Cost by application", "no application"),
        _spenders(page, "rule_name", "Cost by rule", "no rule"),
        _spenders(page, "resource_type", "Cost by resource", "calls and records"),
        _spenders(page, "remote_number_type", "Cost by kind of far end", "belongs to no one call"),
    ]
    if importlib.util.find_spec("phonenumbers"):
        tables.append(_spenders(page, "country", "Cost by country of the far end", "no country"))
    if page.show_numbers:
        tables.append(_by_number(page))
    return tables


def _failures(page: _Page) -> list[Listing]:
    ends = analysis.end_reasons(page.history)
    rows: tuple[tuple[str, ...], ...] = tuple(
        (_NONE if pd.isna(row["end_reason_code"]) else str(row["end_reason_code"]),
         row["meaning"], row["outcome"], _count(row["calls"]), _percent(row["share"]))
        for row in records(ends.head(_TOP))
    )  # fmt: skip
    calls = Listing(
        "Why calls failed", "", ("SIP", "meaning", "kind", "calls", "share"),
        frozenset({"kind"}), rows,
        _bars([float(n) for n in ends["calls"].head(_TOP)]),
    )  # fmt: skip
    finishes = analysis.finish_reasons(page.history)
    rows = tuple(
        (page.label(row["finish_reason"]), "" if pd.isna(row["meaning"]) else row["meaning"],
         _count(row["sessions"]), _percent(row["share"]))
        for row in records(finishes)
    )  # fmt: skip
    sessions = Listing(
        "How sessions ended", "", ("", "meaning", "sessions", "share"),
        frozenset({"meaning"}), rows,
        _bars([float(n) for n in finishes["sessions"]]),
    )  # fmt: skip
    return [calls, sessions, _inbound(page)]


def _inbound(page: _Page) -> Listing:
    frame = analysis.inbound_outcomes(page.history, by="application_name")
    frame = frame[frame["inbound"] > 0]
    names = ("inbound", "person", "missed", "no_person_tried", "not_accepted")
    rows = tuple(
        (page.label(row["application_name"]), *(_count(row[name]) for name in names),
         _percent(row["missed_share"]))
        for row in records(frame)
    )  # fmt: skip
    note = (
        "Person: somebody who was called answered. Missed: somebody was called and nobody "
        "answered. No person tried: only the scenario answered. Not accepted: nothing did."
    )
    heads = ("", *(name.replace("_", " ") for name in names), "share missed")
    minor = frozenset({"person", "no person tried", "not accepted"})
    bar = _bars(list(frame["inbound"]))
    return Listing("Who answered inbound sessions", note, heads, minor, rows, bar)


def _receipt(receipt: Receipt | None) -> list[tuple[str, str]]:
    if receipt is None:
        return []
    known = receipt.to_dict()
    lines = []
    for name, value in known.items():
        if isinstance(value, Mapping):
            shown = (
                ", ".join(
                    f"{kind}: {times if isinstance(times, str) else _count(times)}"
                    for kind, times in value.items()
                )
                or "nothing"
            )
        elif isinstance(value, float):
            shown = number(value)
        elif isinstance(value, bool):
            shown = "yes" if value else "no"
        elif isinstance(value, int):
            shown = str(value) if name.endswith("_id") else _count(value)
        elif isinstance(value, list):
            shown = ", ".join(map(str, value)) or "none"
        else:
            shown = _NONE if value is None or value == "" else str(value)
        lines.append((name.replace("_", " "), shown))
    return lines


def _covered(page: _Page) -> str:
    starts = Source.of(page.history).session_starts
    if not len(starts):
        return "No sessions"
    ends = pd.to_datetime(np.array([starts.min(), starts.max()]), unit="s", utc=True)
    first, last = (end.to_pydatetime() for end in ends.tz_convert(page.timezone))
    span = day(first) if first.date() == last.date() else f"{day(first)} \N{EN DASH} {day(last)}"
    return f"{span}, {page.timezone}"


def report_html(
    history: History,
    *,
    title: str | None = None,
    timezone: str = "UTC",
    show_numbers: bool = False,
) -> str:
    """Write a call history up as one self-contained HTML page.

    The page holds the figures that matter, pictures, tables of what costs most and of
    what failed, and the read's receipt. It loads nothing from anywhere, follows the
    reader's light or dark setting, and is made for a desk, a phone and paper. The same
    history gives the same page. Needs the ``report`` extra; with ``numbers`` there is a
    table by country too.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to report on.
    title : str, optional
        Heading of the page.
    timezone : str
        IANA name of the timezone that cuts and labels the time.
    show_numbers : bool
        Whether telephone numbers may stand on the page. Without it there is no table of
        numbers, and whatever looks like one in a name is left out.

    Returns
    -------
    str
        HTML, to be written as UTF-8.

    Raises
    ------
    MissingExtraError
        Without the ``report`` extra.
    ValueError
        For an unknown timezone.
    """
    with needed_for("a report", "report"):
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415
    parts = analysis.cost_breakdown(history).iloc[0].drop("total_cost")
    paid = float(parts.fillna(0).sum())
    page = _Page(
        history, zone(timezone), show_numbers, places=2 if not paid or abs(paid) >= _LARGE else 4
    )
    template = files("voxframe.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        title=title or "Call history",
        covered=_covered(page),
        figures=_figures(page),
        pictures=pictures(history, timezone),
        spenders=_spender_tables(page),
        failures=_failures(page),
        receipt=_receipt(getattr(history, "receipt", None)),
    )
