"""A column as codes and labels."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from voxframe.analysis._source import Ints, integers


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as a code a row, and what each code stands for; -1 stands for nothing."""

    codes: Ints
    labels: pa.Array

    def take(self, rows: Ints) -> Self:
        """Return the values at ``rows``; row -1 holds nothing."""
        padded = np.append(self.codes, -1)
        return type(self)(padded[rows], self.labels)


def encode(column: pa.ChunkedArray) -> Coded:
    """Return a column as codes and labels."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 0:
        return Coded(np.empty(0, np.int64), pa.array([], column.type.value_type))
    whole = column.unify_dictionaries()
    codes = [integers(chunk.indices.cast(pa.int64()), null=-1) for chunk in whole.chunks]
    return Coded(np.concatenate(codes), whole.chunk(0).dictionary)
