"""Cheap reproducible randomness: integer mixing instead of a generator a session."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_GOLDEN: Final = 0x9E3779B97F4A7C15
_MASK: Final = 2**64 - 1


def mix(values: NDArray[np.int64], salt: int) -> NDArray[np.uint64]:
    """Hash each value with a salt (SplitMix64), the same on every machine."""
    offset = np.uint64((salt + 1) * _GOLDEN & _MASK)
    z = values.astype(np.uint64) * np.uint64(_GOLDEN) + offset
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), dtype=np.uint64)


def mix_one(value: int, salt: int) -> int:
    """Hash one value."""
    return int(mix(np.array([value], dtype=np.int64), salt)[0])


def fraction(value: int, salt: int) -> float:
    """Map one value to a number in [0, 1)."""
    return (mix_one(value, salt) >> 11) / 2**53
