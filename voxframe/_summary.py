"""What a result says of itself at a glance; no value of a row is in it."""

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from voxframe._receipt import Receipt

_KINDS = {"calls": "legs", "records": "records", "resource_usage": "resources"}
# What tells which legs are of the telephone network, and what became of them.
_OF_LEGS = ("remote_number_type", "remote_number", "incoming", "successful", "duration")
_KIBI = 1024
_NOT_READ = "not read"
_NOTHING = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Carried:
    """What the telephone network carried: the figures of ``voxframe.analysis.traffic``."""

    arrived: int
    attempts: int
    answered: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Glance:
    """The figures that a person wants first.

    Attributes
    ----------
    rows : dict of int
        Rows of each table that was read.
    carried : Carried or None
        Of the telephone network, None if what tells was not read.
    accounts : int
        How many there are among the sessions.
    costs : dict of Decimal or None
        Price by kind, None for what was not read.
    size : int
        Bytes in memory.
    """

    rows: dict[str, int]
    carried: Carried | None
    accounts: int
    costs: dict[str, Decimal | None]
    size: int


def glance(tables: dict[str, pa.Table], receipt: Receipt) -> Glance:
    """Sum up four tables.

    Parameters
    ----------
    tables : dict of pyarrow.Table
        As of a `CallHistory`.
    receipt : Receipt
        Of the same result: it knows what was left out.

    Returns
    -------
    Glance
        Their figures.
    """
    accounts = "account_id" in tables["sessions"].column_names
    # A sum of decimal128(18, 9) could outgrow its 18 digits; Arrow widens it to 38.
    costs = {
        kind: None
        if name in receipt.unread or "cost" not in tables[name].column_names
        else _sum(tables[name], "cost") or Decimal(0)
        for name, kind in _KINDS.items()
    }
    return Glance(
        rows={name: len(table) for name, table in tables.items() if name not in receipt.unread},
        carried=_carried(tables["calls"]) if "calls" not in receipt.unread else None,
        accounts=pc.count_distinct(tables["sessions"]["account_id"]).as_py() if accounts else 0,
        costs=costs,
        size=sum(table.nbytes for table in tables.values()),
    )


def _carried(calls: pa.Table) -> Carried | None:
    if not set(_OF_LEGS) <= set(calls.column_names):
        return None
    from voxframe.analysis._far_ends import NETWORK, FarEnds, judge  # noqa: PLC0415 - not needed to read

    of_network = calls.filter(pa.array(judge(calls, FarEnds.of()).side == NETWORK))
    answered = of_network.filter(pc.field("successful"))
    outgoing = ~pc.field("incoming")
    return Carried(
        arrived=_sum(of_network, "incoming") or 0,
        attempts=len(of_network.filter(outgoing)),
        answered=len(answered.filter(outgoing)),
        minutes=(pc.sum(pc.max_element_wise(answered["duration"], 0)).as_py() or 0) / 60,
    )


def _sum(table: pa.Table, name: str) -> Any:
    """Return the sum of a column, None if it was not read or has no value."""
    return pc.sum(table.column(name)).as_py() if name in table.column_names else None


def as_text(seen: Glance, receipt: Receipt) -> str:
    """Write a few lines of plain text.

    Parameters
    ----------
    seen : Glance
        The figures.
    receipt : Receipt
        Of the same result.

    Returns
    -------
    str
        Without a newline at the end.
    """
    children = ", ".join(_children(seen))
    lines = [
        f"CallHistory of {_count(seen.rows['sessions'], 'session')}: {children}",
        _left_out(receipt),
        _outside(seen.carried),
        f"{_window(receipt)}; {_cost(seen)}; {_size(seen.size)}",
        _several(seen),
        _receipt(receipt),
    ]
    return "\n  ".join(line for line in lines if line)


