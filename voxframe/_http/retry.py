"""How long to try, and how fast: values for one page, and a brake shared by all."""

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voxframe.errors import InvalidQueryError

# Waits are cut in slices of this many seconds, so that a stopped read is noticed soon.
_SLICE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long one page is tried.

    Attributes
    ----------
    max_attempts : int
        Attempts for one page, at least 1.
    timeout : float
        Seconds for one page in all, its attempts and waits included.
    request_timeout : float
        Seconds for one attempt in all, however slowly it drips.
    first_wait : float
        Seconds: the longest that the first wait can be. Each further one may
        be twice as long; the wait itself is drawn between 0 and that (full jitter).
    longest_wait : float
        Seconds: no wait of our own is longer. A ``Retry-After`` may be.

    Notes
    -----
    When the service throttles, the wait is drawn from the upper half, so that
    the default eight attempts outlast a minute of throttling for certain.
    """

    max_attempts: int = 8
    timeout: float = 300.0
    request_timeout: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.max_attempts < 1:
            raise InvalidQueryError(f"retry: max_attempts is {self.max_attempts}, at least 1")
        for name in ("timeout", "request_timeout"):
            if not 0 < getattr(self, name) < 86_400:  # noqa: PLR2004
                raise InvalidQueryError(
                    f"retry: {name} is {getattr(self, name)}, between 0 and 86400 seconds",
                )
        if not 0 <= self.first_wait <= self.longest_wait:
            raise InvalidQueryError("retry: needs 0 <= first_wait <= longest_wait")

    def wait(self, attempt: int, *, throttled: bool, draw: random.Random) -> float:
        """Draw the wait after an attempt that failed.

        Parameters
        ----------
        attempt : int
            Its number, from 1.
        throttled : bool
            Whether the service asked for less.
        draw : random.Random
            Source of chance.

        Returns
        -------
        float
            Seconds.
        """
        longest = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
        return draw.uniform(longest / 2 if throttled else 0.0, longest)


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

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

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

    def throttled(self, entered: float, wait: float) -> None:
        """Slow everybody down.

        Parameters
        ----------
        entered : float
            When the throttled request got its place. What was sent before the
            last slowing says nothing about the pace since, and halves nothing.
        wait : float
            Seconds in which nobody sends.
        """
        with self._lock:
            now = self._clock()
            if entered >= self._slowed:
                self._limit = max(self._limit / 2.0, 1.0)
                self._slowed = now
            self._resume = max(self._resume, now + wait)
