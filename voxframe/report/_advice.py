"""What to do, in sentences that rest on a figure of the page."""

from dataclasses import dataclass

import pandas as pd

from voxframe import analysis
from voxframe.analysis._output import highest, records
from voxframe.report._parts import TRIED, Page, count, counted, only, percent
from voxframe.report._people import missed_late

# A share of an agent's calls that the app was off for, or of sessions that failed, worth a line.
_OFTEN = 0.02
_WORDS = {
    "calls": "calls", "records": "recordings", "resource_usage": "other resources",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, and where on the page it is shown."""

    text: str
    anchor: str = ""


def advice(page: Page, open_calls: pd.DataFrame, silent: pd.DataFrame) -> list[Advice]:
    """Return what the figures suggest; nothing where nothing stands out."""
    found = [
        Advice(f"{_WORDS[name].capitalize()} were not read: read them too, for the whole cost.")
        for name in sorted(page.source.unread)
    ]
    if len(open_calls):
        often = int((open_calls["times"] > 1).sum())
        more = f"; {count(often)} of them tried more than once" if often else ""
        late = (
            " What happened after the period's end is not known here."
            if missed_late(page, open_calls)
            else ""
        )
        whom = f"Call back {counted(len(open_calls), 'caller')}{more}.{late}"
        found.append(Advice(whom, "call-back"))
    if len(silent):
        wrong = silent[silent["outcome"] == "number"]
        more = f" ({count(len(wrong))} because there is no such number)" if len(wrong) else ""
        found.append(
            Advice(
                f"Check or drop {counted(len(silent), 'number')}, dialled {TRIED} times or more "
                f"and never answered{more}: "
                f"{count(silent['dialled'].sum())} calls to them were not answered.",
                "numbers",
            )
        )
    return [*found, *_offline(page), *_failed(page), *_unpriced(page)]


def _offline(page: Page) -> list[Advice]:
    if not page.calls_read:
        return []
    frame = analysis.agents(page.history, **page.far_ends)
    rung, off = frame["offered"].sum(), frame["offline"].sum()
    if not rung or off / rung < _OFTEN:
        return []
    worst = page.label(highest(frame, "offline")["agent"], "no name")
    return [
        Advice(
            f"See that agents are logged in: {count(off)} of {count(rung)} calls to agents "
            f"({percent(off / rung)}) went to an app that was not logged in, most often that of "
            f"{worst}."
        )
    ]


def _failed(page: Page) -> list[Advice]:
    words = {
        "JS session error": "ended by an error in the scenario's code: look into its log",
        "Insufficient funds": "ended because the account had no money: top it up in time",
        "Timeout": "ran into the longest time a session may last: find out why they do not end",
    }
    return [
        Advice(f"{counted(row['sessions'], 'session')} {words[row['finish_reason']]}.")
        for row in records(analysis.finish_reasons(page.history))
        if row["finish_reason"] in words
    ]


def _unpriced(page: Page) -> list[Advice]:
    calls = only(analysis.traffic(page.history, freq=None, side=None))
    if pd.isna(calls["unpriced"]) or not calls["unpriced"]:
        return []
    without = counted(calls["unpriced"], "answered call")
    return [Advice(f"Read again in some days: {without} had no price yet, so the cost rises.")]
