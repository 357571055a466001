"""Sending: whole answers by ASGI, broken ones past it."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Headers = dict[str, str]

_BLOCK: Final = 2**24
_TRANSPORT: Final = "voxframe.transport"


class OpenProtocol(H11Protocol):
    """Uvicorn's protocol, except that an application can reach the transport.

    HTTP that is wrong on purpose cannot go through a correct implementation of it.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {_TRANSPORT: transport}
            await app(scope, receive, send)

        self.app = with_transport


def transport_of(scope: Scope) -> asyncio.Transport:
    """Return the connection that a request came by."""
    transport: asyncio.Transport = scope["extensions"][_TRANSPORT]
    return transport


async def gone(receive: Receive) -> None:
    """Wait until the client has gone; the request's body has to be read before."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def pause(receive: Receive, seconds: float) -> None:
    """Wait, but not for a client that has gone."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    try:
        async with asyncio.timeout(seconds):
            await gone(receive)
    except TimeoutError:
        pass


async def begin(send: Send, status: int, headers: Headers) -> None:
    """Send status and headers."""
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})


async def send_whole(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a correct answer."""
    await begin(send, status, headers | {"content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def send_half(
    scope: Scope, receive: Receive, headers: Headers, body: bytes, *, reset: bool,
    status: int = 200,
) -> None:  # fmt: skip
    """Promise a body, send half of it, and close the connection or reset it."""
    transport = transport_of(scope)
    head = {"content-length": str(len(body))} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    transport.write(
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode()
        + body[: len(body) // 2]
    )
    if reset:
        # Linger of zero seconds turns close() into RST.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        await asyncio.sleep(0.01)
        transport.abort()
    else:
        transport.close()
    await gone(receive)


async def send_drip(
    receive: Receive, send: Send, scope: Scope, headers: Headers, body: bytes, *, seconds: float,
    status: int = 200,
) -> None:  # fmt: skip
    """Send a correct answer, one byte at a time."""
    await begin(send, status, headers | {"content-length": str(len(body))})
    for i in range(len(body)):
        await send({"type": "http.response.body", "body": body[i : i + 1], "more_body": True})
        await pause(receive, seconds)
        if transport_of(scope).is_closing():
            return
    await send({"type": "http.response.body", "body": b""})


def _gzip_blocks(size: int) -> Iterator[bytes]:
    # After a full flush deflate starts afresh, so that one block can be sent again and again.
    press = zlib.compressobj(9, wbits=31)
    block = b" " * _BLOCK
    yield press.compress(block) + press.flush(zlib.Z_FULL_FLUSH)
    again = press.compress(block) + press.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size // _BLOCK - 1):
        yield again


def _plain_blocks(size: int) -> Iterator[bytes]:
    block = b" " * (_BLOCK // 16)
    for _ in range(size // len(block)):
        yield block


async def send_endless(
    send: Send, scope: Scope, headers: Headers, size: int, *, gzip: bool
) -> None:
    """Send blanks by the gigabyte, compressed or not."""
    await begin(send, 200, headers | ({"content-encoding": "gzip"} if gzip else {}))
    for block in _gzip_blocks(size) if gzip else _plain_blocks(size):
        await send({"type": "http.response.body", "body": block, "more_body": True})
        await asyncio.sleep(0)
        if transport_of(scope).is_closing():
            return
    await send({"type": "http.response.body", "body": b""})
