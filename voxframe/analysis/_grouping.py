"""Which group each row belongs to: columns as codes and labels, from any of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pyarrow as pa

from voxframe.analysis._coded import Coded, encode
from voxframe.analysis._derived import (
    CLOCK,
    FALL_BACK,
    OF_LEGS,
    OF_SESSIONS,
    clock,
    outside_leg,
)  # fmt: skip
from voxframe.analysis._source import Flags, Ints, Source, integers
from voxframe.errors import InvalidQueryError

By = str | Sequence[str] | None
"""What to group by: a column, several, or nothing."""

KINDS = {"calls": "calls", "records": "records", "resource_usage": "resources"}
"""What each child table is called among the kinds of cost."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each row, and one row of labels a group."""

    codes: Ints
    labels: pa.Table
    size: int


def names_of(by: By) -> tuple[str, ...]:
    """Return what to group by as a tuple."""
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def _places(kinds: Sequence[str]) -> tuple[str, ...]:
    linked = ["calls"] if "resource_usage" in kinds else []
    return tuple(dict.fromkeys(["sessions", *linked, *kinds]))


def _owner(source: Source, name: str, kinds: Sequence[str]) -> tuple[str, str]:
    places = _places(kinds)
    table, _, column = name.rpartition(".")
    if table in places and column in source[table].column_names:
        return table, column
    for place in places:
        if name in source[place].column_names:
            return place, name
    known = {column for place in places for column in source[place].column_names}
    derived = [*(OF_LEGS if "calls" in places else ()), *OF_SESSIONS, *CLOCK, "kind"]
    names = list(dict.fromkeys([*derived, *sorted(known)]))
    raise InvalidQueryError(f"There is no {name!r} to group by{meant(name, names)}.")


def meant(name: str, known: Sequence[str]) -> str:
    """Return which names that are known may be meant, and all of them."""
    typed = name.lower()
    begun = [] if typed in known else [each for each in known if each.startswith(f"{typed}_")]
    # Of an id and a name, a name is what people mean.
    begun.sort(key=lambda each: not each.endswith("_name"))
    close = begun[:2] or get_close_matches(typed, known, n=1)
    likely = (
        f": did you mean {' or '.join(map(repr, close))}? There are" if close else "; there are"
    )
    return f"{likely} {list(known)}"


def _origin(source: Source, name: str, kinds: Sequence[str]) -> tuple[str, Coded]:
    if name in OF_LEGS and "calls" in _places(kinds):
        return "calls", OF_LEGS[name](source)
    if name in OF_SESSIONS:
        return "sessions", OF_SESSIONS[name](source)
    table, column = _owner(source, name, kinds)
    return table, encode(source[table][column])


def _reach(source: Source, name: str, values: Coded, table: str, kind: str) -> Ints:
    if table == kind:
        return values.codes
    if table == "sessions":
        return values.take(source.parents(kind)).codes
    reached = np.full(source.count(kind), -1, np.int64)
    if table == "calls" and kind == "resource_usage":
        reached = values.take(source.used_calls).codes
    if name in FALL_BACK:
        # What belongs to no leg of its own was paid for the session's number outside.
        outside = values.take(outside_leg(source)).codes
        lost = source.used_calls < 0 if kind == "resource_usage" else reached < 0
        return np.where(lost, np.append(outside, -1)[source.parents(kind)], reached)
    return reached


def coded(source: Source, name: str, kinds: Sequence[str], timezone: str) -> Coded:
    """Return one column for the rows of several tables, one table after the other."""
    if name == "kind":
        sizes = [source.count(kind) for kind in kinds]
        labels = pa.array([KINDS.get(kind, kind) for kind in kinds])
        return Coded(np.repeat(np.arange(len(kinds)), sizes), labels)
    if name in CLOCK:
        return clock(source, name, kinds, timezone)
    table, values = _origin(source, name, kinds)
    reached = [_reach(source, name, values, table, kind) for kind in kinds]
    return Coded(np.concatenate(reached), values.labels)


def group(columns: Sequence[tuple[str, Coded]], rows: int) -> Groups:
    """Assign a number, densely from 0, to each combination of columns that occurs.

    Parameters
    ----------
    columns : sequence of (name, Coded)
        At least as long as the groups need; none is one group of all rows.
    rows : int
        Number of rows.

    Returns
    -------
    Groups
        Numbered in the order in which they first occur.
    """
    codes = np.zeros(rows, np.int64)
    labels: dict[str, pa.Array] = {}
    size = 1
    for name, column in columns:
        radix = len(column.labels) + 1
        combined = pa.array(codes * radix + column.codes + 1).dictionary_encode()
        codes = integers(combined.indices.cast(pa.int64()))
        both = np.asarray(combined.dictionary.to_numpy(), np.int64)
        before, own = pa.array(both // radix), both % radix - 1
        labels = {known: values.take(before) for known, values in labels.items()}
        labels[name] = column.labels.take(pa.array(own, mask=own < 0))
        size = len(both)
    return Groups(codes, pa.table(labels), size)


def columns_by(
    source: Source, by: By, kinds: Sequence[str], timezone: str = "UTC"
) -> list[tuple[str, Coded]]:
    """Return the columns to group by for the rows of several tables, one after the other."""
    return [(name, coded(source, name, kinds, timezone)) for name in names_of(by)]


def of_rows(columns: Sequence[tuple[str, Coded]], rows: Flags) -> list[tuple[str, Coded]]:
    """Return the columns of some rows alone."""
    return [(name, Coded(column.codes[rows], column.labels)) for name, column in columns]


def over_time(time: Coded | None, columns: Sequence[tuple[str, Coded]], rows: int) -> Groups:
    """Group by a stretch of time first, if any, then by columns.

    Without columns every stretch is a group, those without rows too; with columns
    only what occurs is.
    """
    if time is None:
        return group(columns, rows)
    if columns:
        return group([("start", time), *columns], rows)
    untimed = bool((time.codes < 0).any())
    starts = pa.concat_arrays([time.labels, pa.nulls(1, time.labels.type)])
    size = len(time.labels) + untimed
    codes = np.where(time.codes < 0, len(time.labels), time.codes)
    return Groups(codes, pa.table({"start": starts[:size]}), size)
