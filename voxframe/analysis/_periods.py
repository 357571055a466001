"""A period against the one before it."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._by_day import Sources
from voxframe.analysis._costs import cost_breakdown
from voxframe.analysis._outcomes import inbound_outcomes
from voxframe.analysis._output import to_frame
from voxframe.analysis._service_level import service_level
from voxframe.analysis._source import Entries, History
from voxframe.analysis._talk import minutes
from voxframe.analysis._traffic import traffic

_COST = ("total_cost", "calls_cost", "records_cost", "resources_cost")
_TRAFFIC = ("attempts", "answered", "asr", "ner", "acd", "arrived", "cost_per_minute")
_MINUTES = ("sessions", "connected_minutes", "talk_minutes")
_INBOUND = ("inbound", "offered", "person", "missed", "missed_share", "abandonment_rate")
_WAITS = ("service_level", "speed_of_answer")


def compare(
    history: History,
    previous: History,
    *,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Set the main figures of a period against those of the one before.

    Parameters
    ----------
    history, previous : CallHistory or mapping of tables
        The period, and the one before.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        One row a figure: ``figure``, by the name of its column in :func:`minutes`,
        :func:`cost_breakdown`, :func:`traffic`, :func:`inbound_outcomes` and
        :func:`service_level`; ``now``, ``before``; ``change`` (now - before);
        ``change_share`` (change / before; null where that is 0); ``days_now`` and
        ``days_before``, the length of the two windows, null where it is not known, since
        the sums of a month of 31 days and of one of 30 are not like for like. A figure
        that cannot be had is null.

    Examples
    --------
    >>> now = voxframe.read_call_history("2026-10-17", "2026-10-31")
    >>> before = voxframe.read_call_history("2026-10-03", "2026-10-17")
    >>> analysis.compare(now, before)[["figure", "now", "before", "change"]].head(3)
                  figure          now       before  change
    0           sessions        921.0        896.0    25.0
    1  connected_minutes  2781.283333  2523.533333  257.75
    2       talk_minutes  1904.833333  1783.433333   121.4
    """
    figures: list[str] = []
    values: list[list[float | None]] = []
    days: list[float | None] = []
    for each in (history, previous):
        found = _figures(each, own=own, machine=machine, network=network)
        figures = list(found)
        values.append(list(found.values()))
        window = Sources.of(each).window
        days.append(None if window is None else (window[1] - window[0]) / 86_400)
    now, before = (np.array(column, float) for column in values)
    change = now - before
    share = np.divide(change, before, out=np.full(len(now), np.nan), where=before != 0)
    table = pa.table(
        {
            "figure": figures,
            **{
                name: pa.array(column, pa.float64(), mask=np.isnan(column))
                for name, column in (
                    ("now", now), ("before", before), ("change", change), ("change_share", share),
                )
            },
            "days_now": pa.array([days[0]] * len(figures), pa.float64()),
            "days_before": pa.array([days[1]] * len(figures), pa.float64()),
        }
    )  # fmt: skip
    return to_frame(table, "numpy_nullable")


def _figures(history: History, **far_ends: Any) -> dict[str, float | None]:
    parts = (
        (minutes(history, **far_ends), _MINUTES),
        (cost_breakdown(history), _COST),
        (traffic(history, freq=None, **far_ends), _TRAFFIC),
        (inbound_outcomes(history, **far_ends), _INBOUND),
        (service_level(history, **far_ends), _WAITS),
    )
    return {
        name: None if pd.isna(frame[name].iloc[0]) else float(frame[name].iloc[0])
        for frame, names in parts
        for name in names
    }
