"""Which group each row belongs to: columns as codes and labels, from any of the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from voxframe.analysis._countries import countries
from voxframe.analysis._far_ends import SIDES
from voxframe.analysis._source import Ints, Source, integers

By = str | Sequence[str] | None
"""What to group by: a column, several, or nothing."""

KINDS = {"calls": "calls", "records": "records", "resource_usage": "resources"}
"""What each child table is called among the kinds of cost."""

_MADE_OF_CALLS = ("direction", "side", "country")
_DERIVED = (*_MADE_OF_CALLS, "kind")


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as a code a row, and what each code stands for; -1 stands for nothing."""

    codes: Ints
    labels: pa.Array

    def take(self, rows: Ints) -> Self:
        """Give the values at ``rows``; row -1 holds nothing."""
        padded = np.append(self.codes, -1)
        return type(self)(padded[rows], self.labels)


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each row, and one row of labels a group."""

    codes: Ints
    labels: pa.Table
    size: int


def names_of(by: By) -> tuple[str, ...]:
    """Give what to group by as a tuple."""
    if by is None:
        return ()
    return (by,) if isinstance(by, str) else tuple(by)


def encode(column: pa.ChunkedArray) -> Coded:
    """Give a column as codes and labels."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 0:
        return Coded(np.empty(0, np.int64), pa.array([], column.type.value_type))
    whole = column.unify_dictionaries()
    codes = [integers(chunk.indices.cast(pa.int64()), null=-1) for chunk in whole.chunks]
    return Coded(np.concatenate(codes), whole.chunk(0).dictionary)


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
    derived = _DERIVED if "calls" in places else ("kind",)
    raise ValueError(f"There is no {name!r} to group by; there are {[*derived, *sorted(known)]}.")


def _direction(source: Source) -> Coded:
    legs = source.legs
    codes = np.where(legs.incoming, 0, np.where(legs.outgoing, 1, -1))
    return Coded(codes, pa.array(["in", "out"]))


def _side(source: Source) -> Coded:
    return Coded(source.judged.side, pa.array(SIDES))


def _country(source: Source) -> Coded:
    numbers = encode(source["calls"]["remote_number"])
    kinds = encode(source["calls"]["remote_number_type"])
    users = [code for code, label in enumerate(kinds.labels.to_pylist()) if label == "user"]
    regions = encode(pa.chunked_array([countries(numbers.labels)]))
    found = regions.take(numbers.codes).codes
    return Coded(np.where(np.isin(kinds.codes, users), -1, found), regions.labels)


def _origin(source: Source, name: str, kinds: Sequence[str]) -> tuple[str, Coded]:
    if name in _MADE_OF_CALLS and "calls" in _places(kinds):
        make = {"direction": _direction, "side": _side, "country": _country}[name]
        return "calls", make(source)
    table, column = _owner(source, name, kinds)
    return table, encode(source[table][column])


def _reach(source: Source, values: Coded, table: str, kind: str) -> Ints:
    if table == kind:
        return values.codes
    if table == "sessions":
        return values.take(source.parents(kind)).codes
    if table == "calls" and kind == "resource_usage":
        return values.take(source.used_calls).codes
    return np.full(source.count(kind), -1, np.int64)


def coded(source: Source, name: str, kinds: Sequence[str]) -> Coded:
    """Give one column for the rows of several tables, one table after the other."""
    if name == "kind":
        sizes = [source.count(kind) for kind in kinds]
        labels = pa.array([KINDS.get(kind, kind) for kind in kinds])
        return Coded(np.repeat(np.arange(len(kinds)), sizes), labels)
    table, values = _origin(source, name, kinds)
    reached = [_reach(source, values, table, kind) for kind in kinds]
    return Coded(np.concatenate(reached), values.labels)


def group(columns: Sequence[tuple[str, Coded]], rows: int) -> Groups:
    """Give a number, densely from 0, to each combination of columns that occurs.

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


def columns_by(source: Source, by: By, kinds: Sequence[str]) -> list[tuple[str, Coded]]:
    """Give the columns to group by for the rows of several tables, one after the other."""
    return [(name, coded(source, name, kinds)) for name in names_of(by)]


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
