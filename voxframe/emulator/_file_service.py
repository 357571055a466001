"""Serving the files: who may have them, which part, and what goes wrong."""

import re
import zlib
from collections.abc import Callable
from email.utils import formatdate
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from voxframe.emulator import _wire
from voxframe.emulator._auth import verify
from voxframe.emulator._faults import SPOILS, STREAMS, Fault, chosen, code_of, fixed, retry_after
from voxframe.emulator._files import TYPES, Files, content
from voxframe.emulator._query import RefusedError
from voxframe.emulator._request_log import Books, Request
from voxframe.emulator._world import World

_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)|bytes=-(\d+)", re.ASCII)
_ROOTS: Final = ("", "/storage")
_PATH: Final = re.compile(rf"({'|'.join(_ROOTS)})/({'|'.join(TYPES)})/(.*)", re.DOTALL)
_NAME: Final = re.compile(r"([0-9a-f]{1,12})/([0-9a-f]{16})(?:\.[a-z]+)?", re.ASCII)


def part_of(header: str, size: int) -> tuple[int, int] | None:
    """Return first byte and the one after the last of a ``Range``, None if there is none.

    Raises
    ------
    ValueError
        If the file has no such part.
    """
    found = _RANGE.fullmatch(header)
    if found is None:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        begin, end = max(size - int(tail), 0), size
    else:
        begin, end = int(first), min(int(last) + 1, size) if last else size
    if begin >= end:
        raise ValueError(header)
    return begin, end


class FileService:
    """The ASGI endpoint of recordings, transcriptions and logs."""

    def __init__(
        self, world: World, files: Files, keep: int, clock: Callable[[], float],
        true_time: Callable[[], float],
    ) -> None:  # fmt: skip
        self.books = Books(keep)
        self._world, self._files = world, files
        self._clock, self._true_time = clock, true_time
        self._began = clock()

    def routes(self) -> list[Route]:
        """Return where files are found, and where they lie after a redirect inside."""
        return [
            Route(f"{root}/{kind}/{{name:path}}", self, methods=["GET"], name=kind)
            for root in _ROOTS
            for kind in TYPES
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request for a file."""
        number, _ = self.books.arrive()
        started, world = self._clock(), self._world
        fault = chosen(self._files.faults, number, started - self._began, world.time)
        http = HttpRequest(scope, receive)
        params = {
            "path": http.url.path,
            "range": http.headers.get("range", ""),
            "token": "yes" if "authorization" in http.headers else "no",
        }
        status, size = 0, 0
        moment = world.now
        try:
            await http.body()
            response = self._answer(http, fault)
            status, size = response.status_code, len(response.body)
            self._leave(number, moment, started, http, params, status, size, fault)
            number = 0
            await self._send(scope, receive, send, response, fault)
        except ClientDisconnect:
            pass
        finally:
            if number:
                self._leave(number, moment, started, http, params, status, size, fault)

    def _leave(  # noqa: PLR0917 - a line of the books has that many columns
        self, number: int, moment: int, started: float, http: HttpRequest,
        params: dict[str, str], status: int, size: int, fault: Fault | None,
    ) -> None:  # fmt: skip
        kind = fault.kind if fault else None
        request = Request(
            number, moment, started, self._clock(), http.method, "nothing", params, status,
            None, 0, kind, self._world.time,
        )  # fmt: skip
        self.books.leave(request, size, asked_total=False)

    def _answer(self, http: HttpRequest, fault: Fault | None) -> Response:
        headers = {"date": formatdate(self._true_time(), usegmt=True)}
        if fault is not None and fault.kind not in SPOILS | STREAMS:
            headers |= retry_after(fault.retry_after, self._true_time())
            if fault.kind == "redirect":
                headers["location"] = fault.location
            if (code := code_of(fault.kind)) is not None:
                text = f'{{"error":{{"code":{code},"msg":"{fault.msg or ""}"}}}}'
                return Response(text, 200, headers, "application/json")
            status, kind, body = fixed(fault)
            return Response(body, status, headers, kind)
        if refused := self._refusal(http):
            return Response(f'{{"error":"{refused[1]}"}}', refused[0], headers, "application/json")
        root, kind, name = _PATH.fullmatch(http.url.path).groups()  # type: ignore[union-attr]
        if self._files.redirect is not None and not root:
            base = "/storage" if self._files.redirect == "inside" else self._files.redirect
            headers["location"] = f"{base}{http.url.path}"
            return Response(b"", 302, headers)
        found = _NAME.fullmatch(name)
        session, secret = (int(found[1], 16), int(found[2], 16)) if found else (0, 0)
        file = content(self._world, self._files, kind, session, secret)
        if file is None:
            return Response('{"error":"Not found"}', 404, headers, "application/json")
        return self._part(file, http.headers.get("range", ""), headers, TYPES[kind])

    def _refusal(self, http: HttpRequest) -> tuple[int, str] | None:
        if self._files.secure:
            try:
                verify(http.headers.get("authorization", ""), self._true_time())
            except RefusedError:
                return 401, "Unauthorized"
        expires, now = http.query_params.get("expires", ""), self._world.time
        if expires.isdigit() and now is not None and now >= int(expires):
            return 403, "Link has expired"
        return None

    def _part(self, body: bytes, asked: str, headers: dict[str, str], kind: str) -> Response:
        headers = headers | ({"accept-ranges": "bytes"} if self._files.ranges else {})
        try:
            part = part_of(asked, len(body)) if self._files.ranges else None
        except ValueError:
            headers["content-range"] = f"bytes */{len(body)}"
            return Response(b"", 416, headers)
        if part is None:
            return Response(body, 200, headers, kind)
        headers["content-range"] = f"bytes {part[0]}-{part[1] - 1}/{len(body)}"
        return Response(body[part[0] : part[1]], 206, headers, kind)

    async def _send(
        self, scope: Scope, receive: Receive, send: Send, response: Response, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault is not None else ""
        headers = {name: value for name, value in response.headers.items()
                   if name != "content-length"}  # fmt: skip
        body, status = bytes(response.body), response.status_code
        match kind:
            case "hang":
                await _wire.gone(receive)
            case "bomb" | "gigabytes" if fault is not None:
                gzip = kind == "bomb"
                await _wire.send_endless(send, scope, headers, fault.size, gzip=gzip)
            case "reset" | "short_length":
                await _wire.send_half(
                    scope, receive, headers, body, reset=kind == "reset", status=status
                )
            case "drip" if fault is not None:
                await _wire.send_drip(
                    receive, send, scope, headers, body, seconds=fault.seconds, status=status
                )
            case _:
                if kind == "slow" and fault is not None:
                    await _wire.pause(receive, fault.seconds)
                body, more = _spoiled(body, kind)
                await _wire.send_whole(send, status, headers | more, body)


def _spoiled(body: bytes, kind: str) -> tuple[bytes, dict[str, str]]:
    """Return a body that is whole to HTTP and wrong all the same, and its header."""
    match kind:
        case "cut_json":
            return body[: len(body) // 2], {}
        case "hole":
            return body[: len(body) // 3] + body[-(len(body) // 3) :], {}
        case "cut_gzip":
            packed = zlib.compress(body, 1, wbits=31)
            return packed[: len(packed) // 2], {"content-encoding": "gzip"}
        case _:
            return body, {}
