"""How many calls there were at once, and when the lines were busiest."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._bins import Bins, make_bins, marked, stamps, zone
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import Entries, History, Ints, Source, distinct

HOUR = 3600


def intervals(source: Source) -> tuple[Ints, Ints]:
    """Return when answered legs begin and when they end, each sorted."""
    legs = source.legs
    lasting = legs.timed & (legs.seconds > 0)
    start = legs.start[lasting]
    return np.sort(start), np.sort(start + legs.seconds[lasting])


def _at(moments: Ints, starts: Ints, ends: Ints) -> Ints:
    """Count the calls from each moment on; one that ends there is over."""
    begun = np.searchsorted(starts, moments, side="right")
    return begun - np.searchsorted(ends, moments, side="right")


def _steps(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    moments = distinct(np.concatenate([starts, ends]))
    calls = _at(moments, starts, ends)
    changed = np.diff(calls, prepend=0) != 0
    return moments[changed], calls[changed]


def _occupied(moments: Ints, starts: Ints, ends: Ints) -> Ints:
    """Add up the seconds of calls that lie before each moment."""

    def before(sorted_events: Ints) -> Ints:
        passed = np.searchsorted(sorted_events, moments)
        return np.asarray(moments * passed - np.append(0, np.cumsum(sorted_events))[passed])

    return before(starts) - before(ends)


def concurrency(
    history: History,
    *,
    freq: str | None = "h",
    timezone: str = "UTC",
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count the answered calls that go on at once, by a sweep over their beginnings and ends.

    By default the legs that the telephone network carries: *lines* in use, in both
    directions (a forwarded call takes two). A call occupies a line from its ``start_time``
    for ``duration`` seconds, its last second excluded: of two calls, one of which ends in
    the second in which the other starts, there is one at a time. Calls that were not
    answered, or lasted no time, or whose duration is unknown occupy none; ringing holds a
    line too, but is not in the data, so this is the least that were in use.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    freq : str or None
        Stretches of time, as in :func:`cost_breakdown`; None gives the curve itself.
    timezone : str
        IANA name of the timezone of the result, whose clock cuts the stretches.
    side : {"network", "own", "machine", "unknown"} or None
        Which far ends count; None is all legs.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        With ``freq`` one row a stretch: ``start``, ``partial``; ``peak``, the most calls at once;
        ``peak_at``, when that was first reached (null when there was no call);
        ``erlangs``, the mean number of calls at once (ITU-T E.600). With None one row
        a change: ``start``, and ``calls`` from then on. Empty without calls.
    """
    source = Source.of(history, own=own, machine=machine, network=network).of_side(side)
    starts, ends = intervals(source)
    if freq is None:
        moments, calls = _steps(starts, ends)
        table = pa.table({"start": stamps(moments, zone(timezone)), "calls": calls})
        return to_frame(table, "numpy_nullable")
    bins = make_bins(np.concatenate([starts[:1], ends[-1:] - 1]), freq, timezone)
    peak, at = _peaks(bins, starts, ends)
    busy = np.diff(_occupied(bins.edges - starts[:1].sum(), *_since(starts, ends)))
    table = pa.table(
        {
            "start": bins.starts(),
            "peak": peak,
            "peak_at": pa.array(at * 1_000_000, mask=peak == 0).cast(pa.timestamp("us", timezone)),
            "erlangs": busy / bins.lengths,
        }
    )
    return to_frame(marked(table, bins, source.window), "numpy_nullable")


def _since(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    # Counted from the first call, no sum of seconds comes near the end of 64 bits.
    return starts - starts[:1].sum(), ends - starts[:1].sum()


def _peaks(bins: Bins, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    if not len(bins):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    inner = bins.edges[:-1]
    moments = distinct(np.concatenate([starts, ends, inner]))
    calls = _at(moments, starts, ends)
    begins = np.searchsorted(moments, inner)
    peak = np.maximum.reduceat(calls, begins)
    owner = np.searchsorted(begins, np.arange(len(moments)), side="right") - 1
    reached = np.flatnonzero((calls == peak[owner]) & (owner >= 0))
    first = reached[np.searchsorted(owner[reached], np.arange(len(inner)))]
    return peak, moments[first]


def busy_hour(
    history: History,
    *,
    timezone: str = "UTC",
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Find each day's busy hour: the 60 minutes in which the most traffic was carried.

    ITU-T E.600 defines it as the continuous hour, wholly within the time concerned, of
    the greatest traffic. Here that time is a day of ``timezone``, and the hour begins
    at a full minute; of equals the first counts. Sizing rests on its average over days:
    :func:`peak_load`.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at; the calls that count are those of :func:`concurrency`.
    timezone : str
        IANA name of the timezone whose days are meant.
    side, own, machine, network
        As in :func:`concurrency`.

    Returns
    -------
    pandas.DataFrame
        One row a day with calls: ``day`` (its beginning), ``start`` (of its busy hour),
        ``erlangs`` (in that hour), ``peak`` (the most calls at once in it). The busiest
        of all is ``result.loc[result["erlangs"].idxmax()]``.
    """
    source = Source.of(history, own=own, machine=machine, network=network).of_side(side)
    starts, ends = intervals(source)
    days = make_bins(np.concatenate([starts[:1], ends[-1:] - 1]), "D", timezone)
    day, first, busy = hours_of_days(days, starts, ends)
    best = np.maximum.reduceat(busy, np.flatnonzero(np.diff(day, prepend=-1))) if len(day) else busy
    which = np.cumsum(np.diff(day, prepend=-1) != 0) - 1
    reached = np.flatnonzero(busy == best[which])
    _, at = np.unique(which[reached], return_index=True)
    chosen = reached[at]
    table = pa.table(
        {
            "day": stamps(days.edges[day[chosen]], zone(timezone)),
            "start": stamps(first[chosen], timezone),
            "erlangs": busy[chosen] / HOUR,
            "peak": _peak_within(first[chosen], starts, ends),
        }
    )
    return to_frame(table, "numpy_nullable")


def hours_of_days(days: Bins, starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Return all hours that begin at a minute of a day with calls: day, start, seconds."""
    if not len(days):
        return starts, starts, starts
    origin, near = starts[0], _since(starts, ends)
    # Days without calls are left out: one call with an odd date must not cost a century.
    lively = np.flatnonzero(np.diff(_occupied(days.edges - origin, *near)) > 0)
    each = [np.arange(days.edges[d], days.edges[d + 1] - HOUR + 1, 60) for d in lively]
    first = np.concatenate(each)
    busy = _occupied(first + HOUR - origin, *near) - _occupied(first - origin, *near)
    return np.repeat(lively, [len(hours) for hours in each]), first, busy


def _peak_within(hours: Ints, starts: Ints, ends: Ints) -> Ints:
    if not len(hours):
        return np.empty(0, np.int64)
    edges = distinct(np.concatenate([hours, hours + HOUR]))
    peak, _ = _peaks(Bins(np.append(edges, edges[-1] + 1), "UTC"), starts, ends)
    # Hours of neighbouring days may touch, never overlap: one stretch is one hour.
    return np.asarray(peak[np.searchsorted(edges, hours)], np.int64)
