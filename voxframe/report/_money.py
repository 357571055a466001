"""What was paid for, and who caused it."""

import importlib.util
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from voxframe import analysis
from voxframe.analysis._output import records
from voxframe.report._parts import (
    KINDS_OF_FAR_END,
    TOP,
    Listing,
    Page,
    bars,
    count,
    few,
    share,
    total,
)

_NAMES = ("calls_cost", "records_cost", "resources_cost", "total_cost")
_HEADS = ("", "calls", "recordings", "other", "total", "share")
_DIRECTIONS = {"out": "we called", "in": "they called"}


def _spenders(page: Page, by: str, title: str, missing: str) -> Listing:
    frame = analysis.cost_breakdown(page.history, by=by, currency=page.currency, **page.far_ends)
    return _listing(page, frame, by, title, missing)


def _several(frame: pd.DataFrame) -> bool:
    """Say whether there are prices in more than one currency."""
    return "currency" in frame and len(frame["currency"].unique()) > 1


def _named(page: Page, by: str, value: Any, missing: str) -> str:
    """Write what a row is of: an account's id is not a telephone number."""
    if by == "account_id" and not pd.isna(value):
        return str(value)
    name = page.label(value, missing)
    return KINDS_OF_FAR_END.get(name.lower(), name) if by == "remote_number_type" else name


def _listing(page: Page, frame: pd.DataFrame, by: str, title: str, missing: str) -> Listing:
    """Return the dearest rows, and the others as one; shares are within a currency."""
    several = _several(frame)
    wholes = frame.groupby("currency")["total_cost"].sum() if several else None
    whole = total(frame["total_cost"])
    rows = [
        (_named(page, by, row[by], missing) + (f" ({row['currency']})" if several else ""),
         *(page.money(row[name]) for name in _NAMES),
         share(row["total_cost"], whole if wholes is None else wholes.get(row["currency"])))
        for row in records(frame.head(TOP))
    ]  # fmt: skip
    lengths = list(frame["total_cost"].head(TOP))
    rest = frame.iloc[TOP:]
    if len(rest) and not several:
        sums = [total(rest[name]) for name in _NAMES]
        rows.append((f"{count(len(rest))} others", *map(page.money, sums), share(sums[-1], whole)))
        lengths.append(0.0)
    return Listing(title, "", _HEADS, tuple(rows), bars(lengths), frozenset(_HEADS[1:4]))


def _people(page: Page) -> list[Listing]:
    """Return what agents' and callers' calls cost, all in."""
    agents = analysis.cost_by_agent(page.history, currency=page.currency, **page.far_ends)
    callers = analysis.cost_by_caller(page.history, currency=page.currency, **page.far_ends)
    note = "The whole price of a session, of whoever was connected longest in it."
    parts = [(agents, "agent", "Cost by agent", note)]
    if page.show_numbers:
        also = "The whole price of sessions with that number."
        parts.append((callers, "number", "Dearest numbers", also))
    return [_wholes(page, *part) for part in parts]


def _wholes(page: Page, frame: pd.DataFrame, by: str, title: str, note: str) -> Listing:
    several = _several(frame)
    whole = total(frame["cost"])
    rows = tuple(
        (_who(page, row[by]) + (f" ({row['currency']})" if several else ""),
         count(row["sessions"]), page.money(row["cost"]),
         "" if several else share(row["cost"], whole))
        for row in records(frame.head(TOP))
    )  # fmt: skip
    heads = ("", "sessions", "total", "share")
    return Listing(title, note, heads, rows, bars(frame["cost"].head(TOP)), nothing=page.nothing)


def _who(page: Page, name: Any) -> str:
    return "nobody was connected" if name == "(nobody)" else page.label(name, "no number")


def _prices(page: Page) -> Listing:
    """Return what a minute of outside calls costs."""
    frame = analysis.traffic(
        page.history, freq=None, by=["direction", "remote_number_type"], currency=page.currency,
        **page.far_ends,
    )  # fmt: skip
    if not page.calls_read:
        frame = frame.iloc[:0]
    several = _several(frame)
    rows = tuple(
        (f"{_DIRECTIONS.get(row['direction'], 'direction not known')}: "
         + _named(page, "remote_number_type", row["remote_number_type"], "kind not known")
         + (f" ({row['currency']})" if several else ""),
         count(row["legs"]), count(row["connected_minutes"]), page.money(row["cost"]),
         few(row["cost_per_minute"]), count(row["unpriced"]))
        for row in records(frame.head(TOP))
    )  # fmt: skip
    heads = ("", "calls", "minutes", "price", "a minute", "no price yet")
    note = "Calls alone, without recordings and other resources."
    return Listing("Price of outside minutes", note, heads, rows, bars(frame["cost"].head(TOP)),
                   frozenset({"calls", "no price yet"}), nothing=page.nothing)  # fmt: skip


def money_tables(page: Page) -> list[Listing]:
    """Return the tables of what was paid for."""
    tables = [
        _spenders(page, "application_name", "Cost by application", "no application"),
        _spenders(page, "rule_name", "Cost by rule", "no rule"),
        _spenders(page, "resource_type", "Cost by resource", "calls and recordings"),
        _spenders(page, "remote_number_type", "Cost by kind of far end", "belongs to no one call"),
    ]
    if pc.count_distinct(page.source["sessions"]["account_id"]).as_py() > 1:
        tables.append(_spenders(page, "account_id", "Cost by account", "no account"))
    if importlib.util.find_spec("phonenumbers"):
        tables.append(_spenders(page, "country", "Cost by country of the far end", "no country"))
    return [*tables, *_people(page), _prices(page)]
