"""One contestant in its own process: reads the window, says what it took and what it got.

Imports are done before the clock starts. Every contestant but the floor says how
many rows and what cost it has, so that nobody wins by leaving something out.
"""
# ruff: noqa: PLC0415 - each imports only what it needs, before the clock starts

import argparse
import asyncio
import io
import json
import os
import queue
import resource
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

CHILDREN = {"calls": "calls", "records": "records", "other_resource_usage": "resource_usage"}
PATH = "/platform_api/GetCallHistory"
FIRST, LAST = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
WORKERS = 8
PAGE = 1000
REACH = 11_000
"""Sessions that one window can give: offset 10,000 and a page."""

Form = dict[str, str]
Got = dict[str, float]
Race = Callable[[SimpleNamespace], Callable[[], Got]]
RACES: dict[str, Race] = {}


def race(name: str) -> Callable[[Race], Race]:
    def known(function: Race) -> Race:
        RACES[name] = function
        return function

    return known


def windows(sessions: int) -> list[tuple[str, str]]:
    """Stretches with fewer sessions than a window can give, as somebody who knows the account cuts.

    The busiest hour of the emulated month has six times the sessions of an average one.
    """
    hours = 24 if sessions < 31 * REACH // 2 else 24 * 31 * REACH // sessions // 7 or 1
    step = timedelta(hours=hours)
    edges = [FIRST + step * i for i in range(-(-(LAST - FIRST) // step))] + [LAST]
    spelled = [f"{edge:%Y-%m-%d %H:%M:%S}" for edge in edges]
    return list(pairwise(spelled))


def asked(first: str, last: str, offset: int = 0) -> dict[str, str]:
    switches = dict.fromkeys(("with_calls", "with_records", "with_other_resources"), "true")
    return switches | {
        "from_date": first, "to_date": last, "count": str(PAGE), "offset": str(offset),
    }  # fmt: skip


# The floor ---------------------------------------------------------------------------


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


# Peers -------------------------------------------------------------------------------


@race("voximplant-apiclient + json_normalize")
def vendor(given: SimpleNamespace) -> Callable[[], Got]:
    """The vendor's own client, page by page, and the line of pandas that everybody writes."""
    import httpx
    import pandas as pd
    import voximplant.apiclient as vendors
    from voximplant.apiclient import client as module

    # It knows https only. All else is as it ships: a connection and a signature a request.
    module.httpx = SimpleNamespace(
        post=lambda url, **more: httpx.post(url.replace("https://", "http://"), **more)
    )
    api = vendors.VoximplantAPI(given.credentials, endpoint=given.url.removeprefix("http://"))

    def rows() -> Iterator[dict[str, Any]]:
        for first, last in windows(given.sessions):
            offset, total = 0, 1
            while offset < total:
                page = api.get_call_history(
                    datetime.fromisoformat(first), datetime.fromisoformat(last), count=PAGE,
                    offset=offset, with_calls=True, with_records=True, with_other_resources=True,
                )  # fmt: skip
                yield from page["result"]
                offset, total = offset + PAGE, page["total_count"]

    def go() -> Got:
        found = list(rows())
        key = ["call_session_history_id"]
        frames = {"sessions": pd.json_normalize(found).drop(columns=list(CHILDREN))}
        for path, name in CHILDREN.items():
            frames[name] = pd.json_normalize(found, record_path=path, meta=key)
        given.stop()
        cost = sum(frames[name]["cost"].sum() for name in CHILDREN.values())
        return {name: len(frame) for name, frame in frames.items()} | {"cost": float(cost)}

    return go


@race("dlt, Parquet")
def dlt_parquet(given: SimpleNamespace) -> Callable[[], Got]:
    """dlt's declarative REST source: a resource a window, offsets within, children unnested."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
    import dlt
    import pyarrow.dataset as ds
    from dlt.sources.rest_api import rest_api_source

    pager = {
        "type": "offset", "limit": PAGE, "limit_param": "count", "offset_param": "offset",
        "total_path": "total_count",
    }  # fmt: skip

    def resource_of(number: int, first: str, last: str) -> dict[str, Any]:
        plain = {k: v for k, v in asked(first, last).items() if k not in ("count", "offset")}
        return {
            "name": f"window_{number}",
            "table_name": "sessions",
            "write_disposition": "append",
            "parallelized": True,
            "endpoint": {
                "path": PATH, "method": "GET", "params": plain, "paginator": pager,
                "data_selector": "result",
            },
        }  # fmt: skip

    def go() -> Got:
        source = rest_api_source(
            {
                "client": {"base_url": given.url},
                "resources": [resource_of(i, *w) for i, w in enumerate(windows(given.sessions))],
            },
            parallelized=True,
        )
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=f"{given.folder}/pipelines", dataset_name="history",
            destination=dlt.destinations.filesystem(f"file://{given.folder}/out"),
        )  # fmt: skip
        pipeline.run(source, loader_file_format="parquet")
        given.stop()
        got: Got = {"cost": 0.0}
        for path, name in {"": "sessions", **CHILDREN}.items():
            table = f"sessions__{path}" if path else "sessions"
            data = ds.dataset(f"{given.folder}/out/history/{table}", format="parquet")
            got[name] = data.count_rows()
            if path:
                got["cost"] += float(data.to_table(columns=["cost"])["cost"].to_pandas().sum())
        return got

    return go


def _polars(  # noqa: C901, PLR0915 - as one would write it: a script
    given: SimpleNamespace, *, nested: bool
) -> Callable[[], Got]:
    """What a good engineer writes in an afternoon: concurrent, declared types, no checks.

    Either rows are unnested in Python and given to polars, or polars reads the
    whole answer by itself, in a thread, and unnests it in the end.
    """
    import httpx
    import orjson
    import polars as pl

    key, text, number, amount = "call_session_history_id", pl.String, pl.Int64, pl.Float64
    reason = {"code": number, "details": text}
    call = {
        "call_id": number, "transaction_id": number, "start_time": text, "duration": number,
        "local_number": text, "remote_number": text, "diversion_number": text,
        "remote_number_type": text, "incoming": pl.Boolean, "successful": pl.Boolean,
        "record_url": text, "media_server_address": text, "custom_data": text, "cost": amount,
    }  # fmt: skip
    record = {
        "record_id": number, "transaction_id": number, "record_name": text, "record_url": text,
        "transcription_url": text, "transcription_status": text, "start_time": text,
        "duration": number, "cost": amount, "file_size": amount,
    }  # fmt: skip
    usage = {
        "resource_usage_id": number, "transaction_id": number, "ref_call_id": number,
        "resource_type": text, "cost": amount, "description": text, "unit": text,
        "used_at": text, "resource_quantity": amount,
    }  # fmt: skip
    session = {
        key: number, "account_id": number, "application_id": number, "user_id": number,
        "application_name": text, "rule_name": text, "audio_quality": text,
        "finish_reason": text, "custom_data": text, "start_date": text, "duration": number,
        "initiator_address": text, "media_server_address": text, "log_file_url": text,
    }  # fmt: skip
    flat = {
        "sessions": session,
        "calls": {key: number, **call, **reason},
        "records": {key: number, **record},
        "resource_usage": {key: number, **usage},
    }
    whole = session | {
        "calls": pl.List(pl.Struct({**call, "end_reason": pl.Struct(reason)})),
        "records": pl.List(pl.Struct(record)),
        "other_resource_usage": pl.List(pl.Struct(usage)),
    }
    answer = {"result": pl.List(pl.Struct(whole)), "total_count": number}

    def unnested(body: bytes) -> tuple[int, dict[str, pl.DataFrame]]:
        page = orjson.loads(body)
        rows: dict[str, list[dict]] = {name: [] for name in flat}
        for one in page["result"]:
            for path, name in CHILDREN.items():
                for child in one.pop(path, ()):
                    child[key] = one[key]
                    child.update(child.pop("end_reason", None) or {})
                    rows[name].append(child)
            rows["sessions"].append(one)
        return page["total_count"], {
            name: pl.from_dicts(rows[name], schema=kinds, strict=False)
            for name, kinds in flat.items()
        }

    def as_it_is(body: bytes) -> tuple[int, dict[str, pl.DataFrame]]:
        page = pl.read_json(io.BytesIO(body), schema=answer)
        return page["total_count"][0], {"whole": page.explode("result").unnest("result")}

    async def fetch() -> list[dict[str, pl.DataFrame]]:
        gate = asyncio.Semaphore(WORKERS)
        pages = []
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

            async def page(first: str, last: str, offset: int) -> int:
                async with gate:
                    body = await client.post(
                        given.url + PATH, data=asked(first, last, offset),
                        headers={"Authorization": "Bearer x"},
                    )  # fmt: skip
                if nested:
                    total, frames = await asyncio.to_thread(as_it_is, body.content)
                else:
                    total, frames = unnested(body.content)
                pages.append(frames)
                return total

            async def window(first: str, last: str) -> None:
                total = await page(first, last, 0)
                await asyncio.gather(*(page(first, last, at) for at in range(PAGE, total, PAGE)))

            await asyncio.gather(*(window(*each) for each in windows(given.sessions)))
        return pages

    def apart(every: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        every = every.unique(key).sort("start_date", key)
        yield "sessions", every.drop(*CHILDREN)
        for path, name in CHILDREN.items():
            child = every.select(key, path).explode(path).drop_nulls(path).unnest(path)
            yield name, child.unnest("end_reason") if path == "calls" else child

    def typed(frame: pl.DataFrame) -> pl.DataFrame:
        dates = [name for name in frame.columns if name in {"start_date", "start_time", "used_at"}]
        return frame.with_columns(
            pl.col(dates).str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC")
        )

    def go() -> Got:
        pages = asyncio.run(fetch())
        frames = {name: pl.concat([page[name] for page in pages]) for name in pages[0]}
        if nested:
            frames = dict(apart(frames["whole"]))
        else:
            frames["sessions"] = frames["sessions"].unique(key).sort("start_date", key)
        frames = {name: typed(frame) for name, frame in frames.items()}
        given.stop()
        cost = sum(frames[name]["cost"].sum() for name in CHILDREN.values())
        return {name: len(frame) for name, frame in frames.items()} | {"cost": float(cost)}

    return go


@race("by hand: httpx, orjson, polars")
def by_hand(given: SimpleNamespace) -> Callable[[], Got]:
    return _polars(given, nested=False)


@race("by hand: httpx, polars.read_json")
def by_polars(given: SimpleNamespace) -> Callable[[], Got]:
    return _polars(given, nested=True)


# The clock ---------------------------------------------------------------------------


def _peak() -> float:
    """MiB of memory at most; of this program only, unlike what ``getrusage`` says after a fork."""
    try:
        with Path("/proc/self/status").open() as status:
            return next(int(line.split()[1]) for line in status if "VmHWM" in line) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _clock(result: dict[str, float], given: SimpleNamespace) -> Iterator[None]:
    def stop() -> None:
        if "wall" not in result:
            after = os.times()
            result["wall"] = time.perf_counter() - began
            result["cpu"] = after.user + after.system - before.user - before.system
            result["peak"] = _peak()

    given.stop = stop
    before, began = os.times(), time.perf_counter()
    yield
    stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=RACES)
    parser.add_argument("--url", required=True)
    parser.add_argument("--credentials", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--replay")
    parser.add_argument("--gzip", action="store_true")
    given = SimpleNamespace(**vars(parser.parse_args()))
    given.address = urlsplit(given.url).hostname, urlsplit(given.url).port
    with tempfile.TemporaryDirectory() as given.folder:
        try:
            go = RACES[given.name](given)
        except ImportError as error:
            print(json.dumps({"missing": error.name}))
            return
        result: dict[str, Any] = {}
        with _clock(result, given):
            got = go()
        print(json.dumps(result | {"got": got}))


if __name__ == "__main__":
    main()
