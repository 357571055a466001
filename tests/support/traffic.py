"""Shapes of traffic, as starts in a window of some weeks."""

from collections.abc import Callable
from typing import Any

import numpy as np

Starts = np.ndarray[Any, np.dtype[np.int64]]
DAY = 86_400
WINDOW = (0, 31 * DAY)


def uniform(rng: np.random.Generator, n: int) -> Starts:
    return rng.integers(0, WINDOW[1], n)


def office_hours(rng: np.random.Generator, n: int) -> Starts:
    days = np.array([day for day in range(31) if day % 7 < 5])
    starts = rng.choice(days, n) * DAY + rng.normal(13 * 3600, 2 * 3600, n).astype(np.int64)
    quiet = rng.random(n) < 0.01
    return np.clip(np.where(quiet, rng.integers(0, WINDOW[1], n), starts), 0, WINDOW[1] - 1)


def spike(rng: np.random.Generator, n: int) -> Starts:
    at = int(rng.integers(DAY, 30 * DAY))
    width = max(n // 20, 60)
    inside = rng.random(n) < 0.8
    return np.where(inside, at + rng.integers(0, width, n), rng.integers(0, WINDOW[1], n))


def growth(rng: np.random.Generator, n: int) -> Starts:
    return (np.sqrt(rng.random(n)) * WINDOW[1]).astype(np.int64)


def last_hour(rng: np.random.Generator, n: int) -> Starts:
    length = max(3600, n // 20)
    return WINDOW[1] - length + rng.integers(0, length, n)


def dense(rng: np.random.Generator, n: int) -> Starts:
    """20 sessions a second, as long as they last."""
    length = max(n // 20, 1)
    at = int(rng.integers(0, WINDOW[1] - length))
    return at + rng.integers(0, length, n)


SHAPES: dict[str, Callable[[np.random.Generator, int], Starts]] = {
    "uniform": uniform,
    "office_hours": office_hours,
    "spike": spike,
    "growth": growth,
    "last_hour": last_hour,
    "dense": dense,
}
