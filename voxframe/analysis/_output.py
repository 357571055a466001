"""The last step: figures by group become a DataFrame."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from voxframe._dtypes import NULLABLE
from voxframe.analysis._bins import WEEKDAYS
from voxframe.analysis._money import to_float

DtypeBackend = Literal["numpy_nullable", "pyarrow"]
"""``"numpy_nullable"`` gives money as Float64, ``"pyarrow"`` as exact decimals."""
BACKENDS = ("numpy_nullable", "pyarrow")

_RANK = "rank of weekday"


def to_frame(table: pa.Table, dtype_backend: DtypeBackend) -> pd.DataFrame:
    """Convert a table to a DataFrame with a plain index, names as text in every one."""
    plain = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f
             for f in table.schema]  # fmt: skip
    table = table.cast(pa.schema(plain))
    if dtype_backend == "pyarrow":
        return pd.DataFrame(table.to_pandas(types_mapper=pd.ArrowDtype))
    for index, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            money = to_float(table[field.name].combine_chunks())
            table = table.set_column(index, field.name, money)
    return pd.DataFrame(table.to_pandas(types_mapper=NULLABLE.get))


def ratio(over: NDArray[Any], under: NDArray[Any]) -> pa.Array:
    """Divide; by nothing is null."""
    nothing = under == 0
    return pa.array(over / np.where(nothing, 1, under), pa.float64(), mask=nothing)


def unknown(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of the same types that hold nothing: figures of what was not read."""
    return {name: pa.nulls(len(each), pa.array(each).type) for name, each in figures.items()}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows as dicts."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def highest(frame: pd.DataFrame, column: str) -> dict[str, Any]:
    """Return the row with the greatest value of a column, the first of equals."""
    at = int(frame[column].to_numpy(float).argmax())
    return records(frame.iloc[at : at + 1])[0]


def beside(labels: pa.Table, figures: Mapping[str, Any]) -> pa.Table:
    """Put columns of figures after those of the labels."""
    return pa.table({**{name: labels[name] for name in labels.column_names}, **figures})


def in_order(table: pa.Table, order: list[tuple[str, str]]) -> pa.Table:
    """Sort rows, days of the week as they follow each other."""
    if "weekday" not in table.column_names:
        return table.sort_by(order)
    ranks = pc.index_in(table["weekday"], value_set=pa.array(WEEKDAYS))
    ranked = table.append_column(_RANK, ranks)
    keys = [(_RANK if name == "weekday" else name, way) for name, way in order]
    return ranked.sort_by(keys).drop_columns(_RANK)


def grouped(
    labels: pa.Table, figures: Mapping[str, Any], largest: str, dtype_backend: DtypeBackend
) -> pd.DataFrame:
    """Put figures beside their labels: in order of time, then the largest first."""
    names = labels.column_names
    by_time = [name for name in ("start", "weekday", "hour") if name in names]
    order = [*((name, "ascending") for name in by_time), (largest, "descending")]
    order += [(name, "ascending") for name in names if name not in by_time]
    return to_frame(in_order(beside(labels, figures), order), dtype_backend)
