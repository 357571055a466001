"""The figures at the top, and how they changed."""

from typing import Any

import numpy as np
import pandas as pd

from voxframe import analysis
from voxframe.analysis._output import highest, records
from voxframe.report._parts import (
    NONE,
    NOT_READ,
    Figure,
    Page,
    count,
    few,
    lasting,
    moment,
    only,
    percent,
    total,
)

# Within so much of a whole a figure is called the same, and is neither better nor worse.
_STEADY, _TELLING = 0.0005, 0.005
_NO_BREAK = "\N{NO-BREAK SPACE}"


_COSTS = ("calls_cost", "records_cost", "resources_cost", "total_cost")


class Changes:
    """What changed since the previous period, by figure."""

    def __init__(self, page: Page) -> None:
        rows = (
            records(analysis.compare(page.history, page.previous, **page.far_ends))
            if page.previous is not None
            else []
        )
        self.rows = {row["figure"]: row for row in rows}

    def of(self, name: str, *, good: int = 0, ratio: bool = False) -> dict[str, str]:
        """Return in words how a figure changed, and whether that is for the better."""
        row = self.rows.get(name)
        if row is None or pd.isna(row["now"]):
            return {}
        if pd.isna(row["before"]):
            return {"change": "before: not known"}
        change, words = self._change(row, ratio=ratio)
        if change is None:
            return {"change": "before: none"}
        if abs(change) < _STEADY:
            return {"change": "as before"}
        judged = good and abs(change) >= _TELLING
        turn = "" if not judged else ("better" if change * good > 0 else "worse")
        arrow = "\N{UPWARDS ARROW}" if change > 0 else "\N{DOWNWARDS ARROW}"
        return {"change": f"{arrow}{_NO_BREAK}{words}", "turn": turn}

    @staticmethod
    def _change(row: dict[str, Any], *, ratio: bool) -> tuple[float | None, str]:
        if ratio:
            points = float(row["change"])
            words = f"{abs(points) * 100:.1f} points (before:{_NO_BREAK}{percent(row['before'])})"
            return points, words
        now, before = float(row["now"]), float(row["before"])
        lengths = [row["days_now"], row["days_before"]]
        # A month of 31 days and one of 30 are compared by the day.
        by_day = not any(pd.isna(each) or not each for each in lengths) and np.diff(lengths)[0] != 0
        if by_day:
            now, before = now / float(lengths[0]), before / float(lengths[1])
        if not before:
            return (0.0, "") if not now else (None, "")
        change = now / before - 1
        return change, f"{abs(change) * 100:.1f} %{' by daily average' if by_day else ''}"


def main_figures(page: Page, changes: Changes) -> list[Figure]:
    """Return the five figures that matter."""
    inbound = only(analysis.inbound_outcomes(page.history, **page.far_ends))
    waits = only(analysis.service_level(page.history, **page.far_ends))
    calls = only(analysis.traffic(page.history, freq=None, **page.far_ends))
    reached = f"{count(inbound['person'])} answered by a person"
    rate = inbound["abandonment_rate"]
    lost = "" if pd.isna(rate) else f"{percent(rate)} of the calls offered to an agent"
    placed = f"of {count(calls['attempts'])} calls to outside numbers"
    read = page.calls_read
    return [
        _cost(page, changes),
        Figure("Incoming calls", count(inbound["inbound"]), reached if read else "",
               **changes.of("inbound")),
        Figure("Missed calls", count(inbound["missed"]), lost,
               **changes.of("missed", good=-1)),
        Figure("Answered within 20 s", _between(page, waits, "service_level", percent),
               "of the calls offered to an agent" if lost else "",
               **changes.of("service_level", good=1, ratio=True)),
        Figure("Outgoing calls answered", percent(calls["asr"]) if read else NOT_READ,
               placed if read else "", **changes.of("asr", good=1, ratio=True)),
    ]  # fmt: skip


def _cost(page: Page, changes: Changes) -> Figure:
    rows = records(analysis.cost_breakdown(page.history, currency=page.currency))
    several = len(rows) > 1
    if several:
        worth = [f"{page.money(row['total_cost'])} {row['currency']}" for row in rows]
        return Figure("Total cost", "\n".join(worth), "each currency on its own")
    (row,) = rows or [dict.fromkeys(_COSTS, 0.0)]
    name = f"Total cost, {row['currency']}" if "currency" in row else "Total cost"
    parts = (
        f"calls {page.money(row['calls_cost'])}, recordings {page.money(row['records_cost'])}, "
        f"other {page.money(row['resources_cost'])}"
    )
    return Figure(name, page.money(row["total_cost"]), parts, **changes.of("total_cost", good=-1))


def _between(page: Page, row: dict[str, Any], name: str, written: Any) -> str:
    """Write a figure, or what it lies between where the data does not tell."""
    if not page.calls_read:
        return NOT_READ
    if not pd.isna(row[name]):
        return str(written(row[name]))
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return NONE if pd.isna(low) else f"{written(low)} \N{EN DASH} {written(high)}"


def traffic_figures(page: Page, changes: Changes) -> list[Figure]:
    """Return what was carried, how long it lasted and how busy it was."""
    sessions = Figure("Sessions", count(page.source.count("sessions")), "runs of a scenario",
                      **changes.of("sessions"))  # fmt: skip
    if not page.calls_read:
        names = ("Outside minutes", "Minutes of talk", "Average length", "Most at once",
                 "Busy hour")  # fmt: skip
        return [sessions, *(Figure(name, NOT_READ) for name in names)]
    calls = only(analysis.traffic(page.history, freq=None, **page.far_ends))
    talk = total(analysis.minutes(page.history, **page.far_ends)["talk_minutes"])
    waits = only(analysis.service_level(page.history, **page.far_ends))
    return [
        sessions,
        Figure("Outside minutes", count(calls["connected_minutes"]), "on the telephone network",
               **changes.of("connected_minutes")),
        Figure("Minutes of talk", count(talk), "a customer and a colleague connected",
               **changes.of("talk_minutes")),
        Figure("Average length", lasting(calls["acd"]),
               f"of outgoing calls; of incoming ones {lasting(calls['acd_in'])}"),
        Figure("Wait for an answer", _between(page, waits, "speed_of_answer", lasting),
               f"on average; median {_between(page, waits, 'wait_median', lasting)}"),
        *_busiest(page),
    ]  # fmt: skip


def _busiest(page: Page) -> list[Figure]:
    hours = analysis.concurrency(page.history, freq="D", timezone=page.timezone, **page.far_ends)
    if hours.empty:
        return [Figure("Most at once", "0", "outside calls"), Figure("Busy hour", NONE)]
    top = highest(hours, "peak")
    busy = analysis.busy_hour(page.history, timezone=page.timezone, **page.far_ends)
    figures = [
        Figure("Most at once", count(top["peak"]), f"outside calls, {moment(top['peak_at'])}")
    ]
    if busy.empty:
        return [*figures, Figure("Busy hour", NONE)]
    best = highest(busy, "erlangs")
    return [*figures, Figure("Busy hour", f"{few(best['erlangs'])} calls",
                             f"at once on average, {moment(best['start'])}")]  # fmt: skip
