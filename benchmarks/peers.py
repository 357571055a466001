"""What others would use, each as its own documentation shows it or as one writes it by hand."""
# ruff: noqa: PLC0415 - each imports only what it needs, before the clock starts

import asyncio
import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from benchmarks.contest import CHILDREN, PAGE, PATH, WORKERS, Got, asked, race, windows


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
            # A cost that came as a whole number first goes on as another column from then on.
            costs = [n for n in data.schema.names if n == "cost" or n.startswith("cost__v_")]
            for column in data.to_table(columns=costs).columns:
                got["cost"] += float(column.to_pandas().sum())
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
