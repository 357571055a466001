"""The emulator as a context manager in a thread, and in the foreground."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from uvicorn.config import Config
from uvicorn.server import ServerState

from voxframe.emulator._auth import credentials, write_credentials
from voxframe.emulator._behaviour import Behaviour, Dirt, Throttle
from voxframe.emulator._corruption import dirt_of
from voxframe.emulator._faults import Fault
from voxframe.emulator._files import Files
from voxframe.emulator._filters import Filters
from voxframe.emulator._generate import NEVER
from voxframe.emulator._query import Query
from voxframe.emulator._request_log import Books, Counters, Request
from voxframe.emulator._service import Service
from voxframe.emulator._time import Moment
from voxframe.emulator._tls import server_context, write_certificate
from voxframe.emulator._wire import OpenProtocol
from voxframe.emulator._world import World

_KEEP_ALIVE: Final = 75
_START_TIMEOUT: Final = 30.0
_STOP_TIMEOUT: Final = 10.0
_TURNS: Final = 8
_CACHE_BYTES: Final = 256 * 2**20


async def _listen(
    service: Service,
    host: str,
    port: int,
    ready: Callable[[int], None],
    stop: asyncio.Event,
    *,
    tls: ssl.SSLContext | None,
) -> None:
    """Serve until told to stop, then cut every connection at once.

    Uvicorn's own ``Server`` waits politely for its clients, which a client that is
    being dripped on would use for hours; so only its protocol is used.
    """
    config = Config(
        service.app(), log_config=None, log_level="critical", access_log=False,
        proxy_headers=False, lifespan="off", ws="none", timeout_keep_alive=_KEEP_ALIVE,
    )  # fmt: skip
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.Protocol:
        return OpenProtocol(config, state, {}, loop)

    server = await loop.create_server(protocol, host, port, backlog=2048, ssl=tls)
    try:
        ready(server.sockets[0].getsockname()[1])
        await stop.wait()
    finally:
        # Nothing new first: what was just accepted cannot be closed once the server is.
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        await _turns()
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=1.0)
        await server.wait_closed()
        await _turns()


async def _turns() -> None:
    """Let the loop finish what it has begun: a connection is known some turns after its accept."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class Emulator:
    """GetCallHistory of an emulated account on a real socket of this machine.

    Use it as a context manager; it serves from a thread of its own.

    Parameters
    ----------
    world : World
        The account.
    behaviour : Behaviour
        The reading of what is not documented.
    faults : sequence of Fault
        What goes wrong. The first one that befalls a request counts.
    throttle : Throttle
        Limits on traffic.
    latency : float
        Seconds before every answer.
    cache : bool or int
        Keep rendered sessions, up to this many bytes (True: 256 MiB), so that a
        session is rendered only once.
    keep_requests : int
        How many of the last requests `requests` remembers.
    clock : callable
        Monotonic seconds, for the throttle, ``Fault.during`` and the books.
    tls : bool
        Serve https, with a certificate that was made for this process and that
        `write_certificate` gives to whom it may concern (``SSL_CERT_FILE``,
        ``REQUESTS_CA_BUNDLE``). The vendor's own client speaks nothing else.
    now : moment, optional
        Sets the world's clock, as ``World(now=…)``.
    files : Files, optional
        Serve recordings, transcriptions and logs, and let the links in the answers
        point at them. By default links lead nowhere, as in ``World.expected``.

    Attributes
    ----------
    world : World
        As given.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, World
    >>> with Emulator(World(sessions=500)) as emulator:
    ...     history = voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    ...     sent = emulator.counters.requests
    >>> len(history), sent == history.receipt.requests
    (500, True)
    """

    def __init__(
        self,
        world: World,
        *,
        behaviour: Behaviour | None = None,
        faults: Sequence[Fault] = (),
        throttle: Throttle | None = None,
        latency: float = 0.0,
        cache: bool | int = False,
        keep_requests: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        tls: bool = False,
        now: Moment | None = None,
        files: Files | None = None,
    ) -> None:
        if now is not None:
            world.set_clock(now)
        self.world: Final = world
        self._behaviour = behaviour or Behaviour()
        if self._behaviour.huge_session:
            world.huge_session = self._behaviour.huge_session
        self._service = Service(
            world, self._behaviour, faults, throttle or Throttle(),
            latency=latency, cache_bytes=_CACHE_BYTES if cache is True else int(cache),
            keep=keep_requests, clock=clock, files=files,
        )  # fmt: skip
        self._tls = server_context() if tls else None
        self._port = 0
        self._failure: BaseException | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="voxframe-emulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT):
            raise TimeoutError("the emulator did not start")
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_STOP_TIMEOUT)
            self._thread = None

    def _run(self) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await _listen(self._service, "127.0.0.1", 0, self._listening, self._stop, tls=self._tls)

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised again by __enter__
            self._failure = error
            self._ready.set()

    def _listening(self, port: int) -> None:
        self._port = port
        self._ready.set()

    def advance(self, by: float | timedelta) -> None:
        """Move the world's clock on, by seconds or a timedelta; safe from any thread."""
        self.world.advance(by)

    @property
    def base_url(self) -> str:
        """Where it listens, to be used instead of ``https://api.voximplant.com``."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}"

    @property
    def credentials(self) -> dict[str, Any]:
        """A service account as in ``credentials.json``, its key thrown away with the process."""
        return credentials()

    def write_credentials(self, path: Path | str) -> Path:
        """Write `credentials` to a file that only its owner can read."""
        return write_credentials(path)

    def write_certificate(self, path: Path | str) -> Path:
        """Write the certificate that `tls` shows, as PEM."""
        return write_certificate(path)

    @property
    def counters(self) -> Counters:
        """A snapshot of the sums over all requests."""
        return self._service.books.counters

    @property
    def requests(self) -> list[Request]:
        """The last requests, in the order in which they ended."""
        return self._service.books.requests

    @property
    def file_requests(self) -> list[Request]:
        """The last requests for files, with ``path``, ``range``, ``token`` (yes, no) as params."""
        return self._service.files.books.requests if self._service.files else []

    @property
    def file_counters(self) -> Counters:
        """A snapshot of the sums over all requests for files."""
        return self._service.files.books.counters if self._service.files else Books(0).counters

    def dirt_of(self, session_id: int) -> Dirt | None:
        """Return what is odd about a session in the answers (``Behaviour.dirty``)."""
        return dirt_of(session_id, self.world.seed, self._behaviour)

    def warm(
        self,
        *,
        with_calls: bool = True,
        with_records: bool = True,
        with_other_resources: bool = True,
    ) -> None:
        """Render every session into the cache, so that serving costs next to nothing."""
        query = Query(
            0, 0, Filters(), with_calls, with_records, with_other_resources,
            with_total_count=False, desc_order=False, count=1, offset=0,
            timezone=self._behaviour.timezone,
        )  # fmt: skip
        with self.world.lock:
            there = np.flatnonzero(self.world.columns.died == NEVER)
            self._service.answerer.render(there, query, self.base_url)


def serve(
    world: World,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    behaviour: Behaviour | None = None,
    faults: Sequence[Fault] = (),
    throttle: Throttle | None = None,
    latency: float = 0.0,
    cache: bool | int = False,
    credentials_path: Path | str | None = None,
    certificate_path: Path | str | None = None,
    files: Files | None = Files(),  # noqa: B008 - a frozen value
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a world in the foreground until interrupted.

    Parameters
    ----------
    world, behaviour, faults, throttle, latency, cache
        As for `Emulator`.
    host, port : str, int
        Where to listen; port 0 lets the system choose.
    credentials_path : path, optional
        Where to write a key file that this server accepts. It may replace the key of
        another emulator, and nothing else.
    files : Files, optional
        As for `Emulator`, but here links work unless this is None.
    certificate_path : path, optional
        Serve https, and write the certificate to trust there. It is made for
        127.0.0.1 and localhost.
    announce : callable
        Called with the base URL once requests are accepted.

    Examples
    --------
    It is stopped here as soon as it is ready, and otherwise by Ctrl-C:

    >>> from voxframe.emulator import World, serve
    >>> def ready(address):
    ...     print("ready")
    ...     raise KeyboardInterrupt
    >>> serve(World(sessions=50), port=0, announce=ready)
    ready
    """
    emulator = Emulator(
        world, behaviour=behaviour, faults=faults, throttle=throttle, latency=latency, cache=cache,
        files=files,
    )  # fmt: skip
    tls = None if certificate_path is None else server_context()
    if certificate_path is not None:
        write_certificate(certificate_path)
    scheme = "http" if tls is None else "https"

    async def main() -> None:
        def ready(bound: int) -> None:
            # Only now: where the port is taken, the key of who serves there has to stay.
            if credentials_path is not None:
                write_credentials(credentials_path)
            announce(f"{scheme}://{host}:{bound}")

        await _listen(emulator._service, host, port, ready, asyncio.Event(), tls=tls)  # noqa: SLF001

    # Ctrl-C is how this ends.
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        return
