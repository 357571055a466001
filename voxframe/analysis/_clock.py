"""How starts and durations of legs are to be read, decided from the data itself."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._grouping import group
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import Flags, History, Ints, Source, flags, integers, valid
from voxframe.analysis._tally import Counted, Tally, added, occurrences

# So many connected pairs decide; fewer may be chance.
_ENOUGH = 30
# Seconds: both ends of a conversation hang up together, give or take what is rounded.
_TOGETHER = 2
# Seconds, and the share of legs, that may differ by rounding alone.
_SAME, _MOST = 1, 0.95


@dataclass(frozen=True, slots=True)
class LegClock:
    """What was decided, each with how many legs or sessions it rests on.

    Attributes
    ----------
    duration : {"connected", "total"}
        Whether ``duration`` is connected time, or may hold ringing.
    start : {"answer", "dial", "unknown"}
        Whether ``start_time`` of an answered outgoing leg is its answer.
    incoming : {"arrival", "answer"}
        Whether ``start_time`` of an incoming leg is its arrival, or the scenario's answer.
    ringing, gaps, late : tuple of int
        How many speak for it, and of how many: failed legs that lasted, pairs of legs that
        end together, incoming legs that start with their session.
    """

    duration: str
    start: str
    incoming: str
    ringing: tuple[int, int]
    gaps: tuple[int, int]
    late: tuple[int, int]


def sole_pairs(source: Source) -> tuple[Ints, Ints]:
    """Return the rows of the in and the out leg of each session that has just these answered."""
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")
    usable = legs.answered & (parents >= 0)

    def alone(which: Flags) -> Ints:
        rows = np.flatnonzero(usable & which)
        found = np.full(size, -1, np.int64)
        found[parents[rows]] = rows
        found[np.bincount(parents[rows], minlength=size) != 1] = -1
        return found

    incoming, outgoing = alone(legs.incoming), alone(legs.outgoing)
    both = (incoming >= 0) & (outgoing >= 0)
    return incoming[both], outgoing[both]


def _evidence(source: Source) -> tuple[Tally, Tally]:
    """Count what speaks for one reading or the other, and by how far pairs end apart."""
    legs, calls = source.legs, source["calls"]
    failed = valid(calls["successful"]) & ~flags(calls["successful"]) & valid(calls["duration"])
    incoming, outgoing = sole_pairs(source)
    timed = legs.timed & legs.measured
    known = timed[incoming] & timed[outgoing]
    end = legs.start + legs.seconds
    gaps = np.abs(end[incoming] - end[outgoing])[known]
    parents = source.parents("calls")
    arriving = np.flatnonzero(legs.incoming & legs.timed & (parents >= 0))
    late = np.abs(legs.start[arriving] - source.session_starts[parents[arriving]]) > _SAME
    counts = {
        "failed": failed.sum(),
        "lasted": (integers(calls["duration"])[failed] > 0).sum(),
        "arriving": len(late),
        "on_time": (~late).sum(),
    }
    apart = occurrences(group([], len(gaps)), gaps, np.ones(len(gaps), np.bool_))
    return Tally.of(group([], 0), **{n: np.array([c]) for n, c in counts.items()}), apart


def decide(sources: Iterable[Source]) -> LegClock:
    """Decide how legs are to be read; see :func:`leg_clock`."""
    counts, apart = added(map(_evidence, sources))
    failed, lasted, arriving, on_time = (
        int(counts[name][0]) for name in ("failed", "lasted", "arriving", "on_time")
    )
    gaps = Counted.of(apart, counts)
    number = int(gaps.counts[0])
    together = int(gaps.times[gaps.numbers <= _TOGETHER].sum())
    if lasted or number < _ENOUGH:
        start = "unknown"
    else:
        start = "answer" if gaps.quantile(0.5)[0] <= _TOGETHER else "dial"
    return LegClock(
        "total" if lasted else "connected",
        start,
        "arrival" if on_time >= _MOST * arriving else "answer",
        (lasted, failed),
        (together, number),
        (on_time, arriving),
    )


@checked
def leg_clock(history: History) -> pd.DataFrame:
    """Decide from the data how starts and durations of its legs are to be read.

    The service's reference calls them "call start time" and "call duration" and says no
    more: a start may be the dial, the first ringing or the answer. Waits depend on it, so
    every function that needs it decides as follows, and gives bounds where that cannot be
    decided.

    ============  ====================================================================
    ``duration``  of legs that failed, how many lasted more than 0 s? None: a duration
                  is *connected* time. Else it is *total*, ringing may be in it
    ``start``     in sessions of exactly one answered incoming and one answered outgoing
                  leg both end together. If start + duration of the two agree within 2 s
                  (median), an outgoing leg's start is its *answer*; else it is the *dial*.
                  With fewer than 30 such sessions, or total durations, *unknown*
    ``incoming``  do incoming legs start when their session does? If 95 in 100 do, within
                  a second, their start is the *arrival*; else the scenario's *answer*, and
                  waiting is counted from the session's start
    ============  ====================================================================

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.

    Returns
    -------
    pandas.DataFrame
        Three rows: ``question``, ``reading``, ``evidence`` in words.

    Examples
    --------
    >>> analysis.leg_clock(history)[["question", "reading"]]
       question    reading
    0  duration  connected
    1     start     answer
    2  incoming    arrival
    """
    clock = decide(Sources.of(history))
    table = pa.table(
        {
            "question": ["duration", "start", "incoming"],
            "reading": [clock.duration, clock.start, clock.incoming],
            "evidence": [
                "{:,} of {:,} failed legs lasted more than 0 s".format(*clock.ringing),
                "in {:,} of {:,} sessions both legs end within 2 s of each other".format(
                    *clock.gaps
                ),
                "{:,} of {:,} incoming legs start with their session".format(*clock.late),
            ],
        }
    )
    return to_frame(table, "numpy_nullable")
