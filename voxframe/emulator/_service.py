"""One request from its arrival to its end in the books."""

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from voxframe.emulator import _wire
from voxframe.emulator._answer import Answer, Answerer
from voxframe.emulator._auth import verify
from voxframe.emulator._behaviour import Behaviour, Throttle
from voxframe.emulator._changes import change
from voxframe.emulator._corruption import dump
from voxframe.emulator._faults import (
    MESSAGES,
    SPOILS,
    STREAMS,
    Fault,
    chosen,
    code_of,
    fixed,
    retry_after,
)
from voxframe.emulator._file_service import FileService
from voxframe.emulator._files import Files
from voxframe.emulator._query import RefusedError, parameters, read_query
from voxframe.emulator._request_log import Books, Request, SentBy
from voxframe.emulator._throttle import Gate
from voxframe.emulator._world import World

ROOT: Final = "/platform_api"
COMMAND: Final = "GetCallHistory"
_FORM: Final = "application/x-www-form-urlencoded"
_SENT_BY: Final[Mapping[tuple[bool, bool], SentBy]] = {
    (False, False): "nothing",
    (False, True): "body",
    (True, False): "query",
    (True, True): "both",
}


@dataclass(slots=True)
class _Visit:
    """One request while it is being handled, and what becomes of it."""

    number: int
    in_flight: int
    started: float
    scope: Scope
    receive: Receive
    send: Send
    fault: Fault | None
    http: HttpRequest = field(init=False)
    sent_by: SentBy = "nothing"
    params: dict[str, str] = field(default_factory=dict)
    status: int = 0
    code: int | None = None
    rows: int = 0
    size: int = 0
    moment: int = 0
    time: int | None = None
    closed: bool = False

    def __post_init__(self) -> None:
        self.http = HttpRequest(self.scope, self.receive)


