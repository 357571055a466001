"""What a result says of itself at a glance; no value of a row is in it."""

from dataclasses import dataclass
from decimal import Decimal
from html import escape

import pyarrow as pa
import pyarrow.compute as pc

from voxframe._receipt import Receipt

_KINDS = {"calls": "calls", "records": "records", "resource_usage": "resources"}
_KIBI = 1024


@dataclass(frozen=True, slots=True)
class Glance:
    """The figures that a person wants first.

    Attributes
    ----------
    rows : dict of int
        Rows of each table.
    answered : float or None
        Share of the calls that were answered, None without calls.
    minutes : float
        Length of the calls together.
    costs : dict of Decimal
        Price by kind.
    size : int
        Bytes in memory.
    """

    rows: dict[str, int]
    answered: float | None
    minutes: float
    costs: dict[str, Decimal]
    size: int


def glance(tables: dict[str, pa.Table]) -> Glance:
    """Sum up four tables.

    Parameters
    ----------
    tables : dict of pyarrow.Table
        As of a `CallHistory`.

    Returns
    -------
    Glance
        Their figures.
    """
    calls = tables["calls"]
    answered = pc.sum(calls.column("successful")).as_py() or 0
    # A sum of decimal128(18, 9) could outgrow its 18 digits; Arrow widens it to 38.
    costs = {
        kind: pc.sum(tables[name].column("cost")).as_py() or Decimal(0)
        for name, kind in _KINDS.items()
    }
    return Glance(
        rows={name: len(table) for name, table in tables.items()},
        answered=answered / len(calls) if len(calls) else None,
        minutes=(pc.sum(calls.column("duration")).as_py() or 0) / 60,
        costs=costs,
        size=sum(table.nbytes for table in tables.values()),
    )


def as_text(seen: Glance, receipt: Receipt) -> str:
    """Give three lines of plain text.

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
    rows = seen.rows
    calls = f"{_count(rows['calls'], 'call')}{_answered(seen)}"
    records, uses = (
        _count(rows["records"], "record"),
        _count(rows["resource_usage"], "resource use"),
    )
    lines = [
        f"CallHistory of {_count(rows['sessions'], 'session')}: {calls}, {records}, {uses}",
        f"  {_window(receipt)}; cost {_total(seen):,.2f} ({_split(seen)}); {_size(seen.size)}",
        f"  {_receipt(receipt)}",
    ]
    return "\n".join(lines)


def as_html(seen: Glance, receipt: Receipt) -> str:
    """Give the same as HTML that takes its colours from the page around it.

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
    figures = [
        ("sessions", f"{seen.rows['sessions']:,}", ""),
        ("calls", f"{seen.rows['calls']:,}", ""),
        ("answered", "none" if seen.answered is None else f"{seen.answered:.1%}", "of calls"),
        ("minutes", f"{seen.minutes:,.0f}", "of calls"),
        ("records", f"{seen.rows['records']:,}", ""),
        ("resource uses", f"{seen.rows['resource_usage']:,}", ""),
        ("cost", f"{_total(seen):,.2f}", _split(seen)),
    ]
    tiles = "".join(
        '<div style="min-width:5.5em">'
        f'<div style="font-size:.8em;opacity:.65">{escape(label)}</div>'
        f'<div style="font-size:1.35em;font-weight:600;'
        f'font-variant-numeric:tabular-nums">{escape(value)}</div>'
        f'<div style="font-size:.75em;opacity:.65">{escape(note)}</div></div>'
        for label, value, note in figures
    )
    return (
        '<div style="font-family:system-ui,sans-serif;line-height:1.35;color:inherit;'
        "display:inline-block;max-width:60em;padding:.8em 1em;border-radius:.5em;"
        'border:1px solid rgba(128,128,128,.4)">'
        f'<div style="margin-bottom:.6em"><strong>CallHistory</strong> '
        f'<span style="opacity:.75">{escape(_window(receipt))} · {_size(seen.size)}</span></div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:.6em 1.6em">{tiles}</div>'
        f'<div style="margin-top:.7em;padding-top:.5em;font-size:.8em;opacity:.75;'
        f'border-top:1px solid rgba(128,128,128,.3)">{escape(_receipt(receipt))}</div></div>'
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _answered(seen: Glance) -> str:
    if seen.answered is None:
        return ""
    return f" ({seen.answered:.1%} answered, {seen.minutes:,.0f} minutes)"


def _window(receipt: Receipt) -> str:
    ends = {"left": "[)", "both": "[]", "right": "(]", "neither": "()"}[receipt.inclusive]
    return (
        f"{ends[0]}{receipt.from_date:%Y-%m-%d %H:%M:%S}, "
        f"{receipt.to_date:%Y-%m-%d %H:%M:%S}{ends[1]} UTC"
    )


def _total(seen: Glance) -> Decimal:
    return sum(seen.costs.values(), Decimal(0))


def _split(seen: Glance) -> str:
    return ", ".join(f"{kind} {cost:,.2f}" for kind, cost in seen.costs.items())


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
