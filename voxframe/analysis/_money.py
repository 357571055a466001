"""Exact sums of money."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voxframe._spec.tables import MONEY
from voxframe.analysis._tables import Ints, valid

WIDE = pa.decimal128(38, 9)
"""Wide enough for the sum of any column; a price itself has 18 digits."""

_ADDABLE = pa.decimal128(36, 9)
_EXACT = 2**53
_LIMB = 2**20 - 1


def _units(cost: pa.ChunkedArray) -> Ints:
    """Give prices as whole billionths; unknown ones as 0."""
    prices = cost.cast(MONEY).combine_chunks()
    buffer = prices.buffers()[1]
    if not len(prices) or buffer is None:
        return np.zeros(len(prices), np.int64)
    # A price has 18 digits: the lower half of its 128 bits is all of it.
    words = np.frombuffer(buffer, np.int64).reshape(-1, 2)[prices.offset :][: len(prices)]
    return np.where(valid(prices), words[:, 0], 0)


def _decimals(high: Ints, low: Ints) -> pa.Array:
    """Make the exact decimals of ``high * 2**40 + low`` billionths, ``low`` below 2**40."""
    words = np.stack([(high << 40) | low, high >> 24], axis=1)
    return pa.Array.from_buffers(WIDE, len(high), [None, pa.py_buffer(words.tobytes())])


def sums(cost: pa.ChunkedArray, codes: Ints, size: int) -> pa.Array:
    """Add up prices by group, exactly; an unknown price counts as nothing.

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
    units = _units(cost)
    inside = codes >= 0
    codes, units = codes[inside], units[inside]
    # Twenty bits at a time, the sums of eight billion rows are whole numbers to a float.
    low, middle, high = (
        np.bincount(codes, part, size).astype(np.int64)
        for part in (units & _LIMB, units >> 20 & _LIMB, units >> 40)
    )
    middle += low >> 20
    high += middle >> 20
    return _decimals(high, (middle & _LIMB) << 20 | low & _LIMB)


def total(*parts: pa.Array) -> pa.Array:
    """Add columns of sums, exactly."""
    whole = parts[0]
    for part in parts[1:]:
        whole = pc.add(whole.cast(_ADDABLE), part.cast(_ADDABLE)).cast(WIDE)
    return whole


def to_float(money: pa.Array) -> pa.Array:
    """Give exact money as the nearest float64, each rounded once.

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
