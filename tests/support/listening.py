"""Somebody who listens and then behaves badly: a proxy, or what is taken for a service."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# The start of a TLS record that never ends: a client that shakes hands waits for the rest.
_RECORD = b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc\x03\x03" + bytes(0xFFA)


@dataclass
class Listener:
    """Where it listens, and what was said to it."""

    port: int
    heard: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def hang(self, _: socket.socket) -> None:
        """Send nothing."""
        self.over.wait(60)

    def drip(self, peer: socket.socket) -> None:
        """Begin a TLS handshake and go on a byte at a time."""
        for at in range(len(_RECORD)):
            peer.sendall(_RECORD[at : at + 1])
            if self.over.wait(0.05):
                return

    def refuse(self, peer: socket.socket) -> None:
        """Ask for a name and a password, as a proxy does."""
        peer.sendall(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n"
            b'Proxy-Authenticate: Basic realm="word"\r\nContent-Length: 0\r\n\r\n'
        )

    def then_drip(self, peer: socket.socket) -> None:
        """Let through, and drip where the service would shake hands."""
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.drip(peer)

    def then_nonsense(self, peer: socket.socket) -> None:
        """Let through to what speaks no TLS, and keep the line open."""
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.recv(65_536)
        peer.sendall(b"220 mail.example ESMTP\r\n")
        self.hang(peer)


@contextlib.contextmanager
def listening(how: Callable[[Listener], Callable[[socket.socket], None]]) -> Iterator[Listener]:
    """Listen on this machine; whoever comes is heard once, and then treated like this."""
    server = socket.create_server(("127.0.0.1", 0))
    listener = Listener(server.getsockname()[1])
    threads: list[threading.Thread] = []

    def treat(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            listener.heard.append(peer.recv(65_536))
            how(listener)(peer)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                thread = threading.Thread(target=treat, args=(server.accept()[0],), daemon=True)
                threads.append(thread)
                thread.start()

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    try:
        yield listener
    finally:
        listener.over.set()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        for thread in (serving, *threads):
            thread.join(10.0)


def wait_until_heard(listener: Listener) -> None:
    """Wait until somebody came."""
    until = time.monotonic() + 60
    while not listener.heard:
        assert time.monotonic() < until
        time.sleep(0.005)
