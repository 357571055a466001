"""Who called, who answered, and whom to call back."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe import analysis
from voxframe.analysis._far_ends import normalised
from voxframe.analysis._followed import until
from voxframe.analysis._output import records
from voxframe.report._parts import (
    TOP,
    Listing,
    Page,
    bars,
    count,
    few,
    lasting,
    moment,
    only,
    percent,
    share,
)

_CALL_BACK = 25
# So long a caller who called again, or was reached, is taken to come back to the same thing.
_DAYS = 7


def still_missed(page: Page) -> pd.DataFrame:
    """Return callers who were not heard of since they were missed last, the most often first."""
    frame = analysis.missed(
        page.history, within=f"{_DAYS}D", timezone=page.timezone, **page.far_ends
    )
    known = frame[frame["caller"].notna()].sort_values("start_date", kind="stable")
    spelt = normalised(pa.array(known["caller"].astype(str), pa.string()))
    number = pd.Series(spelt.to_pylist(), known.index)
    last = known.assign(times=number.groupby(number).transform("size"))
    last = last[~number.duplicated(keep="last")]
    since = last["reached"] | last["called_again"]
    return last[~since].sort_values(["times", "start_date"], ascending=False, kind="stable")


def missed_late(page: Page, frame: pd.DataFrame) -> int:
    """Count the missed of the period's last days, whom what came after it may have answered."""
    begin = pd.Timestamp(until(page.source), unit="s", tz="UTC") - pd.Timedelta(days=_DAYS)
    return int((frame["start_date"] > begin).sum())


def _to_call_back(page: Page, frame: pd.DataFrame) -> Listing:
    shown = frame.head(_CALL_BACK)
    dialled = bool(shown["dialled"].any())
    rows = tuple(
        (page.caller(row["caller"]), count(row["times"]),
         moment(row["start_date"]).replace(" ", "\N{NO-BREAK SPACE}"),
         lasting(row["waited"]), page.label(row["rule_name"]),
         *(["no answer" if row["dialled"] else "no"] if dialled else []))
        for row in records(shown)
    )  # fmt: skip
    late = missed_late(page, frame)
    rest = len(frame) - len(rows)
    note = (
        f"Their call was offered to an agent and nobody answered; within {_DAYS} days since, they "
        "neither called again nor were reached. Those who tried most often come first."
        + (
            f" Of {count(late)} of them, missed in the last {_DAYS} days of the period, what "
            "happened after its end is not known here."
            if late
            else ""
        )
        + (f" {count(rest)} more are not shown." if rest > 0 else "")
        + ("" if page.show_numbers else " Their numbers are hidden; --show-numbers shows them.")
    )
    heads = ("caller", "missed", "last time", "held on", "rule",
             *(["called back"] if dialled else []))  # fmt: skip
    return Listing("Whom to call back", note, heads, rows, bars(shown["times"])
                   if len(frame) else (), frozenset({"held on", "rule", "called back"}),
                   frozenset({"rule", "called back"}), page.nothing,
                   "call-back")  # fmt: skip


def _outcomes(page: Page) -> Listing:
    frame = analysis.inbound_outcomes(page.history, by="application_name", **page.far_ends)
    frame = frame[frame["inbound"].fillna(0) > 0]
    names = ("inbound", "person", "missed", "no_person_tried", "not_accepted")
    rows = tuple(
        (page.label(row["application_name"], "no application"),
         *(count(row[name]) for name in names), percent(row["abandonment_rate"]))
        for row in records(frame)
    )  # fmt: skip
    note = (
        "Answered: by a person. Missed: offered to an agent, and nobody answered. Machine only: "
        "an announcement or a menu answered, and no agent was called. Refused: nothing answered. "
        "Abandonment rate: the missed, of those offered to an agent (answered and missed)."
    )
    heads = ("", "calls", "answered", "missed", "machine only", "refused",
             "abandonment rate")  # fmt: skip
    minor = frozenset({"answered", "machine only", "refused"})
    return Listing("What became of incoming calls", note, heads, rows, bars(frame["inbound"]),
                   minor, nothing=page.nothing)  # fmt: skip


def _agents(page: Page) -> Listing:
    frame = analysis.agents(page.history, **page.far_ends) if page.calls_read else pd.DataFrame()
    rows = tuple(
        (page.label(row["agent"], "no name"), count(row["offered"]), count(row["answered"]),
         count(row["missed"]), count(row["elsewhere"]), count(row["offline"]),
         percent(row["answer_rate"]), few(np.round(row["connected_minutes"])))
        for row in records(frame.head(TOP))
    )  # fmt: skip
    note = (
        "Of incoming calls. Answered by another: several agents were called at once. Not logged "
        "in: the app was off. How long a phone rang, holding and work after a call are not in this "
        "data." + (f" {count(len(frame) - TOP)} more are not shown." if len(frame) > TOP else "")
    )
    heads = ("", "offered", "answered", "missed", "answered by another", "not logged in",
             "share answered", "minutes")  # fmt: skip
    minor = frozenset({"answered by another", "not logged in", "minutes"})
    return Listing("Agents", note, heads, rows, bars(frame["offered"].head(TOP)) if rows else (),
                   minor, nothing=page.nothing)  # fmt: skip


def _again(page: Page) -> Listing:
    back = only(analysis.called_back(page.history, **page.far_ends))
    repeat = only(analysis.repeat_callers(page.history, within=f"{_DAYS}D", **page.far_ends))
    again = (
        f"Calls from a number that called in the {_DAYS} days before, of {count(repeat['calls'])} "
        "incoming calls with a number"
    )
    enough = (
        f"One call was enough: no further call for {_DAYS} days, of {count(repeat['handled'])} "
        f"answered calls that came more than {_DAYS} days before the period's end"
    )
    lines = (
        ("Missed calls", count(back["missed"]), ""),
        ("of these, called back within an hour", count(back["dialled"]),
         percent(back["dialled_share"])),
        ("of these, reached within an hour", count(back["reached"]),
         percent(back["reached_share"])),
        ("of these, called again themselves within an hour", count(back["called_again"]),
         share(back["called_again"], back["missed"])),
        (again, count(repeat["repeats"]), percent(repeat["repeat_share"])),
        (enough, count(repeat["enough"]), percent(repeat["enough_share"])),
    )  # fmt: skip
    rows = lines if page.calls_read else ()
    note = (
        f"Who called in the {_DAYS} days before the period is not known here, so numbers that "
        f"called again in its first {_DAYS} days are counted in part; nor is what happened after "
        "its end."
    )
    return Listing("Called back, and calling again", note, ("", "calls", "share"), rows,
                   nothing=page.nothing)  # fmt: skip


def people_tables(page: Page, open_calls: pd.DataFrame) -> list[Listing]:
    """Return the tables of callers and agents."""
    return [_outcomes(page), _to_call_back(page, open_calls), _agents(page), _again(page)]
