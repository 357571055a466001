"""How fast: a limit on the requests in flight, shared by all workers of a run."""

import contextlib
import threading
from collections.abc import Callable, Iterator

# Waits are cut in slices of this many seconds, so that a stopped read is noticed soon.
_SLICE = 0.2


class ConcurrencyLimiter:
    """How many requests may be in flight: halved when throttled, one more a round when not.

    Parameters
    ----------
    most : int
        Requests in flight, at most.
    clock : callable
        Monotonic seconds.
    sleep : callable
        Waits that many seconds, or less; raises to stop the read.
    """

    def __init__(
        self, most: int, *, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._limit = float(most)
        self._in_flight = 0
        self._resume = 0.0
        self._slowed = float("-inf")
        self._slowings = 0

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    @property
    def pause(self) -> float:
        """Seconds in which nothing is sent, from now; 0 if something may be."""
        return max(self._resume - self._clock(), 0.0)

    @contextlib.contextmanager
    def place(self) -> Iterator[float]:
        """Wait for a place in flight and hold it; gives the time at which it was had."""
        entered = self._enter()
        try:
            yield entered
        finally:
            with self._lock:
                self._in_flight -= 1
                self._freed.notify()

    def _enter(self) -> float:
        while True:
            with self._lock:
                now = self._clock()
                wait = self._resume - now
                if wait <= 0:
                    if self._in_flight < int(self._limit):
                        self._in_flight += 1
                        return now
                    self._freed.wait(_SLICE)
            self._sleep(min(max(wait, 0.0), _SLICE))

    def went_well(self) -> None:
        """Let one more in flight after as many answers as are in flight now."""
        with self._lock:
            self._limit = min(self._limit + 1.0 / self._limit, float(self._most))
            self._freed.notify()

    def throttled(self, entered: float, wait: float) -> int:
        """Slow everybody down.

        Parameters
        ----------
        entered : float
            When the throttled request got its place. What was sent before the
            last slowing says nothing about the pace since, and halves nothing.
        wait : float
            Seconds in which nobody sends.

        Returns
        -------
        int
            Which slowing of the run this begins, from 1; 0 if it begins none.
        """
        with self._lock:
            now = self._clock()
            if entered >= self._slowed:
                self._limit = max(self._limit / 2.0, 1.0)
                self._slowed = now
                self._slowings += 1
            self._resume = max(self._resume, now + wait)
            return self._slowings if self._slowed == now else 0
