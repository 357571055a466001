"""The floor, and voxframe."""
# ruff: noqa: PLC0415 - each imports only what it needs, before the clock starts

import json
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from benchmarks.contest import CHILDREN, FIRST, LAST, PAGE, PATH, WORKERS, Form, Got, race


def _replayed(given: SimpleNamespace, worker: Callable[[Iterator[Form]], None]) -> Got:
    waiting: queue.SimpleQueue[Form] = queue.SimpleQueue()
    for form in json.loads(Path(given.replay).read_text()):
        waiting.put(form)

    def forms() -> Iterator[Form]:
        with suppress(queue.Empty):
            while True:
                yield waiting.get_nowait()

    threads = [threading.Thread(target=worker, args=(forms(),)) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {}


@race("the server alone")
def server_alone(given: SimpleNamespace) -> Callable[[], Got]:
    """The pages that voxframe asked for, from bare sockets: what the server can give."""

    def work(forms: Iterator[Form]) -> None:
        space = memoryview(bytearray(1 << 22))
        with socket.create_connection(given.address) as peer:
            for form in forms:
                body = urlencode(form).encode()
                more = "Accept-Encoding: gzip\r\n" if given.gzip else ""
                head = f"POST {PATH} HTTP/1.1\r\n{more}Content-Length: {len(body)}\r\n\r\n"
                peer.sendall(head.encode() + body)
                size = peer.recv_into(space)
                head, _, _ = bytes(space[: min(size, 4096)]).partition(b"\r\n\r\n")
                whole = len(head) + 4 + int(head.rpartition(b" ")[2])
                while size < whole:
                    size += peer.recv_into(space)

    return lambda: _replayed(given, work)


@race("floor")
def floor(given: SimpleNamespace) -> Callable[[], Got]:
    """The pages that voxframe asked for, by the client that it uses, thrown away."""
    import httpx

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # of no use here, and slow to make by default
    headers = {"Accept-Encoding": "gzip", "Authorization": "Bearer x"}

    def work(forms: Iterator[Form]) -> None:
        with httpx.Client(trust_env=False, verify=tls, headers=headers) as client:
            for form in forms:
                with client.stream("POST", given.url + PATH, data=form, timeout=60) as answer:
                    for _ in answer.iter_bytes():
                        pass

    return lambda: _replayed(given, work)


# voxframe ----------------------------------------------------------------------------


def _voxframe(given: SimpleNamespace, then: Callable[[Any], Any]) -> Callable[[], Got]:
    import pyarrow.compute as pc

    import voxframe

    def go() -> Got:
        history = voxframe.read_call_history(
            FIRST, LAST, credentials=given.credentials, base_url=given.url
        )
        then(history)
        given.stop()
        tables = history.tables
        got: Got = {name: len(table) for name, table in tables.items()}
        costs = (pc.sum(tables[name]["cost"]).as_py() or 0 for name in CHILDREN.values())
        return got | {"cost": float(sum(costs))}

    return go


@race("voxframe, Arrow")
def to_arrow(given: SimpleNamespace) -> Callable[[], Got]:
    return _voxframe(given, lambda _: None)


@race("voxframe, Arrow, once more")
def to_arrow_again(given: SimpleNamespace) -> Callable[[], Got]:
    """The same in a process that has read before: all is imported, its memory was touched."""
    go = to_arrow(given)
    warm = SimpleNamespace(**vars(given) | {"stop": lambda: None})
    _voxframe(warm, lambda _: None)()
    given.forget()
    return go


@race("voxframe, pandas")
def to_pandas(given: SimpleNamespace) -> Callable[[], Got]:
    return _voxframe(given, lambda history: history.to_pandas())


@race("voxframe, pandas (pyarrow)")
def to_pandas_pyarrow(given: SimpleNamespace) -> Callable[[], Got]:
    return _voxframe(given, lambda history: history.to_pandas("pyarrow"))


@race("voxframe, Parquet")
def to_parquet(given: SimpleNamespace) -> Callable[[], Got]:
    return _voxframe(given, lambda history: history.to_parquet(Path(given.folder) / "out"))


@race("voxframe, export")
def export(given: SimpleNamespace) -> Callable[[], Got]:
    import voxframe

    def go() -> Got:
        receipt = voxframe.export_call_history(
            Path(given.folder) / "out", FIRST, LAST,
            credentials=given.credentials, base_url=given.url,
        )  # fmt: skip
        names = ("sessions", *CHILDREN.values())
        return {name: getattr(receipt, name) for name in names}

    return go


# A dataset that stays true -----------------------------------------------------------

_NEW = timedelta(days=3)
"""How much of the month is not settled when it is synced again."""


def _synced(given: SimpleNamespace, format_: str) -> Callable[[], Any]:
    if format_ == "delta":
        import deltalake  # noqa: F401
    import voxframe

    lookback = datetime.now(UTC) - LAST + _NEW

    def sync() -> None:
        voxframe.sync_call_history(
            Path(given.folder) / "out", FIRST, LAST, format=format_, lookback=lookback,
            credentials=given.credentials, base_url=given.url,
        )  # fmt: skip

    return sync


def _held(given: SimpleNamespace) -> Got:
    import voxframe

    given.stop()
    dataset = voxframe.open_dataset(Path(given.folder) / "out")
    names = ("sessions", *CHILDREN.values())
    return {name: dataset.arrow(name).count_rows() for name in names}


@race("voxframe, sync")
def sync(given: SimpleNamespace) -> Callable[[], Got]:
    """A folder of Parquet that is made to hold the month."""
    go = _synced(given, "parquet")
    return lambda: (go(), _held(given))[1]


@race("voxframe, sync to Delta")
def sync_delta(given: SimpleNamespace) -> Callable[[], Got]:
    go = _synced(given, "delta")
    return lambda: (go(), _held(given))[1]


@race("voxframe, sync again")
def sync_again(given: SimpleNamespace) -> Callable[[], Got]:
    """The same when all is there and nothing is new; three days are not settled."""
    go = sync(given)
    _synced(given, "parquet")()
    given.forget()
    return go


@race("voxframe, audit")
def audit(given: SimpleNamespace) -> Callable[[], Got]:
    """The service's counts of a month that is there, against what is there."""
    import voxframe

    _synced(given, "parquet")()
    given.forget()

    def go() -> Got:
        wrong = voxframe.audit_call_history(
            Path(given.folder) / "out", credentials=given.credentials, base_url=given.url
        )
        if len(wrong):
            raise SystemExit(f"the audit finds days that are not right: {wrong}")
        return _held(given)

    return go


@race("voxframe, one page")
def one_page(given: SimpleNamespace) -> Callable[[], Got]:
    """Client, key, connection and all; as many sessions as fit."""
    import voxframe

    def go() -> Got:
        with voxframe.Client(given.credentials, base_url=given.url) as client:
            client.get_call_history(
                from_date=FIRST, to_date=LAST, count=PAGE, with_calls=True, with_records=True
            )
        return {}

    return go
