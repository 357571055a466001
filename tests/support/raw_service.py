"""A GetCallHistory of a list of sessions over plain HTTP, apart from the emulator."""

import contextlib
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

from voxframe._client import Client
from voxframe.emulator import Emulator, World

Form = Mapping[str, str]


@dataclass
class RawService:
    """What it has, and what it was asked."""

    rows: list[dict[str, Any]]
    envelope: dict[str, Any] = field(default_factory=dict)
    refuse: Callable[[Form, list[dict[str, Any]]], tuple[int, str] | None] = lambda *_: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, form: dict[str, str]) -> dict[str, Any]:
        self.asked.append(form)
        found = [r for r in self.rows if form["from_date"] <= r["start_date"] <= form["to_date"]]
        if refused := self.refuse(form, found):
            return {"error": {"code": refused[0], "msg": refused[1]}}
        if "call_session_history_id" in form:
            ids = {int(each) for each in form["call_session_history_id"].split(";")}
            found = [row for row in found if row["call_session_history_id"] in ids]
        found.sort(key=lambda row: (row["start_date"], row["call_session_history_id"]))
        offset, count = int(form.get("offset", 0)), int(form.get("count", 20))
        page = found[offset : offset + count]
        total = {"total_count": len(found)} if form.get("with_total_count") == "true" else {}
        return {"result": page, "count": len(page), "timezone": "UTC", **total, **self.envelope}


@contextlib.contextmanager
def raw_address(accounts: Mapping[int, RawService]) -> Iterator[str]:
    """Serve what each account has to whom it signs for, and yield where."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(urllib.parse.parse_qsl(body))
            token = self.headers["Authorization"].removeprefix("Bearer ")
            account = int(jwt.decode(token, options={"verify_signature": False})["iss"])
            out = json.dumps(accounts[account].answer(form)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@contextlib.contextmanager
def raw_client(service: RawService, **options: Any) -> Iterator[Client]:
    """Serve it, and yield a client of it."""
    # Its key is only needed to sign with.
    with Emulator(World(sessions=0)) as signer:
        key = signer.credentials
    accounts = {key["account_id"]: service}
    with raw_address(accounts) as address, Client(key, base_url=address, **options) as client:
        yield client


def session(number: int, start: str = "2026-10-05 10:00:00", **more: Any) -> dict[str, Any]:
    return {
        "call_session_history_id": number,
        "account_id": 1,
        "application_id": 1,
        "start_date": start,
        "duration": 5,
        **more,
    }
