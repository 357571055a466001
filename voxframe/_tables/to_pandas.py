"""Arrow tables to pandas frames, with little copying."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._dtypes import NULLABLE, TEXT

_EXACT_FLOAT = 2**53

_INSTANT = pd.DatetimeTZDtype("us", "UTC")


def frame(table: pa.Table, dtype_backend: str) -> pd.DataFrame:
    """Make a pandas frame of a table.

    Parameters
    ----------
    table : pyarrow.Table
        With columns of the declared types; others stay Arrow's.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        pandas' own nullable types, or Arrow's without a copy.

    Returns
    -------
    pandas.DataFrame
        With a ``RangeIndex``.
    """
    convert: Callable[[pa.ChunkedArray], Any] = _nullable
    if dtype_backend == "pyarrow":
        convert = _arrow
    columns = {
        name: convert(column)
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(table)), copy=False)


def _arrow(column: pa.ChunkedArray) -> Any:
    return pd.array(column, dtype=pd.ArrowDtype(column.type), copy=False)


def _nullable(column: pa.ChunkedArray) -> Any:
    if pa.types.is_dictionary(column.type):
        return _categories(column)
    if pa.types.is_decimal(column.type):
        column = _floats(column)
    if pa.types.is_date(column.type):
        return column.to_numpy().astype("datetime64[s]")
    if pa.types.is_timestamp(column.type):
        # pandas' own conversion leaves Arrow's memory under it, which cannot be written.
        return pd.array(column.to_numpy().copy(), dtype=_INSTANT)
    extension = NULLABLE.get(column.type)
    return _arrow(column) if extension is None else extension.__from_arrow__(column)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _categories(column: pa.ChunkedArray) -> Any:
    array = _one(column)
    names = TEXT.__from_arrow__(array.dictionary)
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(pd.Index(names)))


def _floats(column: pa.ChunkedArray) -> pa.Array:
    """Return the nearest float of each decimal; Arrow's own cast is often one off."""
    array = _one(column)
    # The precision is 18, so the lower half of the 128 bits is all of it.
    halves = np.frombuffer(array.buffers()[1], np.int64)
    units: NDArray[np.int64] = halves[2 * array.offset : 2 * (array.offset + len(array)) : 2]
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    nearest = units / 10**array.type.scale  # both exact, so the quotient is rounded once
    large = np.abs(units) > _EXACT_FLOAT
    if missing is not None:
        large &= ~missing
    for at in np.flatnonzero(large):
        nearest[at] = float(array[int(at)].as_py())
    return pa.array(nearest, pa.float64(), mask=missing)
