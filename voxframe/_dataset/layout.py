"""How tables lie in a dataset: day by day, under one schema whatever the service adds."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voxframe._spec.tables import CHILDREN, REQUIRED, SCHEMAS, SESSION_ID
from voxframe._tables.unify import unified, whole
from voxframe.errors import ExportError

DAY = 86_400
UNKNOWN_FIELDS = "unknown_fields"
STORED: dict[str, pa.Schema] = {
    name: schema.append(
        pa.field(
            UNKNOWN_FIELDS,
            pa.string(),
            metadata={
                "description": "A JSON object of the fields that are not documented, or null."
            },
        )
    )
    for name, schema in SCHEMAS.items()
}
"""What each file of a dataset has as columns, on every day."""

_MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
_INT64 = range(-(2**63), 2**63)

Tables = Mapping[str, pa.Table]


def day_name(day: int) -> str:
    """Return the date of a day that is counted from 1970."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def day_number(name: str) -> int:
    """Return a date's number of days since 1970."""
    return (datetime.fromisoformat(name).replace(tzinfo=UTC) - _EPOCH).days


def file_name(table: str, day: str) -> str:
    """Return where a day of a table lies in a dataset."""
    return f"{table}/start_day={day}/part-0.parquet"


def by_day(tables: Tables) -> Iterator[tuple[int, dict[str, pa.Table]]]:
    """Cut sorted tables into the days that have sessions, without copying a row."""
    starts = tables["sessions"].column("start_date").cast(pa.int64()).to_numpy()
    days, begins = np.unique(starts // (DAY * _MICRO), return_index=True)
    places = {name: _places(tables, name) for name in SCHEMAS}
    edges = [*begins.tolist(), len(starts)]
    for at, day in enumerate(days.tolist()):
        cut = {}
        for name in SCHEMAS:
            low, high = np.searchsorted(places[name], edges[at : at + 2])
            cut[name] = tables[name].slice(low, high - low)
        yield day, cut


def _places(tables: Tables, name: str) -> np.ndarray[Any, Any]:
    """Return for each row of a table which row its session is; ascending, as tables are."""
    ids = tables["sessions"].column(SESSION_ID).to_numpy()
    if name == "sessions" or not len(ids):
        return np.arange(len(ids))
    by_id = np.argsort(ids, kind="stable")
    parents = tables[name].column(SESSION_ID).to_numpy()
    return np.asarray(by_id[np.searchsorted(ids, parents, sorter=by_id)])


def session_starts(tables: Tables, name: str) -> pa.ChunkedArray:
    """Return for each row of a table when its session started."""
    sessions = tables["sessions"]
    ids = sessions.column(SESSION_ID).combine_chunks()
    return sessions.column("start_date").take(
        pc.index_in(tables[name].column(SESSION_ID), value_set=ids)
    )


def cost_of(tables: Tables) -> Decimal:
    """Return the price of all calls, records and resources."""
    sums = (pc.sum(tables[name].column("cost")).as_py() for name in CHILDREN)
    return sum((each for each in sums if each is not None), Decimal(0))


def stored(table: pa.Table, name: str) -> pa.Table:
    """Return a table under the schema of a dataset, unknown columns as one of JSON."""
    declared = SCHEMAS[name]
    extra = [column for column in table.column_names if column not in declared.names]
    objects: list[dict[str, Any]] = [{} for _ in range(len(table) if extra else 0)]
    for column in sorted(extra):
        for row, value in zip(objects, table.column(column).to_pylist(), strict=True):
            if value is not None:
                row[column] = value
    texts = pa.array(
        [json.dumps(row, ensure_ascii=False) if row else None for row in objects], pa.string()
    )
    unknown = texts if extra else pa.nulls(len(table), pa.string())
    columns = [table.column(column) for column in declared.names]
    return pa.table([*columns, unknown], schema=STORED[name])


def part_of(name: str, columns: Collection[str] | None) -> pa.Schema:
    """Return the declared columns of a table that are among those wanted, its keys always."""
    keys = {SESSION_ID, *REQUIRED[name]}
    return pa.schema(
        [f for f in SCHEMAS[name] if columns is None or f.name in columns or f.name in keys]
    )


def restored(
    table: pa.Table, name: str, source: object, columns: Collection[str] | None = None
) -> pa.Table:
    """Return a stored table under the declared schema, unknown fields as columns of their own.

    Parameters
    ----------
    table : pyarrow.Table
        As :func:`stored` made it, or as an earlier version did: with fewer columns,
        or with unknown fields as columns.
    name : str
        Which of the four tables.
    source : object
        Its file, for the error.
    columns : collection of str, optional
        Only these, and the keys.

    Raises
    ------
    ExportError
        It is not one of ours.
    """
    declared = part_of(name, columns)
    if missing := {SESSION_ID, *REQUIRED[name]} - set(table.column_names):
        raise ExportError(f"{source} is not a table of {name}: it has no {min(missing)}")
    found = {field.name: table.column(field.name) for field in table.schema}
    if len(found) != table.num_columns:
        raise ExportError(f"{source} is not a table of {name}: a column occurs twice")
    if UNKNOWN_FIELDS in found:
        found = {**_unpacked(found.pop(UNKNOWN_FIELDS)), **found}
    arrays = []
    for field in declared:
        # A field that was unknown when it was written may be a documented one by now.
        column = found.pop(field.name, None)
        if column is None:
            column = pa.chunked_array([pa.nulls(len(table), field.type)])
        try:
            arrays.append(column.cast(field.type))
        except pa.ArrowException:
            raise ExportError(
                f"{source} is not a table of {name}: {field.name} is {column.type}, "
                f"needs to be {field.type}",
            ) from None
    extra = {
        field: column
        for field, column in sorted(found.items())
        if columns is None or field in columns
    }
    fields = [*declared, *(pa.field(field, column.type) for field, column in extra.items())]
    return pa.Table.from_arrays([*arrays, *extra.values()], schema=pa.schema(fields))


def _unpacked(texts: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return the fields of a column of JSON objects as columns; of another one itself."""
    itself = {UNKNOWN_FIELDS: texts}
    if not (pa.types.is_string(texts.type) or pa.types.is_null(texts.type)):
        return itself
    found: dict[str, list[Any]] = {}
    for row, text in enumerate(texts.to_pylist()):
        if text is None:
            continue
        try:
            fields = json.loads(text)
        except ValueError:
            return itself
        if not isinstance(fields, dict):
            return itself
        for field, value in fields.items():
            found.setdefault(field, [None] * len(texts))[row] = value
    return {field: _column(values) for field, values in found.items()}


def _column(values: list[Any]) -> pa.ChunkedArray:
    """Return values under the type that holds all of them exactly."""
    for at, value in enumerate(values):
        if value is not None and (
            type(value) not in _KINDS or (type(value) is int and value not in _INT64)
        ):
            values[at] = json.dumps(value, ensure_ascii=False)
    kinds = {type(value) for value in values if value is not None}
    parts = [
        pa.table({"": pa.array([v if type(v) is kind else None for v in values], _KINDS[kind])})
        for kind in sorted(kinds, key=list(_KINDS).index)
    ]
    if not parts:
        return pa.chunked_array([pa.nulls(len(values), pa.string())])
    return pc.coalesce(*(part.column(0) for part in unified(parts, pa.schema([]))))


def joined(
    parts: Sequence[pa.Table], name: str, columns: Collection[str] | None = None
) -> pa.Table:
    """Return restored tables as one, their unknown columns under types that hold all values."""
    declared = part_of(name, columns)
    if not parts:
        return declared.empty_table()
    return whole(pa.concat_tables(unified(parts, declared)))


def in_order(tables: Tables) -> dict[str, pa.Table]:
    """Return tables sorted by start and id, those children that are there as their sessions.

    Raises
    ------
    ExportError
        A child has no session.
    """
    sessions = tables["sessions"]
    ids = sessions.column(SESSION_ID).to_numpy()
    starts = sessions.column("start_date").cast(pa.int64()).to_numpy()
    order = np.lexsort((ids, starts))
    arranged = {"sessions": _taken(sessions, order)}
    by_id = np.argsort(ids[order], kind="stable")
    for name in (name for name in CHILDREN if name in tables):
        parents = tables[name].column(SESSION_ID).to_numpy()
        at = np.searchsorted(ids[order], parents, sorter=by_id)
        orphan = at == len(by_id)
        at[orphan] = 0
        if len(parents) and (orphan.any() or not np.array_equal(ids[order][by_id[at]], parents)):
            raise ExportError(f"the export has {name} of sessions that it does not have")
        place = by_id[at] if len(parents) else np.zeros(0, dtype=np.int64)
        arranged[name] = _taken(tables[name], np.argsort(place, kind="stable"))
    return arranged


def _taken(table: pa.Table, order: np.ndarray[Any, Any]) -> pa.Table:
    if np.all(order[1:] > order[:-1]):
        return table
    return table.take(pa.array(order, pa.int64()))
