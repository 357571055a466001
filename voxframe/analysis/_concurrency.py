"""How many calls there were at once, and when the lines were busiest."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import Bins, make_bins, marked, partly_read, stamps, zone
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import Entries, History, Ints, Source, distinct

HOUR = 3600
# Later than any second of a date.
_NEVER = 2**62
_NEEDED = (
    "duration", "incoming", "remote_number", "remote_number_type", "start_date", "start_time",
    "successful", "cost",
)  # fmt: skip


def _lasting(source: Source) -> Ints:
    """Return when answered legs begin, and when they end."""
    legs = source.legs
    lasting = legs.timed & (legs.seconds > 0)
    start = legs.start[lasting]
    return np.stack([start, start + legs.seconds[lasting]])


def _at(moments: Ints, starts: Ints, ends: Ints) -> Ints:
    """Count the calls from each moment on; one that ends there is over."""
    begun = np.searchsorted(starts, moments, side="right")
    return begun - np.searchsorted(ends, moments, side="right")


def _steps(starts: Ints, ends: Ints, before: int) -> tuple[Ints, Ints]:
    moments = distinct(np.concatenate([starts, ends]))
    calls = _at(moments, starts, ends)
    changed = np.diff(calls, prepend=before) != 0
    return moments[changed], calls[changed]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Answered legs in order of time, in pieces that end where a day does.

    Attributes
    ----------
    ends : ndarray
        The first second with a call and the last; empty without calls.
    days : Bins
        From the one to the other.
    """

    ends: Ints
    days: Bins
    _sources: Sources
    _side: str | None
    _firsts: tuple[int, ...]

    @classmethod
    def of(cls, sources: Sources, side: str | None, timezone: str) -> "Sweep":
        """Find out when the legs of a side begin and end."""
        # Those of a day may begin, by an odd date, before those of a day that is read earlier.
        lasting = (_lasting(each.of_side(side)) for each in sources.reading(*_NEEDED))
        spans = [span([starts, ends - 1]) for starts, ends in lasting]
        whole = span(spans)
        firsts = tuple(int(each[0]) if len(each) else _NEVER for each in spans)
        return cls(whole, make_bins(whole, "D", timezone), sources, side, firsts)

    def pieces(self) -> Iterator[tuple[Ints, Ints, int]]:
        """Yield sorted starts and ends of legs as far as they lie in a piece, and when it ends."""
        held = np.empty((2, 0), np.int64)
        for at, source in enumerate(self._sources.reading(*_NEEDED)):
            held = np.concatenate([held, _lasting(source.of_side(self._side))], axis=1)
            coming = min(self._firsts[at + 1 :], default=_NEVER)
            until = _NEVER
            if coming < _NEVER:
                until = int(self.days.edges[self.days.find(np.array([coming]))[0]])
            begun = held[:, held[0] < until]
            if begun.shape[1]:
                yield np.sort(begun[0]), np.sort(np.minimum(begun[1], until)), until
            held = held[:, held[1] > until]
            held = np.maximum(held, [[until], [0]])


def _occupied(moments: Ints, starts: Ints, ends: Ints) -> Ints:
    """Add up the seconds of calls that lie before each moment."""

    def before(sorted_events: Ints) -> Ints:
        passed = np.searchsorted(sorted_events, moments)
        return np.asarray(moments * passed - np.append(0, np.cumsum(sorted_events))[passed])

    return before(starts) - before(ends)


@checked
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
    history : CallHistory, Dataset or mapping of tables
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

    Examples
    --------
    >>> busy = analysis.concurrency(history, freq="D")
    >>> busy[["start", "peak", "erlangs"]].head(2)
                          start  peak   erlangs
    0 2026-10-01 00:00:00+00:00     3  0.190833
    1 2026-10-02 00:00:00+00:00     3  0.220359
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    sweep = Sweep.of(sources, side, timezone)
    if freq is None:
        changes, before = [np.empty((2, 0), np.int64)], 0
        for starts, ends, until in sweep.pieces():
            moments, calls = _steps(starts, ends, before)
            # What goes on at the end of a piece is in the next one.
            changes.append(np.stack([moments, calls])[:, moments < until])
            before = int(_at(np.array([until - 1]), starts, ends)[0])
        moments, calls = np.concatenate(changes, axis=1)
        table = pa.table({"start": stamps(moments, zone(timezone)), "calls": calls})
        return to_frame(table, "numpy_nullable")
    bins = make_bins(sweep.ends, freq, timezone)
    peak, at, busy = np.zeros((3, len(bins)), np.int64)
    for starts, ends, _ in sweep.pieces():
        here, first = _peaks(bins, starts, ends)
        higher = here > peak
        peak, at = np.where(higher, here, peak), np.where(higher, first, at)
        busy += np.diff(_occupied(bins.edges - starts[0], *_since(starts, ends)))
    table = pa.table(
        {
            "start": bins.starts(),
            "peak": peak,
            "peak_at": pa.array(at * 1_000_000, mask=peak == 0).cast(pa.timestamp("us", timezone)),
            "erlangs": busy / bins.lengths,
        }
    )
    return to_frame(marked(table, bins, sources.window), "numpy_nullable")


