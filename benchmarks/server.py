"""GetCallHistory at the speed of the loopback: its own process, pages straight from a file.

Not the emulator: it checks no token, knows no filter and makes no faults. A page
is a stretch of a file that the kernel sends by itself (``sendfile``), so that on a
machine with few cores the server takes none of the clients'.

``POST /mode`` sets latency and compression and empties the log, ``POST /forget`` only
empties it; ``GET /log`` gives what was asked since, and when.
"""

import argparse
import contextlib
import json
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from calendar import timegm
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs

import numpy as np

from benchmarks.world import BLOCK, PLAIN, Stored, deflate, stored, twisted

_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
_PAGE = 1000


class Service:
    """What all connections share."""

    def __init__(self, world: Stored) -> None:
        self.world = world
        self.latency = 0.0
        self.gzip = False
        self.log: list[dict[str, object]] = []
        self.files = {name: (world.folder / name).open("rb") for name in
                      ("rows", "rows.z", "blocks.z")}  # fmt: skip
        self.text = memoryview(mmap.mmap(self.files["rows"].fileno(), 0, access=mmap.ACCESS_READ))

    def control(self, path: str, body: bytes) -> bytes:
        if path == "/mode":
            mode = json.loads(body)
            self.latency, self.gzip = mode["latency"], mode["gzip"]
        if path in ("/mode", "/forget"):
            self.log = []
        return json.dumps(self.log).encode()

    def page(self, asked: Mapping[str, str]) -> tuple[int, int, bytes]:
        """Return which rows an answer has, and what comes after them."""
        first, last = (_second(asked[name]) for name in ("from_date", "to_date"))
        begin, end = (int(np.searchsorted(self.world.starts, at)) for at in (first, last))
        head = min(begin + int(asked.get("offset", 0)), end)
        tail = min(head + min(int(asked.get("count", 20)), _PAGE), end)
        total = {} if asked.get("with_total_count", "").lower() == "false" else {
            "total_count": end - begin
        }  # fmt: skip
        rest = total | {"count": tail - head, "timezone": "Etc/GMT"}
        return head, tail, b"]," + json.dumps(rest, separators=(",", ":")).encode()[1:]

    def send(self, peer: socket.socket, asked: Mapping[str, str], *, gzip: bool) -> int:
        """Send an answer; give the size of its body."""
        head, tail, after = self.page(asked)
        before = b'{"result":['
        edges = self.world.rows
        # The last row goes without its comma.
        begin, end = int(edges[head]), int(edges[tail]) - (tail > head)
        if not gzip:
            size = len(before) + end - begin + len(after)
            peer.sendall(_answer(size) + before, socket.MSG_MORE)
            self._file(peer, "rows", begin, end)
            peer.sendall(after)
            return size
        crc = zlib.crc32(after, zlib.crc32(self.text[begin:end], zlib.crc32(before)))
        # The last row again without its comma, whatever block it would be in.
        spans = self._deflated(head, max(tail - 1, head))
        last = bytes(self.text[int(edges[tail - 1]) : end]) if tail > head else b""
        plain = len(before) + end - begin + len(after)
        before, after = _GZIP_HEAD + deflate(before), deflate(last + after, last=True)
        after += struct.pack("<II", crc, plain & 0xFFFFFFFF)
        size = len(before) + sum(b - a for _, a, b in spans) + len(after)
        peer.sendall(_answer(size, "Content-Encoding: gzip\r\n") + before, socket.MSG_MORE)
        for span in spans:
            self._file(peer, *span)
        peer.sendall(after)
        return size

    def _deflated(self, head: int, tail: int) -> list[tuple[str, int, int]]:
        """Return the pieces that make up these rows: blocks where whole ones fit."""
        low, high = -(-head // BLOCK), tail // BLOCK
        rows, blocks = self.world.rows_z, self.world.blocks_z
        if low >= high:
            return [("rows.z", int(rows[head]), int(rows[tail]))]
        return [
            ("rows.z", int(rows[head]), int(rows[low * BLOCK])),
            ("blocks.z", int(blocks[low]), int(blocks[high])),
            ("rows.z", int(rows[high * BLOCK]), int(rows[tail])),
        ]

    def _file(self, peer: socket.socket, name: str, begin: int, end: int) -> None:
        while begin < end:
            begin += os.sendfile(peer.fileno(), self.files[name].fileno(), begin, end - begin)


def _answer(size: int, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{more}Content-Length: {size}"
    return f"{head}\r\n\r\n".encode()


def _second(face: str) -> int:
    return timegm(time.strptime(face, "%Y-%m-%d %H:%M:%S"))


def _requests(peer: socket.socket) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Read requests from a connection: path, headers, body."""
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            more = peer.recv(1 << 16)
            if not more:
                return
            held += more
        head, _, held = held.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        while len(held) < size:
            held += peer.recv(1 << 16)
        yield first.split(" ")[1], headers, held[:size]
        held = held[size:]


def _converse(service: Service, peer: socket.socket) -> None:
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.closing(peer), contextlib.suppress(ConnectionError):
        for target, headers, body in _requests(peer):
            began = time.monotonic()
            path, _, query = target.partition("?")
            if not path.startswith("/platform_api"):
                answer = service.control(path, body)
                peer.sendall(_answer(len(answer)) + answer)
                continue
            asked = {k: v[-1] for k, v in parse_qs(query or body.decode()).items()}
            time.sleep(service.latency)
            gzip = service.gzip and "gzip" in headers.get("accept-encoding", "")
            size = service.send(peer, asked, gzip=gzip)
            service.log.append(
                {"asked": asked, "began": began, "ended": time.monotonic(), "bytes": size}
            )


def serve(sessions: int, twist: str) -> None:
    service = Service(twisted(stored(sessions, lambda *_, **__: None), twist))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=_converse, args=(service, peer), daemon=True).start()


class Server:
    """The server as a child process; a context manager. With odd rows it has no gzip."""

    def __init__(self, sessions: int, twist: str = PLAIN) -> None:
        self.world = twisted(stored(sessions), twist)
        command = [sys.executable, "-m", "benchmarks.server", str(sessions), twist]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def mode(self, *, latency: float = 0.0, gzip: bool = False) -> None:
        """Set how to answer, and empty the log."""
        self._call("/mode", json.dumps({"latency": latency, "gzip": gzip}).encode())

    def log(self) -> list[dict]:
        return json.loads(self._call("/log", b"{}"))

    def cpu(self) -> float:
        """Seconds of processor time that the server has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _call(self, path: str, body: bytes) -> bytes:
        with urllib.request.urlopen(self.url + path, body) as answer:
            return answer.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sessions", type=int)
    parser.add_argument("twist")
    with contextlib.suppress(KeyboardInterrupt):
        serve(**vars(parser.parse_args()))
