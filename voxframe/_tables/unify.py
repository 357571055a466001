"""Several tables under one schema and with the same categories, without losing a value."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_EXACT_FLOAT = 2**53


def unified(tables: Sequence[pa.Table], declared: pa.Schema) -> list[pa.Table]:
    """Return tables with the same columns, in the same order and types.

    Parameters
    ----------
    tables : sequence of pyarrow.Table
        Each with the declared columns first.
    declared : pyarrow.Schema
        What they have in common.

    Returns
    -------
    list of pyarrow.Table
        With the unknown columns of all of them after the declared ones. One that
        has other types in other tables becomes the type that holds all of its
        values exactly: float64 for integers and floats where that loses nothing,
        else text. One that is nothing but null becomes text.
    """
    count = len(declared)
    names = sorted({n for t in tables for n in t.column_names[count:]})
    if not names:
        return list(tables)
    fields = [*declared, *(pa.field(n, _common(tables, n)) for n in names)]
    schema = pa.schema(fields)
    return [_filled(table, schema, count) for table in tables]


def _common(tables: Sequence[pa.Table], name: str) -> pa.DataType:
    columns = [t.column(name) for t in tables if name in t.column_names]
    kinds = {c.type for c in columns} - {pa.null()}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {pa.int64(), pa.float64()} and all(map(_fits_float, columns)):
        return pa.float64()
    return pa.string()


def _fits_float(column: pa.ChunkedArray) -> bool:
    if column.type != pa.int64():
        return True
    bounds = pc.min_max(column).as_py()
    low, high = bounds["min"], bounds["max"]
    return low is None or (low >= -_EXACT_FLOAT and high <= _EXACT_FLOAT)


def _filled(table: pa.Table, schema: pa.Schema, count: int) -> pa.Table:
    columns = table.columns[:count]
    for field in list(schema)[count:]:
        if field.name in table.column_names:
            columns.append(table.column(field.name).cast(field.type))
        else:
            columns.append(pa.chunked_array([pa.nulls(len(table), field.type)]))
    return pa.Table.from_arrays(columns, schema=schema)


def whole(table: pa.Table) -> pa.Table:
    """Make the categories of all chunks one, the same however the pages came.

    All other columns stay in the pages' own memory: a copy costs as much as all
    else that is done here, and twice the memory.

    Parameters
    ----------
    table : pyarrow.Table
        Of any number of chunks, their dictionaries different.

    Returns
    -------
    pyarrow.Table
        Equal values; categories sorted, none of them without a row.
    """
    if not len(table):
        return table.combine_chunks()
    table = table.unify_dictionaries()
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(
                at, field, _sorted_categories(table.column(at).combine_chunks())
            )
    return table


def _sorted_categories(array: pa.DictionaryArray) -> pa.DictionaryArray:
    codes = array.indices
    known = codes.fill_null(0).to_numpy(zero_copy_only=False)
    used = np.zeros(max(len(array.dictionary), 1), dtype=np.bool_)
    used[
        known if not codes.null_count else known[codes.is_valid().to_numpy(zero_copy_only=False)]
    ] = True
    names = array.dictionary.take(pa.array(np.flatnonzero(used)))
    order = pc.array_sort_indices(names).to_numpy(zero_copy_only=False)
    new = np.zeros(len(used), dtype=np.int32)
    new[np.flatnonzero(used)[order]] = np.arange(len(order), dtype=np.int32)
    mask = codes.is_null().to_numpy(zero_copy_only=False) if codes.null_count else None
    return pa.DictionaryArray.from_arrays(
        pa.array(new[known], mask=mask), names.take(pa.array(order))
    )
