"""An S3-compatible server of another project, on this machine, as a program of its own."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

BUCKET = "history"
SECRET = "verysecretkey"


@contextlib.contextmanager
def object_store() -> Iterator[dict[str, str]]:
    """Serve an empty bucket; yields what deltalake needs to reach it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    serving = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                httpx.put(f"{url}/{BUCKET}").raise_for_status()
                break
            assert serving.poll() is None, "moto did not start"
            time.sleep(0.1)
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "aws_conditional_put": "etag",
        }
    finally:
        serving.terminate()
        serving.wait(10)
