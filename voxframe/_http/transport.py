"""The wire: a POST and its whole answer within a time and a size, or a GET piece by piece."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from voxframe._forks import renew_after_fork
from voxframe._http.address import host_and_port
from voxframe._http.body import read_whole
from voxframe._http.environment import find_proxy, trusted_certificates
from voxframe._http.library import httpx
from voxframe._http.network import CancelledError, NetworkError, Way, explain
from voxframe._http.response import Answer
from voxframe.errors import TransportError

_CONNECT_TIMEOUT = 10.0
# Bytes within half of a stall's time: less than a kilobyte a second is a drip, not a download.
_GETS_ON = 1 << 15


@dataclass(frozen=True, slots=True)
class Stream:
    """An HTTP answer whose body is still arriving."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    pieces: Iterator[bytes] = field(repr=False)


class Transport:
    """Connections to one service, each used by one request at a time.

    Parameters
    ----------
    base_url : str
        As :func:`check_base_url` gave it.
    """

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url}/platform_api/GetCallHistory"
        self._tls: ssl.SSLContext | None = None
        self._way: Way | None = None
        # Of a kind that the collector may enter again, when it closes a client that was dropped.
        self._lock = threading.RLock()
        self._idle: list[_Lane] = []
        self._busy: dict[_Lane, threading.Event] = {}
        self._closed = False
        self._answered = False
        renew_after_fork(self)

    @property
    def host(self) -> str:
        """Name of the service's host."""
        return httpx.URL(self._url).host

    @property
    def answered(self) -> bool:
        """Whether the service has answered anything yet."""
        return self._answered

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
        NetworkError, TooLargeError, CancelledError, TransportError
        """
        with self._lane(stopped) as lane, self._explained(lane):
            answer = lane.post(self._url, form, token, timeout)
            self._answered = True
            return answer

    @contextlib.contextmanager
    def get(
        self, url: str, headers: Mapping[str, str], stall: float, stopped: threading.Event
    ) -> Iterator[Stream]:
        """Send a GET, and yield its answer while its body arrives.

        Parameters
        ----------
        url : str
            Of this service's host, which is not checked here.
        headers : Mapping of str
            All that is sent beside the host.
        stall : float
            Seconds in which something must come: the headers, then so many bytes of the
            body that it gets on. As long as it does, the whole may take any time.
        stopped : Event
            Set when the run that asks is over; see :meth:`abort`.

        Yields
        ------
        Stream
            Its pieces raise what :meth:`post` raises.
        """
        with self._lane(stopped) as lane, contextlib.ExitStack() as held:
            with self._explained(lane):
                response = held.enter_context(lane.get(url, headers, stall))
            self._answered = True
            yield Stream(
                response.status_code, response.headers, self._pieces(lane, response, stall)
            )

    def _pieces(self, lane: "_Lane", response: httpx.Response, stall: float) -> Iterator[bytes]:
        chunks = response.iter_raw()
        began, got = time.monotonic(), 0
        while True:
            with self._explained(lane):
                piece = next(chunks, None)
                if lane.broken is not None:
                    raise lane.broken
            if piece is None:
                return
            got += len(piece)
            if got >= _GETS_ON and time.monotonic() - began > stall / 2:
                lane.watch(stall)
                began, got = time.monotonic(), 0
            yield piece

    @contextlib.contextmanager
    def _explained(self, lane: "_Lane") -> Iterator[None]:
        try:
            yield
        # Breaking the socket under a read shows up as one of many errors; a name that cannot
        # be spelled, as one of Unicode's.
        except (
            httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, UnicodeError
        ) as error:  # fmt: skip
            why = lane.broken or explain(error, lane.way, answered=self._answered)
            raise why from None

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

    def after_fork(self) -> None:
        """Let go of the parent's connections without a word to the other side."""
        self._lock = threading.RLock()
        for lane in (*self._idle, *self._busy):
            lane.forget()
        self._idle, self._busy = [], {}

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
        went_well = False
        try:
            yield lane
            went_well = True
        finally:
            with self._lock:
                del self._busy[lane]
                # What broke may be kept as if it were whole, such as a tunnel without its TLS.
                keep = went_well and not self._closed
                if keep:
                    self._idle.append(lane)
            if not keep:
                lane.close()

    def _new_lane(self) -> "_Lane":
        if self._tls is None or self._way is None:
            url = httpx.URL(self._url)
            self._way = Way(host_and_port(url), find_proxy(url))
            # Reading the machine's certificates takes longer than a request; once is enough. Plain
            # http has no use for them, and what trusts nobody is quick.
            self._tls = (
                trusted_certificates()
                if url.scheme == "https"
                else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            )
        return _Lane(self._way, self._tls)