def _since(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    # Counted from the first call, no sum of seconds comes near the end of 64 bits.
    return starts - starts[0], ends - starts[0]


def _peaks(bins: Bins, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    inner = bins.edges[:-1]
    moments = distinct(np.concatenate([starts, ends, inner]))
    calls = _at(moments, starts, ends)
    begins = np.searchsorted(moments, inner)
    peak = np.maximum.reduceat(calls, begins)
    owner = np.searchsorted(begins, np.arange(len(moments)), side="right") - 1
    reached = np.flatnonzero((calls == peak[owner]) & (owner >= 0))
    first = reached[np.searchsorted(owner[reached], np.arange(len(inner)))]
    return peak, moments[first]


@checked
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
    history : CallHistory, Dataset or mapping of tables
        What to look at; the calls that count are those of :func:`concurrency`.
    timezone : str
        IANA name of the timezone whose days are meant.
    side, own, machine, network
        As in :func:`concurrency`.

    Returns
    -------
    pandas.DataFrame
        One row a day with calls: ``day`` (its beginning), ``start`` (of its busy hour),
        ``erlangs`` (in that hour), ``peak`` (the most calls at once in it), ``partial``
        (whether the day is not wholly inside of the window that was read, so that its busiest
        hour may lie in the part that is missing; null where that is not known). The busiest
        of all is ``result.loc[result["erlangs"].idxmax()]``; into a mean over days go those
        that are not partial.

    Examples
    --------
    >>> hours = analysis.busy_hour(history, timezone="Europe/Berlin")
    >>> hours[["partial", "start", "erlangs", "peak"]].head(2)
       partial                     start   erlangs  peak
    0     True 2026-10-01 13:39:00+02:00  0.849444     3
    1    False 2026-10-02 08:38:00+02:00  1.241944     3
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    sweep = Sweep.of(sources, side, timezone)
    parts = [_busiest(sweep.days, starts, ends) for starts, ends, _ in sweep.pieces()]
    day, start, busy, peak = np.concatenate([np.empty((4, 0), np.int64), *parts], axis=1)
    partial = partly_read(sweep.days, sources.window)[day]
    unknown = np.full(len(day), sources.window is None)
    table = pa.table(
        {
            "day": stamps(sweep.days.edges[day], zone(timezone)),
            "start": stamps(start, timezone),
            "erlangs": busy / HOUR,
            "peak": peak,
            "partial": pa.array(partial, pa.bool_(), mask=unknown),
        }
    )
    return to_frame(table, "numpy_nullable")


def _busiest(days: Bins, starts: Ints, ends: Ints) -> Ints:
    """Return the busy hour of each day with calls: day, start, seconds, peak."""
    day, first, busy = hours_of_days(days, starts, ends)
    best = np.maximum.reduceat(busy, np.flatnonzero(np.diff(day, prepend=-1)))
    which = np.cumsum(np.diff(day, prepend=-1) != 0) - 1
    reached = np.flatnonzero(busy == best[which])
    _, at = np.unique(which[reached], return_index=True)
    chosen = reached[at]
    peak = _peak_within(first[chosen], starts, ends)
    return np.stack([day[chosen], first[chosen], busy[chosen], peak])


def hours_of_days(days: Bins, starts: Ints, ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Return all hours that begin at a minute of a day with calls: day, start, seconds."""
    origin, near = starts[0], _since(starts, ends)
    # Days without calls are left out: one call with an odd date must not cost a century.
    lively = np.flatnonzero(np.diff(_occupied(days.edges - origin, *near)) > 0)
    each = [np.arange(days.edges[d], days.edges[d + 1] - HOUR + 1, 60) for d in lively]
    first = np.concatenate(each)
    busy = _occupied(first + HOUR - origin, *near) - _occupied(first - origin, *near)
    return np.repeat(lively, [len(hours) for hours in each]), first, busy


def _peak_within(hours: Ints, starts: Ints, ends: Ints) -> Ints:
    edges = distinct(np.concatenate([hours, hours + HOUR]))
    peak, _ = _peaks(Bins(np.append(edges, edges[-1] + 1), "UTC"), starts, ends)
    # Hours of neighbouring days may touch, never overlap: one stretch is one hour.
    return np.asarray(peak[np.searchsorted(edges, hours)], np.int64)
