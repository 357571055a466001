"""One file: asked for, gone on with where it broke off, checked, and given its name."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxframe._dataset.disk import writing
from voxframe._http.clock import Clock
from voxframe._http.files import FileAnswer, FileSource
from voxframe._http.limiter import ConcurrencyLimiter
from voxframe._http.links import RefusedLinkError
from voxframe._http.network import CancelledError, NetworkError
from voxframe._http.response import retry_after, server_time
from voxframe._http.retry import Attempts, RetryableError, RetryPolicy
from voxframe._http.usage import Usage
from voxframe._recordings.judging import NOT_AUTHORIZED, THROTTLED, Trouble
from voxframe._recordings.names import ending, media_type, type_of
from voxframe._recordings.part import Part, receive
from voxframe._recordings.store import CURE, Entry, Store
from voxframe._recordings.wanted import Wanted
from voxframe.errors import RateLimitError, TransportError, VoxframeError

logger = logging.getLogger("voxframe")

_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "voxframe"}
# What a file must have grown by for its attempts to be counted anew.
_GROWTH = 1 << 16


class _NotTheFileError(VoxframeError):
    """The answer is not the file, and another attempt does not change it."""


@dataclass(frozen=True, slots=True)
class FileFetcher:
    """How one run fetches files; safe to use from many threads.

    Attributes
    ----------
    source : FileSource
        Where they come from.
    store : Store
        Where they go.
    policy : RetryPolicy
        How often and how long one is tried without getting on.
    limiter : ConcurrencyLimiter
        How fast, for all workers of the run together.
    clock : Clock
        Time and chance.
    stopped : Event
        Set when the run is over.
    usage : Usage
        Where requests, retries and bytes are counted.
    """

    source: FileSource
    store: Store
    policy: RetryPolicy
    limiter: ConcurrencyLimiter
    clock: Clock
    stopped: threading.Event
    usage: Usage = field(default_factory=Usage)

    def fetch(self, wanted: Wanted) -> Entry:
        """Fetch one file.

        Returns
        -------
        Entry
            Where it is, or why it is not.

        Raises
        ------
        ExportError
            It cannot be written.
        CancelledError
            The run is over.
        """
        if wanted.problem or wanted.link is None:
            return Entry(error=wanted.problem or "no link")
        with self.store.part(wanted) as file:
            part = Part(file)
            while True:
                before = part.furthest
                try:
                    return self._tried(wanted, wanted.link, part)
                except CancelledError:
                    raise
                except RefusedLinkError:
                    return Entry(error="refused host")
                except (_NotTheFileError, TransportError, RateLimitError) as error:
                    # What gets on is not given up, however often it breaks off.
                    if part.furthest < before + _GROWTH or isinstance(error, _NotTheFileError):
                        logger.info("%s %d: %s", wanted.table, wanted.id, error)
                        return Entry(error=part.trouble)

    def _tried(self, wanted: Wanted, link: str, part: Part) -> Entry:
        asked = f"{wanted.table} {wanted.id}"
        attempts = Attempts(self.policy, self.clock, self.limiter, self.usage, asked)
        for attempt in attempts:
            with attempt:
                with self.limiter.place() as entered:
                    attempts.begin(entered)
                    headers = self._once(wanted, link, part)
                self.limiter.went_well()
                return self._kept(wanted, link, part, headers)
        raise AssertionError("attempts end with a file or an error")

    def _once(self, wanted: Wanted, link: str, part: Part) -> Mapping[str, str]:
        """Ask once, and once more with a fresh token; return the headers of the whole file."""
        try:
            trouble, answer = self._asked(wanted, link, part)
            if trouble == NOT_AUTHORIZED and self.source.renewed(answer, self.clock):
                self.usage.add(retries=1)
                trouble, answer = self._asked(wanted, link, part)
        except NetworkError as error:
            raise RetryableError(error) from None
        headers = answer.stream.headers
        if trouble is None:
            return headers
        part.trouble, said = trouble.kind, f"{trouble.kind} (HTTP {answer.stream.status})"
        if not trouble.again:
            raise _NotTheFileError(said)
        wait = retry_after(headers, server_time(headers) or self.clock.now())
        if trouble == THROTTLED:
            throttled = RateLimitError(f"the service throttles ({said})")
            raise RetryableError(throttled, throttled=True, asked_wait=wait)
        raise RetryableError(
            TransportError(f"the answer is not the file ({said})"), asked_wait=wait
        )

    def _asked(self, wanted: Wanted, link: str, part: Part) -> tuple[Trouble | None, FileAnswer]:
        headers = dict(_HEADERS)
        if part.size and part.splits:
            headers["Range"] = f"bytes={part.size}-"
            if part.version.startswith('"'):
                headers["If-Range"] = part.version
        self.usage.add(requests=1)
        stall, part.trouble = self.policy.request_timeout, "no answer"
        with self.source.open(link, headers, stall, self.stopped) as answer:
            part.trouble = "cut short"
            trouble = receive(wanted, part, answer.stream, self.usage)
        logger.debug(
            "%s %d: HTTP %d, %d bytes so far%s", wanted.table, wanted.id, answer.stream.status,
            part.size, f", {trouble.kind}" if trouble else "",
        )  # fmt: skip
        return trouble, answer

    def _kept(self, wanted: Wanted, link: str, part: Part, headers: Mapping[str, str]) -> Entry:
        kind = headers.get("content-type", "")
        with writing(Path(part.file.name), CURE):
            path = self.store.keep(wanted, part.file, ending(wanted, link, kind))
        longer = wanted.size is not None and part.size > wanted.size
        return Entry(
            path,
            part.size,
            media_type(kind) or type_of(path),
            "longer than announced" if longer else None,
        )
