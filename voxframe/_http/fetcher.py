"""One request, one answer that is a result: a place in flight, a token, a verdict."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from voxframe._http.clock import Clock
from voxframe._http.failure import failure
from voxframe._http.limiter import ConcurrencyLimiter
from voxframe._http.network import NetworkError
from voxframe._http.response import (
    Answer,
    Classification,
    Verdict,
    classify,
    retry_after,
    server_time,
)
from voxframe._http.retry import Attempts, RetryableError, RetryPolicy
from voxframe._http.token import TokenSource
from voxframe._http.transport import Transport
from voxframe._http.usage import Usage
from voxframe.errors import TransportError

logger = logging.getLogger("voxframe")

# A Date has whole seconds and travels a while; less than this is no difference between clocks.
_SKEW = 5.0
# Noted even where it did no harm yet: tokens stop working when clocks drift further.
_SKEW_TO_NOTE = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of an answer that looks like a result, and how long they were on their way."""

    body: bytes = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How one run asks the service; safe to use from many threads.

    Attributes
    ----------
    transport, tokens
        Shared by all runs of a client.
    policy : RetryPolicy
        How long to try.
    limiter : ConcurrencyLimiter
        How fast, for all workers of the run together.
    clock : Clock
        Time and chance.
    stopped : Event
        Set when the run is over.
    """

    transport: Transport
    tokens: TokenSource
    policy: RetryPolicy
    limiter: ConcurrencyLimiter
    clock: Clock
    stopped: threading.Event

    def attempts(self, asked: str, usage: Usage) -> Attempts:
        """Return the attempts of one page, to be gone through with :meth:`send` in each."""
        return Attempts(self.policy, self.clock, self.limiter, usage, asked)

    def send(self, form: Mapping[str, str], attempts: Attempts) -> Received:
        """Ask once; a token that has expired is replaced on the way.

        Parameters
        ----------
        form : Mapping of str
            Everything that is asked, as the service reads it.
        attempts : Attempts
            Those of this page; one more is counted.

        Returns
        -------
        Received
            Whether it can be read is for the decoder to say.

        Raises
        ------
        RetryableError
            Another attempt may mend it.
        ApiError, TransportError
            None will.
        """
        try:
            with self.limiter.place() as entered:
                left = attempts.begin(entered)
                began = self.clock.monotonic()
                until = began + min(self.policy.request_timeout, left)
                answer, said = self._authorized(form, attempts, until)
                seconds = self.clock.monotonic() - began
        except NetworkError as error:
            raise RetryableError(error) from None
        if said.verdict is not Verdict.RESULT:
            wait = retry_after(answer.headers, self.clock.now() + (self._skew(answer) or 0.0))
            raise failure(said, status=answer.status, asked=attempts.asked, asked_wait=wait)
        attempts.usage.add(bytes_=len(answer.body))
        return Received(answer.body, seconds)

    def _authorized(
        self, form: Mapping[str, str], attempts: Attempts, until: float
    ) -> tuple[Answer, Classification]:
        """Send with a token; once more with a fresh one if that is what is wrong."""
        answer, said = self._send(form, token := self.tokens.token(), attempts, until)
        if said.verdict not in (Verdict.TOKEN_EXPIRED, Verdict.NOT_AUTHORIZED):
            return answer, said
        # Another worker may have learned the time, and dropped this token, meanwhile.
        learned = learned_skew(self.tokens, answer.headers, self.clock)
        fresh = learned or self.tokens.token() != token
        if said.verdict is Verdict.NOT_AUTHORIZED and not fresh:
            return answer, said
        self.tokens.renew(token)
        attempts.usage.mend("token_renewed")
        attempts.usage.add(retries=1)
        return self._send(form, self.tokens.token(), attempts, until)

    def _send(
        self, form: Mapping[str, str], token: str, attempts: Attempts, until: float
    ) -> tuple[Answer, Classification]:
        """Send once; log what came, unless it is a result, whose rows are not known yet."""
        asked, number, usage = attempts.asked, attempts.number, attempts.usage
        usage.add(requests=1)
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
            usage.note("clock_behind_s" if skew > 0 else "clock_ahead_s", abs(round(skew)))
        said = classify(answer, form)
        if said.verdict is not Verdict.RESULT:
            spent = self.clock.monotonic() - began
            code, words = said.code, said.msg or f"HTTP {answer.status}"
            logger.debug("%s: code %d, %s, %.3f s, attempt %d", asked, code, words, spent, number)
        return answer, said

    def _skew(self, answer: Answer) -> float | None:
        theirs = server_time(answer.headers)
        return None if theirs is None else theirs - self.clock.now()


def learned_skew(tokens: TokenSource, headers: Mapping[str, str], clock: Clock) -> bool:
    """Take over the service's time if ours is what it refused."""
    theirs = server_time(headers)
    if theirs is None or abs(theirs - clock.now() - tokens.skew) < _SKEW:
        return False
    tokens.learn_skew(theirs - clock.now())
    return True
