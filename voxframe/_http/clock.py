"""Time and chance, as values."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as values, so that a test can pass its own.

    Attributes
    ----------
    now : callable
        Seconds since 1970.
    monotonic : callable
        Seconds that never go back.
    sleep : callable
        Waits; raises to stop the run.
    draw : random.Random
        Source of jitter.
    """

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    draw: random.Random


def system_clock(sleep: Callable[[float], None]) -> Clock:
    """Return this machine's time and chance."""
    return Clock(time.time, time.monotonic, sleep, random.Random())  # noqa: S311 - jitter
