"""What both ways of reading a page meet in: plain columns, and the step to typed tables."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._spec.tables import CHILDREN, INSTANT, SCHEMAS, SESSION_ID
from voxframe._timezones import wall_to_utc

WALL = pa.timestamp("us")
_MICRO = 1_000_000

#: How many rows of a child table each session of a page has.
Lengths = dict[str, NDArray[np.int64]]

#: Whether an unknown field is one of `end_reason`, and its name there.
Source = tuple[bool, str]

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Columns:
    """One answer, taken apart but not yet typed.

    Attributes
    ----------
    tables : dict of dict of pyarrow.Array
        A column for every declared field, in the type of the schema except that
        dates are wall times (``timestamp[us]``) and categories are text; then
        the unknown ones.
    lengths : dict of ndarray
        One array a child table, one number a session.
    total_count, count : int or None
        As the answer says.
    timezone : str or None
        As the answer says.
    zone : tzinfo
        What that name means.
    mended : Counter
        What was put right on the way, by kind.
    """

    tables: dict[str, dict[str, pa.Array]]
    lengths: Lengths
    total_count: int | None
    count: int | None
    timezone: str | None
    zone: tzinfo
    mended: Counter[str]


def unknown_names(table: str, fields: Iterable[str], reasons: Iterable[str]) -> dict[Source, str]:
    """Give unknown fields column names that no other column has.

    Parameters
    ----------
    table : str
        The table that they were found in.
    fields, reasons : iterable of str
        Fields of a row, and fields of a call's ``end_reason``.

    Returns
    -------
    dict
        The column's name for each (whether it is of ``end_reason``, field), in the
        order of the names. A name that is taken has underscores after it.
    """
    taken = set(SCHEMAS[table].names)
    names = {}
    for source in [*((False, f) for f in sorted(fields)), *((True, f) for f in sorted(reasons))]:
        name = _SURROGATE.sub("\ufffd", f"end_reason_{source[1]}" if source[0] else source[1])
        while name in taken:
            name += "_"
        taken.add(name)
        names[source] = name
    return dict(sorted(names.items(), key=lambda item: item[1]))


def typed(columns: Columns) -> dict[str, pa.Table]:
    """Make the four typed tables of a page.

    Parameters
    ----------
    columns : Columns
        One answer. `columns.mended` counts the wall times that occur twice.

    Returns
    -------
    dict of pyarrow.Table
        One chunk a column, the declared columns first and exactly as declared.
    """
    ids = columns.tables["sessions"][SESSION_ID]
    tables = {}
    for table, schema in SCHEMAS.items():
        found = columns.tables[table]
        if table in CHILDREN:
            repeated = np.repeat(ids.to_numpy(zero_copy_only=False), columns.lengths[table])
            found = {SESSION_ID: pa.array(repeated, pa.int64()), **found}
        arrays = [_typed(found[field.name], field.type, columns) for field in schema]
        extra = [name for name in found if name not in schema.names]
        fields = [*schema, *(pa.field(name, found[name].type) for name in extra)]
        arrays += [found[name] for name in extra]
        tables[table] = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    return tables


def _typed(array: pa.Array, kind: pa.DataType, columns: Columns) -> pa.Array:
    if kind == INSTANT:
        return _instants(array, columns)
    if pa.types.is_dictionary(kind):
        return array.dictionary_encode()
    return array


def _instants(wall: pa.Array, columns: Columns) -> pa.Array:
    if columns.zone is UTC:
        return wall.view(INSTANT)
    known = wall.drop_null().view(pa.int64()).to_numpy()
    seconds, ambiguous = wall_to_utc(known // _MICRO, columns.zone)
    if ambiguous:
        columns.mended["ambiguous_local_time"] += ambiguous
    micros = seconds * _MICRO + known % _MICRO
    if not wall.null_count:
        return pa.array(micros, pa.int64()).view(INSTANT)
    missing = wall.is_null().to_numpy(zero_copy_only=False)
    full = np.zeros(len(wall), dtype=np.int64)
    full[~missing] = micros
    return pa.array(full, pa.int64(), mask=missing).view(INSTANT)
