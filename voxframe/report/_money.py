"""What was paid for, and who caused it."""

import importlib.util
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from voxframe import analysis
from voxframe.analysis._output import records
from voxframe.report._parts import (
    NONE,
    TOP,
    Listing,
    Page,
    bars,
    count,
    kind_of_phone,
    share,
    total,
)

_NAMES = ("calls_cost", "records_cost", "resources_cost", "total_cost")
_HEADS = ("", "calls", "recordings", "other", "total", "share")
_DIRECTIONS = {"out": "outgoing", "in": "incoming"}
# Where the kinds of cost are of no interest: a kind of resource is one of them.
_WHOLES = frozenset({"resource_type", "remote_number_type", "account_id", "country"})
_RESOURCES = {
    "ASR": "speech recognition", "AUDIOHDCONFERENCE": "conference in HD",
    "CALLSESSION": "running of scenarios", "TRANSCRIPTION": "transcription",
    "TTS_TEXT_GOOGLE": "speech from text, Google", "TTS_YANDEX": "speech from text, Yandex",
    "VIDEOCALL": "video calls", "VIDEORECORD": "video recording",
    "VOICEMAILDETECTION": "voicemail detection", "YANDEXASR": "speech recognition, Yandex",
}  # fmt: skip
# Places of a price a minute: it lies far below that of a call.
_A_MINUTE = 4
_OF_CALLS = frozenset({"remote_number_type", "country"})


def _spenders(page: Page, by: str, title: str, missing: str) -> Listing:
    frame = analysis.cost_breakdown(page.history, by=by, currency=page.currency, **page.far_ends)
    if by in _OF_CALLS and not page.calls_read:
        frame = frame.iloc[:0]
    if by == "resource_type":
        # A use of a resource costs nothing else, so its price is known without the calls.
        alone = frame["resources_cost"].where(frame[by].notna())
        frame = frame.assign(total_cost=frame["total_cost"].fillna(alone))
        frame = frame.sort_values("total_cost", ascending=False, kind="stable")
    return _listing(page, frame, by, title, missing)


def _several(frame: pd.DataFrame) -> bool:
    """Say whether there are prices in more than one currency."""
    return "currency" in frame and len(frame["currency"].unique()) > 1


def _named(page: Page, by: str, value: Any, missing: str) -> str:
    """Write what a row is of: an account's id is not a telephone number."""
    if by == "account_id" and not pd.isna(value):
        return str(value)
    name = page.label(value, missing)
    if by == "resource_type" and name in _RESOURCES:
        return f"{_RESOURCES[name]} ({name})"
    return kind_of_phone(name) if by == "remote_number_type" else name


def _listing(page: Page, frame: pd.DataFrame, by: str, title: str, missing: str) -> Listing:
    """Return the dearest rows, and the others as one; shares are within a currency."""
    # Where a part was not read there is no whole to show, only its other parts.
    whole = by == "resource_type" or not page.source.unread
    names = _NAMES[-1:] if by in _WHOLES and whole else _NAMES
    rows = [
        (_named(page, by, row[by], missing) + _in_currency(frame, row),
         *(page.money(row[name]) for name in names), part)
        for row, part in zip(records(frame.head(TOP)), _shares(frame, "total_cost"), strict=False)
    ]  # fmt: skip
    rest = frame.iloc[TOP:]
    if len(rest) and not _several(frame):
        sums = [total(rest[name]) for name in names]
        rows.append((_others(rest), *map(page.money, sums),
                     share(sums[-1], total(frame["total_cost"]))))  # fmt: skip
    heads = ("", *_HEADS[-len(names) - 1 :])
    note = {"country": "ISO codes; of the caller, or of the number that was called."}.get(by, "")
    return Listing(title, note + _left_out(frame), heads, tuple(rows),
                   _lengths(frame, "total_cost", len(rows)), frozenset(_HEADS[1:4]),
                   nothing=page.nothing if by in _OF_CALLS else "None.")  # fmt: skip


def _in_currency(frame: pd.DataFrame, row: dict[str, Any]) -> str:
    return f" ({row['currency']})" if _several(frame) else ""


def _shares(frame: pd.DataFrame, column: str) -> list[str]:
    """Return each row's share, within its currency."""
    if not _several(frame):
        return [share(part, total(frame[column])) for part in frame[column]]
    wholes = frame.groupby("currency")[column].sum()
    return [
        share(part, wholes[currency])
        for part, currency in zip(frame[column], frame["currency"], strict=True)
    ]


