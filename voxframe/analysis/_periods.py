"""A period against the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._costs import cost_breakdown
from voxframe.analysis._currency import Currency
from voxframe.analysis._grouping import By, names_of
from voxframe.analysis._outcomes import inbound_outcomes
from voxframe.analysis._output import records, to_frame
from voxframe.analysis._service_level import service_level
from voxframe.analysis._source import Entries, History
from voxframe.analysis._talk import minutes
from voxframe.analysis._traffic import traffic

_COST = ("total_cost", "calls_cost", "records_cost", "resources_cost")
_TRAFFIC = ("attempts", "answered", "asr", "ner", "acd", "arrived", "cost_per_minute")
_MINUTES = ("sessions", "connected_minutes", "talk_minutes")
_INBOUND = ("inbound", "offered", "person", "missed", "missed_share", "abandonment_rate")
_WAITS = ("service_level", "speed_of_answer")
_FIGURES = (*_MINUTES, *_COST, *_TRAFFIC, *_INBOUND, *_WAITS)
_MONEY = frozenset({*_COST, "cost_per_minute"})
# Of a group in which there is nothing these are not known, while all others are 0.
_RATIOS = frozenset(
    {"asr", "ner", "acd", "cost_per_minute", "missed_share", "abandonment_rate", *_WAITS}
)
_NEEDED = {
    "sessions": (), "total_cost": ("calls", "records", "resource_usage"),
    "records_cost": ("records",), "resources_cost": ("resource_usage",),
}  # fmt: skip
"""Tables without which a figure is not known; of those that do not stand here, calls."""

Group = tuple[Any, ...]
Key = tuple[Group, str, str | None]


@dataclass(frozen=True, slots=True)
class _Period:
    """The figures of one period: by group, name, and for money its currency."""

    groups: tuple[Group, ...]
    values: Mapping[Key, float | None]
    unread: frozenset[str]
    days: float | None
    note: str

    def value(self, key: Key) -> float | None:
        """Return a figure; 0 where its group has nothing to add up."""
        figure = key[1]
        known = not self.unread & set(_NEEDED.get(figure, ("calls",)))
        return self.values.get(key, 0.0 if known and figure not in _RATIOS else None)


@checked
def compare(
    history: History,
    previous: History,
    *,
    by: By = None,
    timezone: str = "UTC",
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Set the main figures of a period against those of the one before.

    Parameters
    ----------
    history, previous : CallHistory, Dataset or mapping of tables
        The period, and the one before.
    by : str or sequence of str, optional
        Columns of ``sessions``, or what :func:`inbound_outcomes` names besides.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    currency : str or mapping of int to str, optional
        As in :func:`cost_breakdown`: costs have a row a currency.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then one row a figure: ``figure``, by the name of its column
        in :func:`minutes`, :func:`cost_breakdown`, :func:`traffic`,
        :func:`inbound_outcomes` and :func:`service_level`; ``currency`` of a cost (where it
        was given); ``now``, ``before``; ``change`` (now - before);
        ``change_share`` (change / before; null where that is 0); ``days_now`` and
        ``days_before``, the length of the two windows, null where it is not known, since
        the sums of a month of 31 days and of one of 30 are not like for like. A figure
        that cannot be had is null; what is in one period alone counts as 0 in the other.
        By day of the week and hour in their order, else the most sessions first.

    Raises
    ------
    ValueError
        For an unknown column or timezone, or an account without a currency.

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
    far_ends = {"own": own, "machine": machine, "network": network}
    now, before = (
        _period(each, by, timezone, currency, **far_ends) for each in (history, previous)
    )
    units: dict[tuple[Group, str], set[str | None]] = {}
    for group, figure, unit in (*now.values, *before.values):  # noqa: PD011 - not pandas
        units.setdefault((group, figure), set()).add(unit)
    groups = dict.fromkeys([*now.groups, *before.groups])
    keys = [
        (group, figure, unit)
        for group in groups
        for figure in _FIGURES
        for unit in sorted(units.get((group, figure), {None}), key=lambda each: each or "")
    ]
    labels = {
        name: pa.array([group[at] for group, _, _ in keys]) for at, name in enumerate(names_of(by))
    }
    frame = _table(labels, keys, now, before, priced=currency is not None)
    if note := now.note or before.note:
        frame.attrs["note"] = note
    return frame


def _table(
    labels: Mapping[str, pa.Array], keys: list[Key], now: _Period, before: _Period, *, priced: bool
) -> pd.DataFrame:
    columns = [np.array([each.value(key) for key in keys], float) for each in (now, before)]
    change = columns[0] - columns[1]
    share = np.divide(change, columns[1], out=np.full(len(keys), np.nan), where=~(columns[1] == 0))
    numbers = dict(
        zip(("now", "before", "change", "change_share"), (*columns, change, share), strict=True)
    )
    table = pa.table(
        {
            **labels,
            "figure": [figure for _, figure, _ in keys],
            **({"currency": pa.array([unit for *_, unit in keys], pa.string())} if priced else {}),
            **{name: pa.array(each, mask=np.isnan(each)) for name, each in numbers.items()},
            "days_now": pa.array([now.days] * len(keys), pa.float64()),
            "days_before": pa.array([before.days] * len(keys), pa.float64()),
        }
    )
    return to_frame(table, "numpy_nullable")


def _period(
    history: History, by: By, timezone: str, currency: Currency, **far_ends: Any
) -> _Period:
    grouped: dict[str, Any] = {"by": by, "timezone": timezone, **far_ends}
    calls = traffic(history, freq=None, **grouped)
    costs = cost_breakdown(history, currency=currency, **grouped)
    paid = calls if currency is None else traffic(
        history, freq=None, currency=currency, **grouped
    )  # fmt: skip
    values: dict[Key, float | None] = {}
    for frame, figures in (
        (minutes(history, **grouped), _MINUTES),
        (costs, _COST),
        (calls, [figure for figure in _TRAFFIC if figure not in _MONEY]),
        (paid, ["cost_per_minute"]),
        (inbound_outcomes(history, **grouped), _INBOUND),
        (service_level(history, **grouped), _WAITS),
    ):
        for row in records(frame):
            group = tuple(None if pd.isna(row[name]) else row[name] for name in names_of(by))
            for figure in figures:
                unit = row.get("currency") if figure in _MONEY else None
                unit = None if pd.isna(unit) else unit
                values[group, figure, unit] = None if pd.isna(row[figure]) else float(row[figure])
    sources = Sources.of(history)
    window = sources.window
    days = None if window is None else (window[1] - window[0]) / 86_400
    groups = tuple(dict.fromkeys(group for group, _, _ in values))
    return _Period(groups, values, sources.unread, days, costs.attrs.get("note", ""))
