"""The wire: one POST, one whole answer, within a time and a size. The only module with httpx."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from voxframe._http.response import Answer
from voxframe.errors import InvalidQueryError, TransportError

LARGEST_BODY = 128 * 2**20
"""Bytes of one inflated answer, at most. A page of 1000 full sessions has about 1.5 million."""

_NO_ADDRESS = "base_url: is no address like https://api.voximplant.com"
_LARGEST_PORT = 65_535
_CONNECT_TIMEOUT = 10.0
_CHUNK = 1 << 18
_GZIP = 31  # zlib's name for a gzip wrapper


class NetworkError(TransportError):
    """The network failed, or an answer did not arrive whole; another try may mend it."""


class TooLargeError(TransportError):
    """An answer is larger than anything this can be."""


class CancelledError(TransportError):
    """The read was stopped from outside."""


def check_base_url(base_url: str) -> str:
    """Refuse an address to which a token must not go.

    Returns
    -------
    str
        The same without a slash at its end.

    Raises
    ------
    InvalidQueryError
        It is not https, and not http to this machine.
    """
    try:
        # The same reading of an address as that of the request: no room between two of them.
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        raise InvalidQueryError(_NO_ADDRESS) from None
    shown = f"{url.scheme}://{url.host}"
    known = url.scheme in ("https", "http") and (url.port or 1) <= _LARGEST_PORT
    if not known or not url.host:
        raise InvalidQueryError(_NO_ADDRESS)
    if url.userinfo or url.query or url.fragment:
        raise InvalidQueryError(f"base_url: {shown} must have no user, query or fragment")
    if url.scheme == "http" and not _is_loopback(url.host):
        raise InvalidQueryError(
            f"base_url: {shown} would send the token in the clear; use https (plain http goes to "
            "this machine only)",
        )
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Transport:
    """Connections to one service, each used by one request at a time.

    Parameters
    ----------
    base_url : str
        As :func:`check_base_url` gave it.
    """

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/platform_api/GetCallHistory"
        # A proxy has no business between a program and its own machine.
        self._trust_env = not _is_loopback(httpx.URL(base_url).host)
        self._tls: ssl.SSLContext | None = None
        # Of a kind that the collector may enter again, when it closes a client that was dropped.
        self._lock = threading.RLock()
        self._idle: list[_Lane] = []
        self._busy: dict[_Lane, threading.Event] = {}
        self._closed = False

    def post(
        self, form: Mapping[str, str], token: str, timeout: float, stopped: threading.Event
    ) -> Answer:
        """Send one request and read its answer whole.

        Parameters
        ----------
        form : Mapping of str
            The body; never the query string, which gets logged.
        token : str
            Bearer token.
        timeout : float
            Seconds for all of it, however slowly it drips.
        stopped : Event
            Set when the run that asks is over; see :meth:`abort`.

        Returns
        -------
        Answer
            Inflated.

        Raises
        ------
        NetworkError, TooLargeError, CancelledError
        """
        with self._lane(stopped) as lane:
            return lane.post(self._url, form, token, timeout)

    def abort(self, stopped: threading.Event) -> None:
        """Break the requests of a run that is over, from any thread; its event is set before."""
        with self._lock:
            for lane, owner in self._busy.items():
                if owner is stopped:
                    lane.abort(CancelledError("the read was stopped"))

    def close(self) -> None:
        """Break what is in flight and close all connections."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for lane in self._busy:
                lane.abort(CancelledError("the client was closed"))
        for lane in idle:
            lane.close()

    @contextlib.contextmanager
    def _lane(self, stopped: threading.Event) -> Iterator["_Lane"]:
        with self._lock:
            if self._closed:
                raise CancelledError("the client is closed")
            if stopped.is_set():
                raise CancelledError("the read was stopped")
            lane = self._idle.pop() if self._idle else self._new_lane()
            lane.broken = None
            self._busy[lane] = stopped
        try:
            yield lane
        finally:
            with self._lock:
                del self._busy[lane]
                keep = not self._closed
                if keep:
                    self._idle.append(lane)
            if not keep:
                lane.close()

    def _new_lane(self) -> "_Lane":
        if self._tls is None and self._url.startswith("https:"):
            # Reading the machine's certificates takes longer than a request; once is enough.
            self._tls = httpx.create_ssl_context(trust_env=self._trust_env)
        elif self._tls is None:
            # Of no use here, and trusting nobody.
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return _Lane(self._tls, trust_env=self._trust_env)


