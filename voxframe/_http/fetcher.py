"""One page, whatever it takes: token, request, verdict, wait, again."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from voxframe._decode.page import RawPage
from voxframe._http.credentials import TokenSource
from voxframe._http.response import (
    Answer,
    Classification,
    Verdict,
    is_json,
    read,
    retry_after,
    server_time,
)
from voxframe._http.retry import ConcurrencyLimiter, RetryPolicy
from voxframe._http.transport import NetworkError, Transport
from voxframe.errors import (
    ApiError,
    AuthenticationError,
    DecodeError,
    PermissionDeniedError,
    RateLimitError,
    TransportError,
    VoxframeError,
)

if TYPE_CHECKING:
    import tenacity

logger = logging.getLogger("voxframe")

# A Date has whole seconds and travels a while; less than this is no difference between clocks.
_SKEW = 5.0
# Noted even where it did no harm yet: tokens stop working when clocks drift further.
_SKEW_TO_NOTE = 30.0


class Counted(Protocol):
    """A page that knows how many rows it says it has."""

    @property
    def count(self) -> int:
        """Sessions in the answer."""
        ...


P = TypeVar("P", bound=Counted)
Decode = Callable[[RawPage], P]


@dataclass(slots=True)
class Usage:
    """What a run sent, received and mended so far; shared by its workers."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, requests: int = 0, retries: int = 0, bytes_: int = 0) -> None:
        """Count something."""
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.bytes += bytes_

    def mend(self, kind: str, times: int = 1) -> None:
        """Count something that was put right."""
        with self._lock:
            self.mended[kind] += times

    def note(self, kind: str, value: int) -> None:
        """Keep a figure that is no count."""
        with self._lock:
            self.mended[kind] = value

    def copy(self) -> "Usage":
        """Give the figures as they are now."""
        with self._lock:
            return Usage(self.requests, self.retries, self.bytes, Counter(self.mended))


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
    """Give this machine's time and chance."""
    return Clock(time.time, time.monotonic, sleep, random.Random())  # noqa: S311 - jitter


