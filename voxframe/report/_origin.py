"""Where the page comes from: whose calls, when, how they were read and understood."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from voxframe import analysis
from voxframe._timezones import zone
from voxframe.analysis._output import records
from voxframe.analysis._source import History, Source
from voxframe.report._parts import (
    Listing,
    Page,
    count,
    kind_of_phone,
    plainly,
    spaced,
    stretch,
)

_READINGS = {
    ("duration", "connected"): "A call's duration is the time it was connected",
    ("duration", "total"): "A call's duration may hold ringing, so waits are given as bounds",
    ("start", "answer"): "An answered call that was placed starts at its answer",
    ("start", "dial"): "A call that was placed starts when it is dialled",
    ("start", "unknown"): "Whether a call that was placed starts at the dial or at the answer "
                          "cannot be told, so waits are given as bounds",
    ("incoming", "arrival"): "A call that comes in starts when it arrives",
    ("incoming", "answer"): "A call that comes in starts when the scenario answers it; waits are "
                            "counted from the session's start",
}  # fmt: skip
# Of a receipt, what the user or the service wrote, so that a number may be in it.
_WORDS_OF_OTHERS = ("filters", "warnings")
# Accounts that are named at the top.
_FEW = 6
_ENDS = {"left": "the first", "right": "the last", "both": "both", "neither": "none"}
_ENTRIES = {
    "inclusive": "ends that belong to it", "known_until": "complete until", "retries": "requests "
    "sent again", "pages": "answers with sessions", "duplicates": "rows received again and dropped",
    "total_count": "the service's own count", "settled": "why it is complete", "bytes": "bytes of "
    "answers", "mended": "put right on the way", "warnings": "warnings of the service",
    "missing_ids": "ids that were not found", "timezone": "timezone of the answers",
}  # fmt: skip
_SIDES = {
    "network": "outside (telephone network)", "own": "a colleague", "machine": "a machine",
    "unknown": "not known, in no ratio",
}  # fmt: skip


def header(page: Page) -> list[tuple[str, str]]:
    """Return whose calls these are, of when, and what was selected."""
    receipt = getattr(page.history, "receipt", None)
    accounts = page.source["sessions"]["account_id"].combine_chunks().unique().drop_null()
    account = getattr(receipt, "account_id", None)
    named = sorted(each.as_py() for each in accounts)
    more = f" and {len(named) - _FEW} more" if len(named) > _FEW else ""
    shown = ", ".join(map(str, named[:_FEW])) + more
    lines = [("Account", shown or ("not known" if account is None else str(account)))]
    when = covered(page.history, page.timezone)
    lines += [("Period", when), ("Timezone", page.timezone)]
    if page.previous is not None:
        lines.append(("Compared with", covered(page.previous, page.timezone)))
    if receipt is not None:
        chosen = "; ".join(
            f"{name.replace('_', ' ')} {page.label(value)}"
            for name, value in receipt.filters.items()
        )
        lines.append(("Filters", chosen or "none, all sessions"))
    lines.append(("Money", _money(page, len(named))))
    if unread := sorted(page.source.unread):
        words = {"calls": "calls", "records": "recordings", "resource_usage": "other resources"}
        lines.append(("Not read", ", ".join(words[name] for name in unread)))
    return lines


def _money(page: Page, accounts: int) -> str:
    if isinstance(page.currency, str):
        return page.currency
    if page.currency:
        return "currency by account"
    if accounts > 1:
        return f"prices of {accounts} accounts, added up as if they were in one currency"
    return "the account's currency"


def covered(history: History, timezone: str) -> str:
    """Return the window that was read, or where it is not known the days with sessions."""
    source = Source.of(history)
    starts = source.session_starts
    if source.window is not None:
        ends = np.array(source.window)
    elif len(starts):
        ends = np.array([starts.min(), starts.max() + 1])
    else:
        return "no sessions"
    first, last = pd.to_datetime(ends, unit="s", utc=True).tz_convert(timezone)
    if source.window is None:
        first, last = first.normalize(), (last - pd.Timedelta(seconds=1)).normalize()
        last += pd.DateOffset(days=1)
    return stretch(first, last)


def notes(page: Page) -> list[str]:
    """Return what should be known of prices, and how many legs there are in all."""
    costs = analysis.cost_breakdown(page.history, currency=page.currency)
    found = []
    if "note" in costs.attrs:
        # The page is made by a command, where a keyword is an option.
        said, _, _ = str(costs.attrs["note"]).partition(" Name it ")
        account = next(iter(page.source["sessions"]["account_id"].drop_null().to_pylist()))
        found.append(
            f"{spaced(said)} Name it with --currency EUR, or where they differ each account's with "
            f"--currency {account}=EUR, and make the page again."
        )
    if page.calls_read:
        legs = count(page.source.count("calls"))
        found.append(
            f"In all there are {legs} legs, those to colleagues' phones and apps included."
        )
    return found


def readings(page: Page) -> list[str]:
    """Return how starts and durations of calls were read, and on what that rests."""
    if not page.calls_read or not page.source.count("calls"):
        return []
    return [
        f"{_READINGS[row['question'], row['reading']]} ({spaced(row['evidence'])})."
        for row in records(analysis.leg_clock(page.history))
    ]


def far_ends(page: Page) -> Listing:
    """Return what was taken for outside, and what for one of us."""
    frame = analysis.far_ends(page.history, **page.far_ends)
    seen: dict[tuple[str, ...], list[int]] = {}
    for row in records(frame):
        kind = page.label(row["type"], "no kind")
        name = kind_of_phone(kind, row["side"])
        domain = "" if pd.isna(row["domain"]) else f", {page.label(row['domain'])}"
        words = name + domain, _SIDES[row["side"]], page.label(row["rule"])
        legs = seen.setdefault(words, [0, 0])
        legs[0] += row["legs"]
        legs[1] += row["legs"] if row["direction"] == "in" else 0
    rows = tuple((*words, *map(count, legs)) for words, legs in seen.items())
    heads = ("", "taken for", "because it is", "legs", "incoming")
    note = "If one of these is wrong, name your colleagues with --own and make the page again."
    texts = frozenset({"taken for", "because it is"})
    return Listing(
        "Who counts as outside, and who as a colleague", note, heads, rows,
        minor=frozenset({"because it is"}), texts=texts, nothing=page.nothing,
    )  # fmt: skip


def receipt_of(page: Page) -> list[tuple[str, str]]:
    """Return the receipt of the read."""
    receipt: Any = getattr(page.history, "receipt", None)
    if receipt is None:
        return []
    return [
        (_ENTRIES.get(name, name.replace("_", " ")), _entry(page, name, getattr(receipt, name)))
        for name in receipt.to_dict()
    ]


def _entry(page: Page, name: str, value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if name == "inclusive":
        return _ENDS[value]
    if name == "timezone":
        # A dataset that was written earlier has the service's own name of it.
        with contextlib.suppress(ValueError):
            return "UTC" if zone(value) is UTC else str(value)
    words = plainly(list(value) if isinstance(value, tuple) else value, name)
    return page.label(words) if name in _WORDS_OF_OTHERS else words