class _Lane:
    """One connection at most, whose socket is known so that a wait on it can be broken."""

    def __init__(self, tls: ssl.SSLContext, *, trust_env: bool) -> None:
        self._http = httpx.Client(
            verify=tls,
            trust_env=trust_env,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            # What is not gzip is not asked for: one way to inflate, checked to its end.
            headers={"Accept-Encoding": "gzip", "Accept": "application/json"},
        )
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.broken: TransportError | None = None

    def post(self, url: str, form: Mapping[str, str], token: str, timeout: float) -> Answer:
        late = NetworkError(f"no whole answer within {timeout:.3g} s")
        alarm = threading.Timer(timeout, self.abort, [late])
        alarm.daemon, alarm.name = True, "voxframe-alarm"
        alarm.start()
        try:
            with self._http.stream(
                "POST",
                url,
                data=form,
                headers={"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
                extensions={"trace": self._trace},
            ) as response:
                body = _read_whole(response, time.monotonic() + timeout)
            if self.broken is None:
                return Answer(response.status_code, response.headers, body)
            # A body without a length ends where its connection was broken.
            raise self.broken
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            # Breaking the socket under a read shows up as one of many errors.
            raise (self.broken or _translate(error)) from None
        finally:
            alarm.cancel()

    def abort(self, reason: TransportError) -> None:
        with self._lock:
            self.broken = reason
            if self._socket is not None:
                # The plain method, since SSLSocket's would pull the TLS state from under a reader.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self._http.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                broken = self.broken
            if broken is not None:
                self.abort(broken)


def _read_whole(response: httpx.Response, deadline: float) -> bytes:
    """Read and inflate a body; a stream that ends early, or never, is an error."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "x-gzip", "identity", ""):
        raise NetworkError(f"an answer in the encoding {encoding[:20]!r}, which was not asked for")
    inflate = zlib.decompressobj(wbits=_GZIP) if "gzip" in encoding else None
    pieces: list[bytes] = []
    size = 0
    for raw in response.iter_raw():
        if time.monotonic() > deadline:
            raise NetworkError("no whole answer within its time")
        for piece in _inflated(raw, inflate):
            size += len(piece)
            if size > LARGEST_BODY:
                raise TooLargeError(
                    f"an answer of more than {LARGEST_BODY >> 20} MiB was refused; read a shorter "
                    "window, or leave out with_records or with_other_resources",
                )
            pieces.append(piece)
    if inflate is not None and size and not inflate.eof:
        raise NetworkError("an answer cut short in its gzip stream")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _inflated(raw: bytes, inflate: "zlib._Decompress | None") -> Iterator[bytes]:
    """Inflate in pieces, so that a small body cannot fill the memory before it is measured."""
    if inflate is None:
        yield raw
        return
    while True:
        try:
            piece = inflate.decompress(raw, _CHUNK)
        except zlib.error:
            raise NetworkError("an answer that cannot be inflated") from None
        yield piece
        raw = inflate.unconsumed_tail
        if not raw and len(piece) < _CHUNK:
            return


def _translate(error: Exception) -> TransportError:
    if isinstance(error, httpx.TimeoutException):
        return NetworkError("no answer in time")
    if isinstance(error, httpx.ConnectError) and "CERTIFICATE" in str(error).upper():
        return TransportError(
            "the service's certificate cannot be trusted; nothing was sent. Check base_url, the "
            "machine's clock and its certificates",
        )
    # The library's own text may hold an address, never a header or a body; its kind says enough.
    return NetworkError(f"the network failed: {type(error).__name__}")