def _lengths(frame: pd.DataFrame, column: str, rows: int) -> tuple[float, ...]:
    """Return the lengths of bars; none where they would compare currencies."""
    shown = [] if _several(frame) else list(frame[column].head(TOP))
    return bars([*shown, *[0.0] * (rows - len(shown))]) if shown else ()


def _others(rest: pd.DataFrame) -> str:
    return "1 other" if len(rest) == 1 else f"{count(len(rest))} others"


def _left_out(frame: pd.DataFrame) -> str:
    """Say how many rows are not shown, where others of different currencies do not add up."""
    more = len(frame) - TOP if _several(frame) else 0
    return f" {count(more)} more are not shown." if more > 0 else ""


def _people(page: Page) -> list[Listing]:
    """Return what agents' and callers' calls cost, all in."""
    agents = analysis.cost_by_agent(page.history, currency=page.currency, **page.far_ends)
    callers = analysis.cost_by_caller(page.history, currency=page.currency, **page.far_ends)
    if not page.calls_read:
        agents, callers = agents.iloc[:0], callers.iloc[:0]
    note = (
        "The whole price of each session goes to the agent who was connected longest in it, "
        "not to the one who answered first."
    )
    parts = [(agents, "agent", "Cost by agent", note)]
    if page.show_numbers:
        also = "The whole price of sessions with that number."
        parts.append((callers, "number", "Dearest numbers", also))
    return [_wholes(page, *part) for part in parts]


def _wholes(page: Page, frame: pd.DataFrame, by: str, title: str, note: str) -> Listing:
    rows = [
        (_who(page, row[by]) + _in_currency(frame, row), count(row["sessions"]),
         page.money(row["cost"]), part)
        for row, part in zip(records(frame.head(TOP)), _shares(frame, "cost"), strict=False)
    ]  # fmt: skip
    rest = frame.iloc[TOP:]
    if len(rest) and not _several(frame):
        sums = count(rest["sessions"].sum()), page.money(total(rest["cost"]))
        rows.append((_others(rest), *sums, share(total(rest["cost"]), total(frame["cost"]))))
    heads = ("", "sessions", "total", "share")
    return Listing(title, note + _left_out(frame), heads, tuple(rows),
                   _lengths(frame, "cost", len(rows)), nothing=page.nothing)  # fmt: skip


def _who(page: Page, name: Any) -> str:
    return "no agent" if name == "(nobody)" else page.label(name, "no number")


def _prices(page: Page) -> Listing:
    """Return what a minute of outside calls costs."""
    frame = analysis.traffic(
        page.history, freq=None, by=["direction", "remote_number_type"], currency=page.currency,
        **page.far_ends,
    )  # fmt: skip
    if not page.calls_read:
        frame = frame.iloc[:0]
    rows = tuple(
        (f"{_DIRECTIONS.get(row['direction'], 'direction not known')}: "
         + kind_of_phone(page.label(row["remote_number_type"], "kind not known"), "network")
         + _in_currency(frame, row),
         count(row["legs"]), count(row["connected_minutes"]), page.money(row["cost"]),
         _a_minute(page, row["cost_per_minute"]), count(row["unpriced"]))
        for row in records(frame.head(TOP))
    )  # fmt: skip
    heads = ("", "calls", "minutes", "price", "per minute", "no price yet")
    note = "Calls alone, without recordings and other resources."
    return Listing("Price per minute of outside calls", note, heads, rows,
                   _lengths(frame, "cost", len(rows)),
                   frozenset({"calls", "no price yet"}), nothing=page.nothing)  # fmt: skip


def _a_minute(page: Page, price: Any) -> str:
    return NONE if pd.isna(price) else page.money(price, _A_MINUTE)


def money_tables(page: Page) -> list[Listing]:
    """Return the tables of what was paid for."""
    tables = [
        _spenders(page, "application_name", "Cost by application", "no application"),
        _spenders(page, "rule_name", "Cost by rule", "no rule"),
        _prices(page),
        # From here on two beside each other, of about the same length.
        _spenders(page, "resource_type", "Cost by resource", "calls and recordings"),
        *_people(page),
        _spenders(page, "remote_number_type", "Cost by kind of phone", "not tied to one call"),
    ]
    if importlib.util.find_spec("phonenumbers"):
        tables.append(_spenders(page, "country", "Cost by country", "no country"))
    if pc.count_distinct(page.source["sessions"]["account_id"]).as_py() > 1:
        tables.append(_spenders(page, "account_id", "Cost by account", "no account"))
    return tables
