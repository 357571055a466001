"""Some of the sessions, with all that belongs to them."""

import re
import warnings
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._bins import zone
from voxframe.analysis._derived import CLOCK, OF_LEGS, OF_SESSIONS
from voxframe.analysis._far_ends import as_compared
from voxframe.analysis._grouping import coded, meant
from voxframe.analysis._source import Flags, Source
from voxframe.errors import InvalidQueryError

# What names no person, so that a receipt may say what was selected.
_PLAIN = frozenset({
    "account_id", "application_id", "application_name", "finish_reason", "hour", "rule_id",
    "rule_name", "session_kind", "weekday",
})  # fmt: skip
_NUMBERS = frozenset({"caller", "called", "agent"})
# All that these can be is known beforehand, whether it occurs or not.
_CLOSED = frozenset({*CLOCK, "session_kind"})
_KINDS = (
    (pa.types.is_string, (str,), "a text", "; put it in quotes"),
    (pa.types.is_integer, (int, float, np.integer), "a number", ""),
    (pa.types.is_boolean, (bool, np.bool_), "True or False", ""),
)


def select(
    source: Source, values: Mapping[str, Any], timezone: str
) -> tuple[dict[str, pa.Table], dict[str, str]]:
    """Return the tables of the sessions that fit all values, and what was selected in words."""
    zone(timezone)
    names = [*OF_SESSIONS, *CLOCK, *source["sessions"].column_names]
    for name in values:
        if name in OF_LEGS or (name not in names and name in source["calls"].column_names):
            raise InvalidQueryError(
                f"{name}: is of calls, and sessions are selected whole; there are {names}"
            )
        if name not in names:
            raise InvalidQueryError(
                f"{name}: sessions have no such column to select by{meant(name, names)}"
            )
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
    several = isinstance(value, Collection) and not isinstance(value, str)
    values = list(value) if several else [value]
    return [None if pd.api.types.is_scalar(each) and pd.isna(each) else each for each in values]


def _fit(source: Source, name: str, wanted: list[Any], timezone: str) -> Flags:
    """Return which sessions have one of the values."""
    column = coded(source, name, ("sessions",), timezone)
    labels = column.labels.to_pylist()
    words = [_spellings(name, each, column.labels.type) for each in wanted if each is not None]
    fitting = set().union(*words)
    occurring = {labels[code] for code in np.unique(column.codes[column.codes >= 0])}
    there = labels if name in _CLOSED else sorted(occurring, key=str)
    if absent := [each for each in words if len(column.codes) and not each.intersection(there)]:
        _report(name, absent, len(wanted), there)
    return np.array([*(each in fitting for each in labels), None in wanted])[column.codes]


def _spellings(name: str, value: Any, kind: pa.DataType) -> set[Any]:
    """Return what a value may be written as in a column."""
    for is_of, types, needed, cure in _KINDS:
        if is_of(kind) and not isinstance(value, types):
            raise InvalidQueryError(f"{name}: needs {needed}, not {type(value).__name__}{cure}")
    return {value, as_compared(value)} if name in _NUMBERS else {value}


def _report(name: str, absent: list[set[Any]], wanted: int, there: list[Any]) -> None:
    """Refuse a value that cannot be; warn of one in no session, which may be a slip."""
    value, close = next(iter(absent[0])), []
    # What may name a person, or hold a telephone number, stands in no message.
    shown = name in _PLAIN and not (isinstance(value, str) and re.search(r"\d{4}", value))
    what = repr(value) if shown else "the value"
    if name in _CLOSED:
        raise InvalidQueryError(f"{name}: {what} is not one of {', '.join(map(str, there))}")
    if shown:
        known = [each for each in map(str, there) if not re.search(r"\d{4}", each)]
        close = get_close_matches(str(value), known, n=1)
        what += f" and {len(absent) - 1} more" if absent[1:] else ""
    elif wanted > 1:
        what = f"{len(absent)} of the {wanted} values"
    hint = f"; did you mean {close[0]!r}?" if close else ""
    warnings.warn(f"{name}: no session of this history has {what}{hint}", stacklevel=5)


def _said(name: str, wanted: list[Any]) -> str:
    if name in _PLAIN:
        return ";".join("none" if each is None else str(each) for each in wanted)
    return f"{len(wanted)} value{'' if len(wanted) == 1 else 's'}"