class Service:
    """The ASGI endpoint of GetCallHistory."""

    def __init__(
        self,
        world: World,
        behaviour: Behaviour,
        faults: Sequence[Fault],
        throttle: Throttle,
        *,
        latency: float,
        cache_bytes: int,
        keep: int,
        clock: Callable[[], float],
        files: Files | None,
    ) -> None:
        self.books = Books(keep)
        self.answerer = Answerer(world, behaviour, cache_bytes, files)
        self.files = files and FileService(world, files, keep, clock, self._true_time)
        self._world = world
        self._behaviour = behaviour
        self._faults = tuple(faults)
        self._throttle = throttle
        self._gate = Gate(throttle, clock)
        self._latency = latency
        self._clock = clock
        self._began = clock()

    def app(self) -> Starlette:
        """Return the application: every command goes the same way."""
        paths = (ROOT, f"{ROOT}/{{command:path}}")
        routes = [Route(path, self, methods=["POST"]) for path in paths]
        return Starlette(routes=routes + (self.files.routes() if self.files else []))

    def _true_time(self) -> float:
        return time.time() + self._behaviour.clock_skew

    def _wall_clock(self) -> float:
        """Return the service's time: where the world's clock stands, if it has one."""
        world, moved = self._world.time, self._behaviour.date == "moved"
        true = time.time() if world is None or not moved else world
        return true + self._behaviour.clock_skew

    def _authorize(self, visit: _Visit) -> None:
        """Check the token; a clock that was moved by hand makes none too old or too new."""
        token = visit.http.headers.get("authorization", "")
        verify(token, self._true_time(), self._behaviour.token_lifetime)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        number, in_flight = self.books.arrive()
        now = self._clock()
        fault = chosen(self._faults, number, now - self._began, self._world.time)
        visit = _Visit(number, in_flight, now, scope, receive, send, fault)
        visit.moment, visit.time = self._world.now, self._world.time
        try:
            await self._handle(visit)
        except ClientDisconnect:
            visit.status = 0
        finally:
            self._close(visit)

    def _close(self, visit: _Visit) -> None:
        """Enter a request in the books and let the world change, once.

        This comes before the last byte of an answer, so that a client that has it
        finds its request counted, and its place free.
        """
        if visit.closed:
            return
        visit.closed = True
        request = Request(
            visit.number, visit.moment, visit.started, self._clock(), visit.http.method,
            visit.sent_by, visit.params, visit.status, visit.code, visit.rows,
            visit.fault.kind if visit.fault else None, visit.time,
        )  # fmt: skip
        # Asking for the total is the default: only an explicit no saves it.
        asked = visit.params.get("with_total_count", "true") in ("true", "1")
        self.books.leave(request, visit.size, asked_total=asked)
        if not self._behaviour.changes.between:
            change(self._world, self._behaviour.changes, visit.number)

    async def _handle(self, visit: _Visit) -> None:
        body = await visit.http.body()
        query_string = visit.http.url.query
        visit.sent_by = _SENT_BY[bool(query_string), bool(body)]
        fault = visit.fault
        if fault is not None and fault.kind in STREAMS:
            await self._stream(visit, fault)
            return
        slow = fault.seconds if fault is not None and fault.kind == "slow" else 0.0
        await _wire.pause(visit.receive, self._latency + slow)
        try:
            visit.params = parameters(query_string, self._form(visit, body))
            await self._reply(visit)
        except RefusedError as refused:
            await self._refuse(visit, refused)

    @staticmethod
    def _arguments(visit: _Visit) -> dict[str, str]:
        """Return the parameters, once it is sure that they are this command's.

        The command is in the address, or at the root a parameter, as the vendor's
        Python client sends it.
        """
        params = dict(visit.params)
        command = visit.scope.get("path_params", {}).get("command") or params.pop("cmd", "")
        if command != COMMAND:
            raise RefusedError(103, MESSAGES[103])
        return params

    def _form(self, visit: _Visit, body: bytes) -> str:
        kind = visit.http.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
        if body and kind != _FORM:
            raise RefusedError(101, f"Invalid argument: body: not {_FORM}.")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise RefusedError(101, "Invalid argument: body: not UTF-8.") from None

    def _headers(self, **more: str) -> dict[str, str]:
        return {
            "date": formatdate(self._wall_clock(), usegmt=True),
            "content-type": "application/json",
        } | more

    async def _refuse(self, visit: _Visit, refused: RefusedError) -> None:
        visit.status, visit.code = 200, refused.code
        headers = self._headers()
        if visit.fault is not None:
            headers |= retry_after(visit.fault.retry_after, self._wall_clock())
        body = dump({"error": {"code": refused.code, "msg": refused.msg}})
        self._close(visit)
        await _wire.send_whole(visit.send, 200, headers, body)

    async def _fixed(self, visit: _Visit, fault: Fault) -> None:
        visit.status, kind, body = fixed(fault)
        headers = self._headers() | {"content-type": kind}
        headers |= retry_after(fault.retry_after, self._wall_clock())
        if fault.kind == "redirect":
            headers["location"] = fault.location
        self._close(visit)
        await _wire.send_whole(visit.send, visit.status, headers, body)

    async def _stream(self, visit: _Visit, fault: Fault) -> None:
        if fault.kind == "hang":
            await _wire.gone(visit.receive)
            return
        visit.status = 200
        gzip = fault.kind == "bomb"
        await _wire.send_endless(visit.send, visit.scope, self._headers(), fault.size, gzip=gzip)

    async def _reply(self, visit: _Visit) -> None:
        fault = visit.fault
        if fault is not None and fault.kind not in SPOILS:
            if (code := code_of(fault.kind)) is not None:
                raise RefusedError(code, fault.msg or MESSAGES[code])
            await self._fixed(visit, fault)
            return
        if self._gate.crowded(visit.in_flight):
            await self._fixed(visit, Fault("429", retry_after=self._throttle.retry_after))
            return
        if (code := self._gate.refusal(visit.params)) is not None:
            raise RefusedError(code, MESSAGES[code])
        given = self._arguments(visit)
        self._authorize(visit)
        now = self._world.end if self._world.time is None else self._world.time
        query = read_query(given, self._behaviour, now)
        base_url = str(visit.http.base_url).rstrip("/")
        answer = self.answerer.answer(query, visit.number, base_url)
        visit.moment, visit.time = answer.moment, answer.time
        visit.rows, visit.status = answer.rows, 200
        await self._send(visit, answer)

    async def _send(self, visit: _Visit, answer: Answer) -> None:
        kind = visit.fault.kind if visit.fault is not None else ""
        body, headers = answer.body, self._headers()
        visit.size = len(body)
        allowed = "gzip" in visit.http.headers.get("accept-encoding", "")
        wanted = self._behaviour.gzip
        if kind == "cut_json":
            body = body[: len(body) // 2]
        if kind == "hole":
            body = body[: len(body) // 3] + body[-(len(body) // 3) :]
        if kind == "cut_gzip" or wanted in (True, "two") or (wanted == "auto" and allowed):
            headers["content-encoding"] = "gzip"
            half = len(body) // 2 if wanted == "two" else 0
            parts = (body[:half], body[half:]) if half else (body,)
            body = b"".join(zlib.compress(part, 1, wbits=31) for part in parts)
        if kind == "cut_gzip":
            body = body[: len(body) // 2]
        if kind != "drip":
            self._close(visit)
        match kind:
            case "reset" | "short_length":
                await _wire.send_half(
                    visit.scope, visit.receive, headers, body, reset=kind == "reset"
                )
            case "drip":
                seconds: Any = visit.fault.seconds if visit.fault else 0
                await _wire.send_drip(
                    visit.receive, visit.send, visit.scope, headers, body, seconds=seconds
                )
            case _:
                await _wire.send_whole(visit.send, 200, headers, body)
