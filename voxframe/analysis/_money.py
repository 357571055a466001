"""Exact sums of money."""

import logging
from collections.abc import Collection, Iterable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voxframe._spec.tables import MONEY
from voxframe.analysis._source import Ints, Source, valid

logger = logging.getLogger("voxframe")

WIDE = pa.decimal128(38, 9)
"""Wide enough for the sum of any column; a price itself has 18 digits."""

_ADDABLE = pa.decimal128(36, 9)
_EXACT = 2**53


def sums(cost: pa.ChunkedArray, codes: Ints, size: int) -> pa.Array:
    """Return the exact sum of prices by group; an unknown price counts as nothing.

    Parameters
    ----------
    cost : pyarrow.ChunkedArray of decimal128(18, 9)
        One price a row.
    codes : ndarray
        The group of each row, from 0; negative ones are left out.
    size : int
        Number of groups.

    Returns
    -------
    pyarrow.Array of decimal128(38, 9)
        One sum a group, zero for a group without rows.
    """
    every = np.arange(size, dtype=np.int64)
    rows = pa.table({"group": codes, "cost": cost.cast(MONEY)}).filter(pc.field("group") >= 0)
    zero = pa.table({"group": every, "cost": pa.array([0] * size, MONEY)})
    both = pa.concat_tables([zero, rows]).group_by("group").aggregate([("cost", "sum")])
    return both.sort_by("group")["cost_sum"].combine_chunks().cast(WIDE)


def cost_of(source: Source, kind: str, codes: Ints, size: int) -> pa.Array:
    """Return the exact sum of a table's prices by group; nulls if the table was not read."""
    if kind in source.unread:
        return pa.nulls(size, WIDE)
    return sums(source[kind]["cost"], codes, size)


def total(unread: Collection[str], *parts: pa.Array) -> pa.Array:
    """Add columns of sums, exactly; warn where a part is missing, since a null is overlooked."""
    if unread:
        logger.warning("%s were not read, so the total cost is null", " and ".join(sorted(unread)))
    whole = parts[0]
    for part in parts[1:]:
        whole = pc.add(whole.cast(_ADDABLE), part.cast(_ADDABLE)).cast(WIDE)
    return whole


def to_float(money: pa.Array) -> pa.Array:
    """Convert exact money to the nearest float64, each rounded once.

    Arrow's own cast is often one unit in the last place away from it.
    """
    wide = money.cast(WIDE)
    buffer = wide.buffers()[1]
    if not len(wide) or buffer is None:
        return pa.nulls(len(wide), pa.float64())
    words = np.frombuffer(buffer, np.int64).reshape(-1, 2)[wide.offset :][: len(wide)]
    low, high = words[:, 0], words[:, 1]
    known = valid(wide)
    values = low / 1e9
    # Two exact floats divide to the nearest one; the few that do not fit go one by one.
    exact = (high == low >> 63) & (np.abs(low) <= _EXACT)
    for row in np.flatnonzero(known & ~exact):
        values[row] = float(wide[row].as_py())
    return pa.array(values, pa.float64(), mask=~known)


def billionths(money: pa.Array) -> list[int]:
    """Return exact money as whole billionths; null is 0."""
    return [0 if each is None else int(each.scaleb(9)) for each in money.to_pylist()]


def from_billionths(amounts: Iterable[int]) -> pa.Array:
    """Return whole billionths as exact money."""
    # From text, since arithmetic would round to the 28 digits of Python's context.
    return pa.array([Decimal(f"{amount}E-9") for amount in amounts], WIDE)
