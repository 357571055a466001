"""How long calls last."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._grouping import By, columns_by, group, names_of, of_rows
from voxframe.analysis._output import grouped, in_order, ratio, to_frame, unknown
from voxframe.analysis._source import Entries, History, Source
from voxframe.analysis._tally import Counted, Tally, added, occurrences

QUANTILES = {"min": 0.0, "p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99, "max": 1.0}
EDGES = (0, 5, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
"""Seconds at which the bars of a histogram begin, unless others are given."""


def _measured(sources: Sources, by: By, side: str | None, timezone: str) -> tuple[Tally, Counted]:
    """Count how often each duration occurs, by group."""
    chosen = None if "side" in names_of(by) else side

    def tally(source: Source) -> tuple[Tally, Tally]:
        rows = source.are_of(chosen) & source.legs.measured
        columns = of_rows(columns_by(source, by, ("calls",), timezone), rows)
        groups = group(columns, int(rows.sum()))
        calls = np.bincount(groups.codes, minlength=groups.size)
        seconds = source.legs.seconds[rows]
        return Tally.of(groups, calls=calls), occurrences(
            groups, seconds, np.ones_like(seconds) > 0
        )

    calls, seconds = added(map(tally, sources))
    return calls, Counted.of(seconds, calls)


@checked
def duration_stats(
    history: History,
    *,
    by: By = None,
    timezone: str = "UTC",
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Describe how long the answered calls last, by default those of the telephone network.

    Calls that were placed and calls that came in count alike. ``by="direction"`` tells them
    apart: their means are then ``acd`` (out) and ``acd_in`` (in) of :func:`traffic`.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at: calls (legs) with ``successful`` whose duration is known.
    by : str or sequence of str, optional
        As in :func:`traffic`; ``by="side"`` tells all far ends apart.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    side : {"network", "own", "machine", "unknown"} or None
        Which far ends count; None is all.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``calls``, and in seconds ``total``, ``mean``, ``min``,
        ``p50``, ``p90``, ``p95``, ``p99``, ``max``; the most calls first, by hour and day
        of the week in their order. Quantiles are interpolated between the two nearest calls
        (Hyndman and Fan's type 7, as numpy's ``linear`` and SQL's ``percentile_cont``).
        Without ``by`` there is one row; without calls its figures are null, and the
        counts too when the calls were not read (``with_calls=False``).

    Examples
    --------
    >>> analysis.duration_stats(history, by="direction")[["direction", "calls", "p50", "p95"]]
      direction  calls    p50    p95
    0        in   1104  137.0  834.0
    1       out    453   53.0  777.0
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    calls, seconds = _measured(sources, by, side, timezone)
    total = seconds.total()
    figures = {
        "calls": calls["calls"],
        "total": total,
        "mean": ratio(total, seconds.counts),
        **{
            name: pa.array(at, pa.float64(), mask=np.isnan(at))
            for name, at in ((name, seconds.quantile(share)) for name, share in QUANTILES.items())
        },
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    return grouped(calls.labels, figures, "calls", "numpy_nullable")


@checked
def duration_histogram(
    history: History,
    *,
    edges: Sequence[int] = EDGES,
    by: By = None,
    timezone: str = "UTC",
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count the answered calls by how long they lasted, by default the telephone network's.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at: the calls of :func:`duration_stats`.
    edges : sequence of int
        Seconds at which the classes begin, ascending. Each class holds its beginning
        and not its end; the last has no end. Shorter calls than the first are left out.
    by : str or sequence of str, optional
        As in :func:`traffic`; ``by="side"`` tells all far ends apart.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    side : {"network", "own", "machine", "unknown"} or None
        Which far ends count; None is all.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``from_seconds``, ``to_seconds`` (null: no end),
        ``calls``, ``share`` (of the group's calls with a duration, 0 to 1; null without
        any). Every class has a row.

    Examples
    --------
    >>> analysis.duration_histogram(history, edges=(0, 60, 600))
       from_seconds  to_seconds  calls     share
    0             0          60    475  0.305074
    1            60         600    943  0.605652
    2           600        <NA>    139  0.089274
    """
    begin = np.asarray(edges, np.int64)
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    groups, seconds = _measured(sources, by, side, timezone)
    classes = len(begin)
    place = np.searchsorted(begin, seconds.numbers, side="right") - 1
    inside = place >= 0
    counts = np.bincount(
        seconds.codes[inside] * classes + place[inside],
        seconds.times[inside],
        groups.size * classes,
    ).astype(np.int64)
    whole = np.repeat(seconds.counts, classes)
    owner = np.repeat(np.arange(groups.size), classes)
    end = np.append(begin[1:], 0)
    open_ended = np.tile(np.arange(classes) == classes - 1, groups.size)
    columns = {
        "from_seconds": pa.array(np.tile(begin, groups.size)),
        "to_seconds": pa.array(np.tile(end, groups.size), mask=open_ended),
        "calls": pa.array(counts),
        "share": ratio(counts, whole),
    }
    labels = {
        name: groups.labels[name].take(pa.array(owner)) for name in groups.labels.column_names
    }
    names = [*groups.labels.column_names, "from_seconds"]
    return to_frame(
        in_order(pa.table(labels | columns), [(name, "ascending") for name in names]),
        "numpy_nullable",
    )
