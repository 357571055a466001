"""Throttling: who gets in, and what the others are told."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from voxframe.emulator._behaviour import Throttle

_REMEMBERED: Final = 10_000


class Gate:
    """Applies a `Throttle`; used from the event loop only."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float]) -> None:
        self._throttle = throttle
        self._clock = clock
        self._let_in: deque[float] = deque()
        self._asked: dict[frozenset[tuple[str, str]], float] = {}

    def crowded(self, in_flight: int) -> bool:
        """Return whether there is one request too many in flight (429)."""
        limit = self._throttle.max_parallel
        return limit is not None and in_flight > limit

    def refusal(self, params: Mapping[str, str]) -> int | None:
        """Return the error code for a request that comes too fast, or let it in."""
        now = self._clock()
        rate, distance = self._throttle.per_second, self._throttle.same_within
        if rate is not None:
            while self._let_in and self._let_in[0] <= now - 1.0:
                self._let_in.popleft()
            if len(self._let_in) + 1 > rate:
                return 340
        key = frozenset(params.items())
        if distance is not None:
            if now - self._asked.get(key, float("-inf")) < distance:
                return 515
            if len(self._asked) > _REMEMBERED:
                self._asked.clear()
            self._asked[key] = now
        if rate is not None:
            self._let_in.append(now)
        return None
