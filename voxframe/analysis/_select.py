"""Some of the sessions, with all that belongs to them."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from voxframe.analysis._grouping import coded
from voxframe.analysis._source import Flags, Source

# What names no person, so that a receipt may say what was selected.
_PLAIN = frozenset({
    "account_id", "application_id", "application_name", "finish_reason", "hour", "rule_id",
    "rule_name", "session_kind", "weekday",
})  # fmt: skip


def select(
    source: Source, values: Mapping[str, Any], timezone: str
) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Return the tables of the sessions that fit all values, and what was selected in words."""
    wanted = {name: _several(value) for name, value in values.items()}
    kept = np.ones(source.count("sessions"), np.bool_)
    for name, each in wanted.items():
        kept &= _fit(source, name, each, timezone)
    tables = {"sessions": source["sessions"].filter(pa.array(kept))}
    for name in source.tables.keys() - tables.keys():
        # The last stands for the session that is not there.
        tables[name] = source[name].filter(pa.array(np.append(kept, [False])[source.parents(name)]))
    return tables, {name: _said(name, each) for name, each in wanted.items()}


def _several(value: Any) -> list[Any]:
    if isinstance(value, Collection) and not isinstance(value, str):
        return list(value)
    return [value]


def _fit(source: Source, name: str, wanted: list[Any], timezone: str) -> Flags:
    """Return which sessions have one of the values."""
    column = coded(source, name, ("sessions",), timezone)
    fits = [label in wanted for label in column.labels.to_pylist()]
    return np.array([*fits, None in wanted], np.bool_)[column.codes]


def _said(name: str, wanted: list[Any]) -> str:
    if name in _PLAIN:
        return ";".join("none" if each is None else str(each) for each in wanted)
    return f"{len(wanted)} value{'' if len(wanted) == 1 else 's'}"
