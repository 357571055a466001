"""What both ways of reading a page meet in: plain columns, and the step to typed tables."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._spec.tables import CHILDREN, INSTANT, PATHS, SCHEMAS, SESSION_ID, Path
from voxframe._text import printable
from voxframe._timezones import wall_to_utc

WALL = pa.timestamp("us")
_MICRO = 1_000_000
# From 0001-01-01 to 9999-12-31 23:59:59.999999: pandas cannot print what lies outside.
_PYTHON_YEARS = (-62_135_596_800 * _MICRO, 253_402_300_800 * _MICRO - 1)

#: How many rows of a child table each session of a page has.
Lengths = dict[str, NDArray[np.int64]]

_SURROGATE = re.compile("[\ud800-\udfff]")


#: The paths of the objects in a row that hold declared fields, the row itself first.
PREFIXES: dict[str, list[Path]] = {
    table: sorted({path[:i] for path in paths.values() for i in range(len(path))}, key=len)
    for table, paths in PATHS.items()
}


@dataclass(frozen=True, slots=True)
class Columns:
    """One answer, taken apart but not yet typed.

    Attributes
    ----------
    tables : dict of dict of pyarrow.Array
        A column for every declared field, in the type of the schema except that
        instants are wall times (``timestamp[us]``) and categories are text; then
        the unknown ones.
    lengths : dict of ndarray
        One array a child table, one number a session.
    total_count, count : int or None
        As the answer says.
    timezone : str or None
        As the answer says.
    zone : tzinfo
        What that name means.
    warnings : tuple of str
        As the answer says.
    mended : Counter
        What was put right on the way, by kind.
    unknown_fields : Counter
        Values of fields that are not declared, by :func:`full_name`.
    """

    tables: dict[str, dict[str, pa.Array]]
    lengths: Lengths
    total_count: int | None
    count: int | None
    timezone: str | None
    zone: tzinfo
    warnings: tuple[str, ...]
    mended: Counter[str]
    unknown_fields: Counter[str]


def full_name(*parts: str) -> str:
    """Return a field's name for people, with where it stands: ``calls.end_reason.code``."""
    return printable(_SURROGATE.sub("\ufffd", ".".join(parts)))


def unknown_names(table: str, paths: Iterable[Path]) -> dict[Path, str]:
    """Return a column name for each unknown field, sorted; underscores after one that is taken."""
    taken = set(SCHEMAS[table].names)
    names = {}
    for path in sorted(paths, key=lambda path: (len(path), path)):
        name = _SURROGATE.sub("\ufffd", "_".join(path))
        while name in taken:
            name += "_"
        taken.add(name)
        names[path] = name
    return dict(sorted(names.items(), key=lambda item: item[1]))


def typed(columns: Columns) -> dict[str, pa.Table]:
    """Return the four typed tables of a page: the declared columns first, one chunk each.

    Wall times that occur twice or are outside of Python's years are counted in `columns.mended`.
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
    exact = seconds * _MICRO + known % _MICRO
    micros = np.clip(exact, *_PYTHON_YEARS)
    if outside := np.count_nonzero(micros != exact):
        columns.mended["date_out_of_range"] += int(outside)
    if not wall.null_count:
        return pa.array(micros, pa.int64()).view(INSTANT)
    missing = wall.is_null().to_numpy(zero_copy_only=False)
    full = np.zeros(len(wall), dtype=np.int64)
    full[~missing] = micros
    return pa.array(full, pa.int64(), mask=missing).view(INSTANT)