class RetryableError(Exception):
    """An attempt failed in a way that another one may mend; holds what to say if none does."""

    def __init__(
        self, error: VoxframeError, *, throttled: bool = False, asked_wait: float | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.throttled = throttled
        self.asked_wait = asked_wait
        self.wait = asked_wait or 0.0


@dataclass(slots=True)
class Attempts:
    """The attempts of one page: since when, how many, and what the last one failed of."""

    policy: RetryPolicy
    clock: Clock
    started: list[float] = field(default_factory=list)
    last: RetryableError | None = None

    @property
    def number(self) -> int:
        return len(self.started)

    def begin(self, now: float) -> float:
        """Count an attempt; return the seconds that are left to the page."""
        left = self.policy.timeout - (now - self.started[0] if self.started else 0.0)
        if self.last is not None and left <= 0:
            # Others were throttled meanwhile, and the brake held this page back too.
            raise self.last
        self.started.append(now)
        return left

    def failed(self, again: RetryableError) -> None:
        """Draw the wait before the next attempt."""
        own = self.policy.wait(self.number, throttled=again.throttled, draw=self.clock.draw)
        again.wait = max(own, again.wait)
        self.last = again

    def spent(self) -> float:
        return self.clock.monotonic() - self.started[0]

    def wait(self, _state: "tenacity.RetryCallState") -> float:
        # When throttled, the brake holds everybody back, this page included.
        return 0.0 if self.last is None or self.last.throttled else self.last.wait

    def exhausted(self, _state: "tenacity.RetryCallState") -> bool:
        wait = self.last.wait if self.last is not None else 0.0
        return self.number >= self.policy.max_attempts or self.spent() + wait >= self.policy.timeout


@dataclass(frozen=True, slots=True)
class _Result:
    """An answer that is a result, and how long it was on its way."""

    body: bytes = field(repr=False)
    code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Fetcher(Generic[P]):
    """How one run gets its pages; safe to use from many threads.

    Attributes
    ----------
    transport, tokens
        Shared by all runs of a client.
    policy : RetryPolicy
        How long to try.
    brake : ConcurrencyLimiter
        How fast, for all workers of the run together.
    clock : Clock
        Time and chance.
    stopped : Event
        Set when the run is over.
    decode : callable
        From a page of bytes to whatever the run collects.
    tally : Usage
        What was sent and mended.
    """

    transport: Transport
    tokens: TokenSource
    policy: RetryPolicy
    brake: ConcurrencyLimiter
    clock: Clock
    stopped: threading.Event
    decode: Decode[P]
    tally: Usage = field(default_factory=Usage)

    def fetch(self, form: Mapping[str, str], asked: str) -> P:
        """Get one page.

        Parameters
        ----------
        form : Mapping of str
            Everything that is asked, as the service reads it.
        asked : str
            The same for an error message: the window, never a filter's value.

        Returns
        -------
        P
            The page, decoded.

        Raises
        ------
        ApiError, TransportError, DecodeError
            As the contract says, after all that may mend it was tried.
        """
        import tenacity  # noqa: PLC0415 - slow to import

        page = Attempts(self.policy, self.clock)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(RetryableError),
            stop=page.exhausted,
            wait=page.wait,
            sleep=self.clock.sleep,
            before_sleep=lambda _: self.tally.add(retries=1),
            reraise=True,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._attempt(form, asked, page)
        except RetryableError as again:
            raise self._final_error(again, asked, page) from None
        raise AssertionError("tenacity ends with a result or an error")

    def _attempt(self, form: Mapping[str, str], asked: str, page: "Attempts") -> P:
        try:
            with self.brake.place() as entered:
                got = self._result(form, asked, page.number, page.begin(entered))
            # The place is free for another request while this answer is decoded.
            return self._decoded(got, asked, page.number)
        except (NetworkError, RetryableError) as error:
            again = error if isinstance(error, RetryableError) else RetryableError(error)
            page.failed(again)
            if again.throttled:
                # The brake holds everybody back, this page included.
                self.brake.throttled(page.started[-1], again.wait)
            raise again from None

    def _result(self, form: Mapping[str, str], asked: str, number: int, left: float) -> _Result:
        began = self.clock.monotonic()
        until = began + min(self.policy.request_timeout, left)
        answer, reading = self._authorized(form, asked, number, until)
        if reading.verdict is not Verdict.RESULT:
            raise self._failure(reading, answer, asked)
        self.tally.add(bytes_=len(answer.body))
        return _Result(answer.body, reading.code, self.clock.monotonic() - began)

    def _decoded(self, got: _Result, asked: str, number: int) -> P:
        try:
            page = self.decode(RawPage(got.body, asked))
        except DecodeError:
            if is_json(got.body):
                raise
            text = "an answer that is no whole JSON value"
            logger.debug("%s: %s, attempt %d", asked, text, number)
            raise RetryableError(TransportError(text)) from None
        self.brake.went_well()
        logger.debug(
            "%s: code %d, %d rows, %d bytes, %.3f s, attempt %d",
            asked,
            got.code,
            page.count,
            len(got.body),
            got.seconds,
            number,
        )
        return page

    def _authorized(
        self, form: Mapping[str, str], asked: str, number: int, until: float
    ) -> tuple[Answer, Classification]:
        """Send with a token; once more with a fresh one if that is what is wrong."""
        answer, reading = self._send(form, token := self.tokens.token(), asked, number, until)
        if reading.verdict not in (Verdict.TOKEN_EXPIRED, Verdict.NOT_AUTHORIZED):
            return answer, reading
        # Another worker may have learned the time, and dropped this token, meanwhile.
        fresh = self._learn_skew(answer) or self.tokens.token() != token
        if reading.verdict is Verdict.NOT_AUTHORIZED and not fresh:
            return answer, reading
        self.tokens.renew(token)
        self.tally.mend("token_renewed")
        self.tally.add(retries=1)
        return self._send(form, self.tokens.token(), asked, number, until)

    def _send(
        self, form: Mapping[str, str], token: str, asked: str, number: int, until: float
    ) -> tuple[Answer, Classification]:
        """Send once; log what came, unless it is a result, whose rows are not known yet."""
        self.tally.add(requests=1)
        began = self.clock.monotonic()
        timeout = max(until - began, 0.01)
        try:
            answer = self.transport.post(form, token, timeout, self.stopped)
        except TransportError as error:
            spent = self.clock.monotonic() - began
            logger.debug("%s: %s, %.3f s, attempt %d", asked, error, spent, number)
            raise
        skew = self._skew(answer) or 0.0
        if abs(skew) >= _SKEW_TO_NOTE:
            self.tally.note("clock_behind_s" if skew > 0 else "clock_ahead_s", abs(round(skew)))
        reading = read(answer, form)
        if reading.verdict is not Verdict.RESULT:
            spent = self.clock.monotonic() - began
            code, msg = reading.code, reading.msg
            logger.debug("%s: code %d, %s, %.3f s, attempt %d", asked, code, msg, spent, number)
        return answer, reading

    def _skew(self, answer: Answer) -> float | None:
        theirs = server_time(answer.headers)
        return None if theirs is None else theirs - self.clock.now()

    def _learn_skew(self, answer: Answer) -> bool:
        """Take over the service's time if ours is what it refused."""
        skew = self._skew(answer)
        if skew is None or abs(skew - self.tokens.skew) < _SKEW:
            return False
        self.tokens.learn_skew(skew)
        return True

    def _failure(self, reading: Classification, answer: Answer, asked: str) -> Exception:
        if reading.verdict not in (Verdict.THROTTLED, Verdict.AGAIN):
            return _refusal(reading, asked)
        wait = retry_after(answer.headers, self.clock.now() + (self._skew(answer) or 0.0))
        code, msg = reading.code, reading.msg
        if reading.verdict is Verdict.THROTTLED:
            error: VoxframeError = RateLimitError(
                f"the service throttles (error {code}: {msg})", code=code, msg=msg
            )
            return RetryableError(error, throttled=True, asked_wait=wait)
        if answer.status == code:
            error = TransportError(f"the service answered with {msg}")
        else:
            error = ApiError(f"the service failed (error {code}: {msg})", code=code, msg=msg)
        return RetryableError(error, asked_wait=wait)

    def _final_error(self, again: RetryableError, asked: str, page: "Attempts") -> VoxframeError:
        attempts, spent = page.number, page.spent()
        tried = f"after {attempts} attempt{'s' * (attempts > 1)} in {spent:.0f} s"
        then = "try again later, or pass a RetryPolicy that waits longer"
        wait = min(again.asked_wait or 0.0, 10**9)
        if wait and spent + wait >= self.policy.timeout:
            until = datetime.fromtimestamp(self.clock.now() + wait, UTC)
            then = (
                f"it asks to wait until {until:%Y-%m-%d %H:%M:%S} UTC, which is past the "
                f"{self.policy.timeout:.0f} s that one page may take; try again then"
            )
        text = f"{asked}: {again.error}, {tried}; {then}"
        if isinstance(again.error, ApiError):
            return type(again.error)(text, code=again.error.code, msg=again.error.msg)
        return TransportError(text)


def _refusal(reading: Classification, asked: str) -> VoxframeError:
    """Say what a person can do about a no that another attempt does not change."""
    code, msg = reading.code, reading.msg
    said = f"error {code}: {msg}"
    match reading.verdict:
        case Verdict.TOKEN_EXPIRED:
            return AuthenticationError(
                f"the service calls a fresh token expired ({said}); check this machine's clock",
                code=code,
                msg=msg,
            )
        case Verdict.NOT_AUTHORIZED:
            return AuthenticationError(
                f"the service does not accept the key ({said}); check that the service account "
                "still exists and that the key file is its own",
                code=code,
                msg=msg,
            )
        case Verdict.FORBIDDEN:
            return PermissionDeniedError(
                f"the service account may not read the call history ({said}); give it a role "
                "that may call GetCallHistory, in the control panel under service accounts",
                code=code,
                msg=msg,
            )
        case Verdict.UNUSABLE:
            return TransportError(f"{asked}: {msg}")
        case _:
            return ApiError(f"{asked}: the service refused the query ({said})", code=code, msg=msg)