def as_html(seen: Glance, receipt: Receipt) -> str:
    """Write the same as HTML that takes its colours from the page around it.

    Parameters
    ----------
    seen : Glance
        The figures.
    receipt : Receipt
        Of the same result.

    Returns
    -------
    str
        One ``div`` with inline styles and nothing to load.
    """
    rows = {name: f"{number:,}" for name, number in seen.rows.items()}
    total = _total(seen)
    figures = [
        ("sessions", rows["sessions"], ""),
        ("legs", rows.get("calls", _NOT_READ), ""),
        *_tiles(seen.carried),
        ("records", rows.get("records", _NOT_READ), ""),
        ("resource uses", rows.get("resource_usage", _NOT_READ), ""),
        ("cost", "not known" if total is None else f"{total:,.2f}", _split(seen)),
    ]
    tiles = "".join(
        '<div style="min-width:5.5em">'
        f'<div style="font-size:.8em;opacity:.65">{escape(label)}</div>'
        f'<div style="font-size:1.35em;font-weight:600;'
        f'font-variant-numeric:tabular-nums">{escape(value)}</div>'
        f'<div style="font-size:.75em;opacity:.65">{escape(note)}</div></div>'
        for label, value, note in figures
    )
    told = "".join(
        f'<div style="margin-top:.6em;font-weight:600">{escape(each)}</div>'
        for each in (_left_out(receipt), _several(seen))
        if each
    )
    return (
        '<div style="font-family:system-ui,sans-serif;line-height:1.35;color:inherit;'
        "display:inline-block;max-width:60em;padding:.8em 1em;border-radius:.5em;"
        'border:1px solid rgba(128,128,128,.4)">'
        f'<div style="margin-bottom:.6em"><strong>CallHistory</strong> '
        f'<span style="opacity:.75">{escape(_window(receipt))} · {_size(seen.size)}</span></div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:.6em 1.6em">{tiles}</div>{told}'
        f'<div style="margin-top:.7em;padding-top:.5em;font-size:.8em;opacity:.75;'
        f'border-top:1px solid rgba(128,128,128,.3)">{escape(_receipt(receipt))}</div></div>'
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _children(seen: Glance) -> list[str]:
    words = {"calls": "leg", "records": "record", "resource_usage": "resource use"}
    parts = [_count(seen.rows[name], word) for name, word in words.items() if name in seen.rows]
    return parts or ["nothing else"]


def _outside(carried: Carried | None) -> str:
    """Return in words what the telephone network carried; nothing if that is not known."""
    if carried is None:
        return ""
    answered = f" ({carried.answered / carried.attempts:.1%} answered)" if carried.attempts else ""
    return (
        f"on the telephone network: {_count(carried.arrived, 'call')} in, "
        f"{carried.attempts:,} out{answered}, {_count(round(carried.minutes), 'minute')}"
    )


def _tiles(carried: Carried | None) -> list[tuple[str, str, str]]:
    """Return the same as figures: name, value, of what."""
    if carried is None:
        return [("calls in", _NOTHING, ""), ("calls out", _NOTHING, ""), ("minutes", _NOTHING, "")]
    share = carried.answered / carried.attempts if carried.attempts else None
    return [
        ("calls in", f"{carried.arrived:,}", "telephone network"),
        ("calls out", f"{carried.attempts:,}",
         "none" if share is None else f"{share:.1%} answered"),
        ("minutes", f"{carried.minutes:,.0f}", "telephone network"),
    ]  # fmt: skip


def _several(seen: Glance) -> str:
    """Return a warning where prices of several accounts stand as one sum; else nothing."""
    if seen.accounts < 2:  # noqa: PLR2004 - one has nothing to be told apart from
        return ""
    return (
        f"the cost is of {seen.accounts} accounts, added up as if in one currency: "
        "analysis.cost_breakdown(history, currency=...) keeps currencies apart"
    )


def _left_out(receipt: Receipt) -> str:
    """Return in words what the result does not hold; nothing if it is whole."""
    words = {"calls": "legs (calls)", "records": "records", "resource_usage": "other resources"}
    parts = []
    if receipt.unread:
        names = ", ".join(words[name] for name in receipt.unread)
        parts.append(f"not read: {names}, so the whole cost is not known")
    if receipt.missing_ids:
        ids = _count(len(receipt.missing_ids), "session id")
        parts.append(f"{ids} not found in the window")
    if receipt.warnings:
        parts.append(f"the service warns: {' '.join(receipt.warnings)}")
    return "; ".join(parts)


def _window(receipt: Receipt) -> str:
    ends = {"left": "[)", "both": "[]", "right": "(]", "neither": "()"}[receipt.inclusive]
    return (
        f"{ends[0]}{receipt.from_date:%Y-%m-%d %H:%M:%S}, "
        f"{receipt.to_date:%Y-%m-%d %H:%M:%S}{ends[1]} UTC"
    )


def _total(seen: Glance) -> Decimal | None:
    """Return the whole price; None if a part of it was not read."""
    known = [cost for cost in seen.costs.values() if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(seen.costs) else None


def _cost(seen: Glance) -> str:
    total = _total(seen)
    return f"cost {'not known' if total is None else f'{total:,.2f}'} ({_split(seen)})"


def _split(seen: Glance) -> str:
    return ", ".join(
        f"{kind} {_NOT_READ if cost is None else f'{cost:,.2f}'}"
        for kind, cost in seen.costs.items()
    )


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < _KIBI:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= _KIBI
    return f"{size:,.1f} GiB"


def _receipt(receipt: Receipt) -> str:
    mended = ", ".join(f"{kind} {count:,}" for kind, count in receipt.mended.items())
    parts = [
        f"{_count(receipt.requests, 'request')} in {receipt.seconds:,.1f} s",
        f"{receipt.retries:,} sent again",
        f"{_count(receipt.duplicates, 'duplicate')} dropped",
        f"mended: {mended}" if mended else "nothing mended",
    ]
    if receipt.settled:
        parts.append(receipt.settled)
    return "; ".join(parts)
