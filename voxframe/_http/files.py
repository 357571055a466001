"""One GET for a file: redirects followed by hand, the token taken to the service's own hosts."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from voxframe._forks import renew_after_fork
from voxframe._http.clock import Clock
from voxframe._http.fetcher import learned_skew
from voxframe._http.library import httpx
from voxframe._http.links import (
    RefusedLinkError,
    checked_link,
    may_have_the_token,
    origin,
)
from voxframe._http.token import TokenSource
from voxframe._http.transport import Stream, Transport

# Storage that moves files about answers with one or two.
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
LONGEST_WORDS = 1 << 16
"""Bytes of an answer that is not a file, at most; whatever is longer is not one that says why."""


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """An answer to a GET whose body is still arriving, and the token that was sent, if any."""

    stream: Stream
    token: str | None = field(repr=False)


class FileSource:
    """Files of one account, wherever their links lead; safe to use from many threads.

    Parameters
    ----------
    base_url : str
        As :func:`check_base_url` gave it.
    tokens : TokenSource
        For the service's own hosts.
    """

    def __init__(self, base_url: str, tokens: TokenSource) -> None:
        self._base = httpx.URL(base_url)
        self._tokens = tokens
        self._lock = threading.Lock()
        self._transports: dict[str, Transport] = {}
        renew_after_fork(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for transport in self._known():
            transport.close()

    def after_fork(self) -> None:
        """Free the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()

    def abort(self, stopped: threading.Event) -> None:
        """Break the requests of a run that is over; its event is set before."""
        for transport in self._known():
            transport.abort(stopped)

    @contextlib.contextmanager
    def open(
        self, link: str, headers: Mapping[str, str], stall: float, stopped: threading.Event
    ) -> Iterator[FileAnswer]:
        """Ask for a file.

        Parameters
        ----------
        link : str
            Where it is said to be.
        headers : Mapping of str
            What is sent beside the token.
        stall : float
            As for :meth:`Transport.get`.
        stopped : Event
            Set when the run is over.

        Yields
        ------
        FileAnswer
            No redirect.

        Raises
        ------
        RefusedLinkError
            The link, or a redirect, leads where nothing is fetched from.
        NetworkError, CancelledError, TransportError
            As for :meth:`Transport.get`.
        """
        url, at_home = checked_link(link, self._base), True
        for _ in range(_MOST_REDIRECTS + 1):
            token = None
            if at_home and may_have_the_token(url, self._base):
                token = self._tokens.token()
            sent = {**headers, "Authorization": f"Bearer {token}"} if token else headers
            with self._transport(url).get(str(url), sent, stall, stopped) as stream:
                if stream.status not in _REDIRECTS:
                    yield FileAnswer(stream, token)
                    return
                # Read to its end, so that its connection can be used again.
                read_words(stream.pieces)
                there = stream.headers.get("location", "")
            before, url = url, self._target(url, there)
            # Whoever was sent elsewhere once is a stranger's guest from there on.
            at_home = at_home and origin(url) == origin(before)
        raise RefusedLinkError

    def renewed(self, answer: FileAnswer, clock: Clock) -> bool:
        """Drop a token that was not accepted; return whether there is a better one."""
        if answer.token is None:
            return False
        learned_skew(self._tokens, answer.stream.headers, clock)
        self._tokens.renew(answer.token)
        return True

    def _target(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            return checked_link(str(url.join(location)), self._base)
        except (httpx.InvalidURL, UnicodeError):
            raise RefusedLinkError from None

    def _transport(self, url: httpx.URL) -> Transport:
        with self._lock:
            name = origin(url)
            if name not in self._transports:
                self._transports[name] = Transport(name)
            return self._transports[name]

    def _known(self) -> list[Transport]:
        with self._lock:
            return list(self._transports.values())


def read_words(pieces: Iterator[bytes]) -> bytes:
    """Read the beginning of an answer's body, or all of it."""
    body = b""
    for piece in pieces:
        body += piece
        if len(body) > LONGEST_WORDS:
            break
    return body
