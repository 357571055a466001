"""Why calls fail, which numbers fail, how many lines it takes."""

import pandas as pd

from voxframe import analysis
from voxframe.analysis._output import records
from voxframe.report._parts import (
    NONE,
    TOP,
    TRIED,
    Listing,
    Page,
    bars,
    count,
    few,
    moment,
    percent,
)

_MEASURES = {
    "busiest": "the busiest 60 minutes of all",
    "daily peak": "each working day's busiest hour, on average",
    "steadiest": "the same hour every working day",
}


def failing_numbers(page: Page) -> pd.DataFrame:
    """Return the outside numbers that were dialled several times and never answered."""
    frame = analysis.unanswered_numbers(page.history, timezone=page.timezone, **page.far_ends)
    return frame[(frame["dialled"] >= TRIED) & (frame["answered"] == 0)]


def _reasons(page: Page) -> Listing:
    ends = analysis.end_reasons(page.history, by="direction", side="network", **page.far_ends)
    ends = ends[ends["direction"] == "out"]
    rows = tuple(
        (row["meaning"], NONE if pd.isna(row["end_reason_code"]) else str(row["end_reason_code"]),
         "yes" if row["delivered"] else "no", count(row["calls"]), percent(row["share"]))
        for row in records(ends.head(TOP))
    )  # fmt: skip
    note = (
        "Outgoing calls to outside numbers that nobody answered. Where the other phone was not "
        "reached, the network or the number is to blame."
    )
    heads = ("", "SIP code", "phone reached", "calls", "share")
    return Listing("Why calls were not answered", note, heads, rows, bars(ends["calls"].head(TOP)),
                   frozenset({"SIP code"}), nothing=page.nothing)  # fmt: skip


def _numbers(page: Page, frame: pd.DataFrame) -> Listing:
    rows = tuple(
        (page.caller(row["number"]), count(row["dialled"]), row["meaning"])
        for row in records(frame.head(TOP))
    )  # fmt: skip
    rest = len(frame) - len(rows)
    note = f"Dialled {TRIED} times or more, never answered." + (
        f" {count(rest)} more are not shown." if rest > 0 else ""
    )
    return Listing("Numbers that never answer", note, ("number", "attempts", "mostly"), rows,
                   bars(frame["dialled"].head(TOP)), texts=frozenset({"mostly"}),
                   nothing=page.nothing, anchor="numbers")  # fmt: skip


def _finishes(page: Page) -> Listing:
    frame = analysis.finish_reasons(page.history)
    rows = tuple(
        (page.label(row["finish_reason"], "no reason given"),
         "" if pd.isna(row["meaning"]) else row["meaning"],
         count(row["sessions"]), percent(row["share"]))
        for row in records(frame)
    )  # fmt: skip
    return Listing("How sessions ended", "", ("", "meaning", "sessions", "share"), rows,
                   bars(frame["sessions"]), frozenset({"meaning"}),
                   frozenset({"meaning"}))  # fmt: skip


def _lines(page: Page) -> Listing:
    frame = analysis.peak_load(page.history, timezone=page.timezone, **page.far_ends)
    # Without a whole day there is no mean.
    frame = frame[frame["lines"].notna()]
    rows = tuple(
        (_MEASURES[row["measure"]],
         f"{moment(row['day'])[:-7]}, {row['clock']}" if not pd.isna(row["day"])
         else (NONE if pd.isna(row["clock"]) else f"{row['clock']}"),
         few(row["erlangs"]), count(row["lines"]))
        for row in records(frame)
    )  # fmt: skip
    note = (
        "So many lines that 1 outside call in 100 finds none free (Erlang B), Monday to Friday; "
        "averages leave out days that were read in part. Ringing holds a line too and is not in "
        "the data, so take these as the least."
    )
    heads = ("", "when", "calls at once", "lines needed")
    return Listing("How many lines are needed", note, heads, rows, bars(frame["erlangs"]),
                   frozenset({"calls at once"}),
                   texts=frozenset({"when"}), nothing=page.nothing)  # fmt: skip


def quality_tables(page: Page, silent: pd.DataFrame) -> list[Listing]:
    """Return the tables of what failed."""
    return [_reasons(page), _numbers(page, silent), _finishes(page), _lines(page)]
