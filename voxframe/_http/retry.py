"""How often and how long one page is tried."""

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from voxframe._http.clock import Clock
from voxframe._http.limiter import ConcurrencyLimiter
from voxframe._http.network import UnreachableError
from voxframe._http.usage import Usage
from voxframe.errors import ApiError, InvalidQueryError, TransportError, VoxframeError

if TYPE_CHECKING:
    import tenacity

logger = logging.getLogger("voxframe")

# Where there is no way to the service at the start, a person waits for the reason: a network that
# is only just coming up gets a few tries, and one that swallows everything a single one.
_QUICK_ATTEMPTS = 3
_QUICK_WAIT = 1.0
_QUICK_TIME = 8.0


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

    Examples
    --------
    >>> patient = voxframe.RetryPolicy(max_attempts=12, timeout=900.0)
    >>> history = voxframe.read_call_history("2026-10-01", "2026-11-01", retry=patient)
    >>> voxframe.RetryPolicy(max_attempts=0)
    Traceback (most recent call last):
        ...
    voxframe.errors.InvalidQueryError: retry: max_attempts is 0, needs to be 1 or more
    """

    max_attempts: int = 8
    timeout: float = 300.0
    request_timeout: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.max_attempts < 1:
            raise InvalidQueryError(
                f"retry: max_attempts is {self.max_attempts}, needs to be 1 or more",
            )
        for name in ("timeout", "request_timeout"):
            if not 0 < getattr(self, name) < 86_400:  # noqa: PLR2004
                raise InvalidQueryError(
                    f"retry: {name} is {getattr(self, name)}, needs to be more than 0 and less "
                    "than 86400 seconds",
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


class RetryableError(Exception):
    """An attempt failed in a way that another one may mend; holds what to say if none does."""

    def __init__(
        self, error: VoxframeError, *, throttled: bool = False, asked_wait: float | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.throttled = throttled
        self.asked_wait = asked_wait
        self.hopeless = isinstance(error, UnreachableError)
        self.wait = asked_wait or 0.0


@dataclass(slots=True)
class Attempts:
    """The attempts of one page: since when, how many, and what the last one failed of.

    Attributes
    ----------
    policy : RetryPolicy
        How often and how long.
    clock : Clock
        Time and chance.
    limiter : ConcurrencyLimiter
        Slowed down, for all workers, by an attempt that was throttled.
    usage : Usage
        Where attempts are counted.
    asked : str
        What is asked, for an error message: the window, never a filter's value.
    """

    policy: RetryPolicy
    clock: Clock
    limiter: ConcurrencyLimiter
    usage: Usage
    asked: str
    _started: list[float] = field(default_factory=list)
    _last: RetryableError | None = None

    @property
    def number(self) -> int:
        """Attempts that were begun."""
        return len(self._started)

    def __iter__(self) -> Iterator["tenacity.AttemptManager"]:
        """Yield attempts, each a context, until one ends without a `RetryableError`."""
        import tenacity  # noqa: PLC0415 - slow to import

        try:
            yield from tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(RetryableError),
                after=self._failed,
                wait=self._wait,
                stop=self._exhausted,
                sleep=self.clock.sleep,
                before_sleep=lambda _: self.usage.add(retries=1),
                reraise=True,
            )
        except RetryableError as again:
            raise self._final_error(again) from None

    def begin(self, now: float) -> float:
        """Count an attempt; return the seconds that are left to the page."""
        left = self.policy.timeout - (now - self._started[0] if self._started else 0.0)
        if self._last is not None and left <= 0:
            # Others were throttled meanwhile, and the limiter held this page back too.
            raise self._last
        self._started.append(now)
        return left

    def _spent(self) -> float:
        return self.clock.monotonic() - self._started[0]

    def _failed(self, state: "tenacity.RetryCallState") -> None:
        """Draw the wait before the next attempt."""
        again = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(again, RetryableError)  # noqa: S101 - nothing else is tried again
        own = self.policy.wait(self.number, throttled=again.throttled, draw=self.clock.draw)
        again.wait = max(min(own, _QUICK_WAIT) if again.hopeless else own, again.wait)
        self._last = again
        if again.throttled:
            slowing = self.limiter.throttled(self._started[-1], again.wait)
            if slowing:
                # A service that throttles does so again and again; one warning a run is enough.
                logger.log(
                    logging.WARNING if slowing == 1 else logging.INFO,
                    "%s: %s; nothing is sent for %.1f s, then at most %d at once",
                    self.asked,
                    again.error,
                    again.wait,
                    self.limiter.limit,
                )

    def _wait(self, _state: "tenacity.RetryCallState") -> float:
        # When throttled, the limiter holds everybody back, this page included.
        return 0.0 if self._last is None or self._last.throttled else self._last.wait

    def _exhausted(self, _state: "tenacity.RetryCallState") -> bool:
        wait = self._last.wait if self._last is not None else 0.0
        if (
            self._last is not None
            and self._last.hopeless
            and (self.number >= _QUICK_ATTEMPTS or self._spent() >= _QUICK_TIME)
        ):
            return True
        return self.number >= self.policy.max_attempts or (
            self._spent() + wait >= self.policy.timeout
        )

    def _final_error(self, again: RetryableError) -> VoxframeError:
        attempts, spent = self.number, self._spent()
        tried = f"after {attempts} attempt{'s' * (attempts > 1)} in {spent:.0f} s"
        if again.hopeless:
            return TransportError(f"{again.error}; given up {tried}")
        then = "try again later, or pass a RetryPolicy that waits longer"
        wait = min(again.asked_wait or 0.0, 10**9)
        if wait and spent + wait >= self.policy.timeout:
            until = datetime.fromtimestamp(self.clock.now() + wait, UTC)
            then = (
                f"it asks to wait until {until:%Y-%m-%d %H:%M:%S} UTC, which is past the "
                f"{self.policy.timeout:.0f} s that one page may take; try again then"
            )
        text = f"{self.asked}: {again.error}, {tried}; {then}"
        if isinstance(again.error, ApiError):
            return type(again.error)(text, code=again.error.code, msg=again.error.msg)
        return TransportError(text)
