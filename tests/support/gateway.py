"""A service behind a gateway: one canned answer first, then an empty result, over a socket."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def answering(
    *answers: tuple[int, bytes], headers: Mapping[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Yield an address and the paths asked of it; the last answer repeats."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_given: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


EMPTY = (200, json.dumps({"result": [], "count": 0, "total_count": 0}).encode())
