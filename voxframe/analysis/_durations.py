"""How long calls last."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe.analysis._grouping import By, Groups, columns_by, group, of_rows
from voxframe.analysis._output import grouped, in_order, ratio, to_frame, unknown
from voxframe.analysis._source import Entries, History, Ints, Source

QUANTILES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
EDGES = (0, 5, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600)
"""Seconds at which the bars of a histogram begin, unless others are given."""


def _measured(source: Source, by: By, timezone: str) -> tuple[Ints, Groups]:
    rows = source.legs.measured
    columns = of_rows(columns_by(source, by, ("calls",), timezone), rows)
    return source.legs.seconds[rows], group(columns, int(rows.sum()))


def _quantile(ordered: Ints, first: Ints, counts: Ints, share: float) -> NDArray[np.float64]:
    position = first + (counts - 1) * share
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, first + counts - 1)
    return np.asarray(ordered[low] + (ordered[high] - ordered[low]) * (position - low))


def duration_stats(
    history: History,
    *,
    by: By = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Describe how long the answered calls last.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at: calls (legs) with ``successful`` whose duration is known.
    by : str or sequence of str, optional
        As in :func:`traffic`; ``by="side"`` tells far ends apart.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``calls``, and in seconds ``total``, ``mean`` (the
        ACD of :func:`traffic`), ``min``, ``p50``, ``p90``, ``p95``, ``p99``, ``max``;
        the most calls first. Quantiles are interpolated between the two nearest calls
        (Hyndman and Fan's type 7, as numpy's ``linear`` and SQL's ``percentile_cont``).
        Without ``by`` there is one row; without calls its figures are null, and the
        counts too when the calls were not read (``with_calls=False``).
    """
    source = Source.of(history, own=own, machine=machine, network=network)
    seconds, groups = _measured(source, by, timezone)
    counts = np.bincount(groups.codes, minlength=groups.size).astype(np.int64)
    added = np.bincount(groups.codes, seconds, groups.size).astype(np.int64)
    ordered = seconds[np.lexsort((seconds, groups.codes))]
    if not len(ordered):
        names = ("mean", "min", *QUANTILES, "max")
        empty = {"calls": counts, "total": added}
        empty |= {name: pa.nulls(groups.size, pa.float64()) for name in names}
        if "calls" in source.unread:
            empty = unknown(empty)
        return grouped(groups.labels, empty, "calls", "numpy_nullable")
    first = np.cumsum(counts) - counts
    figures = {
        "calls": counts,
        "total": added,
        "mean": ratio(added, counts),
        "min": ordered[first].astype(np.float64),
        **{name: _quantile(ordered, first, counts, at) for name, at in QUANTILES.items()},
        "max": ordered[first + counts - 1].astype(np.float64),
    }
    return grouped(groups.labels, figures, "calls", "numpy_nullable")


def duration_histogram(
    history: History,
    *,
    edges: Sequence[int] = EDGES,
    by: By = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count the answered calls by how long they lasted.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at: the calls of :func:`duration_stats`.
    edges : sequence of int
        Seconds at which the classes begin, ascending. Each class holds its beginning
        and not its end; the last has no end. Shorter calls than the first are left out.
    by : str or sequence of str, optional
        As in :func:`traffic`; ``by="side"`` tells far ends apart.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``from_seconds``, ``to_seconds`` (null: no end),
        ``calls``, ``share`` (of the group's calls with a duration, 0 to 1; null without
        any). Every class has a row.
    """
    begin = np.asarray(edges, np.int64)
    if not len(begin) or (np.diff(begin) <= 0).any():
        raise ValueError("edges are ascending, at least one.")
    source = Source.of(history, own=own, machine=machine, network=network)
    seconds, groups = _measured(source, by, timezone)
    classes = len(begin)
    place = np.searchsorted(begin, seconds, side="right") - 1
    inside = place >= 0
    counts = np.bincount(
        groups.codes[inside] * classes + place[inside], minlength=groups.size * classes
    ).astype(np.int64)
    whole = np.repeat(np.bincount(groups.codes, minlength=groups.size), classes)
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