class _Lane:
    """One connection at most, whose socket is known so that a wait on it can be broken."""

    def __init__(self, way: Way, tls: ssl.SSLContext) -> None:
        proxy = None
        if way.proxy is not None:
            inner = tls if way.proxy.url.scheme == "https" else None
            proxy = httpx.Proxy(way.proxy.url, ssl_context=inner)
        self.way = way
        self._wire = httpx.HTTPTransport(
            verify=tls,
            proxy=proxy,
            # What it says was read before, once for all lanes.
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )
        self._http = httpx.Client(
            transport=self._wire,
            trust_env=False,
            follow_redirects=False,
            # What is not gzip is not asked for: one way to inflate, checked to its end.
            headers={"Accept-Encoding": "gzip", "Accept": "application/json"},
        )
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        # The same connection once more while it is made: a TLS handshake takes the socket away
        # from the object that was known, and gives a new one only when it is over.
        self._twin: socket.socket | None = None
        self._alarm: threading.Timer | None = None
        self.broken: TransportError | None = None

    def post(self, url: str, form: Mapping[str, str], token: str, timeout: float) -> Answer:
        self.watch(timeout, "no whole answer")
        try:
            with self._http.stream(
                "POST",
                url,
                data=form,
                headers={"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
                extensions={"trace": self._trace},
            ) as response:
                body = read_whole(response, time.monotonic() + timeout)
            if self.broken is None:
                return Answer(response.status_code, response.headers, body)
            # A body without a length ends where its connection was broken.
            raise self.broken
        finally:
            self._unwatch()

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str], stall: float) -> Iterator[httpx.Response]:
        self.watch(stall)
        timeout = httpx.Timeout(stall, connect=min(stall, _CONNECT_TIMEOUT))
        extensions = {"trace": self._trace, "timeout": timeout.as_dict()}
        request = httpx.Request("GET", url, headers=headers, extensions=extensions)
        try:
            # Without the client, which logs the address: a link can be as good as a key.
            with contextlib.closing(self._wire.handle_request(request)) as response:
                yield response
        finally:
            self._unwatch()

    def watch(self, seconds: float, missing: str = "no progress") -> None:
        """Break the connection after so many seconds from now, and not sooner."""
        if self._alarm is not None:
            self._alarm.cancel()
        late = NetworkError(f"{missing} within {seconds:.3g} s")
        self._alarm = threading.Timer(seconds, self.abort, [late])
        self._alarm.daemon, self._alarm.name = True, "voxframe-alarm"
        # Where no thread can be had, the time of each single read is all that is watched.
        with contextlib.suppress(RuntimeError):
            self._alarm.start()

    def _unwatch(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._drop_twin()

    def abort(self, reason: TransportError) -> None:
        with self._lock:
            self.broken = reason
            for each in (self._socket, self._twin):
                if each is not None:
                    # The plain method: SSLSocket's would pull the TLS state from under a reader.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        self._http.close()

    def forget(self) -> None:
        """Close this process's share of the connection, which goes on in the parent."""
        for each in (self._socket, self._twin):
            if each is not None:
                each.close()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        # With a proxy there is something in front of these names.
        connected = event.endswith("connect_tcp.complete")
        if connected or event.endswith("start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                broken = self.broken
                if connected and self._socket is not None:
                    before, self._twin = self._twin, self._socket.dup()
                    if before is not None:
                        before.close()
            if broken is not None:
                self.abort(broken)

    def _drop_twin(self) -> None:
        with self._lock:
            twin, self._twin = self._twin, None
        if twin is not None:
            twin.close()
