"""Where the milliseconds of a page go: every stage alone, one after the other, in one thread.

    python -m benchmarks.stages

Run by the benchmarks in a process of its own; prints JSON, milliseconds a page.
"""
# ruff: noqa: SLF001 - the stages are no public names

import json
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import httpx
import numpy as np

from benchmarks.contest import FIRST, LAST, PAGE, PATH, asked
from benchmarks.server import Server
from voxframe._dataset import files as _parquet
from voxframe._decode import columns as _columns
from voxframe._decode import fast as _fast
from voxframe._decode import precheck as _precheck
from voxframe._decode.decode import decode
from voxframe._decode.page import RawPage
from voxframe._history import CallHistory
from voxframe._receipt import Receipt
from voxframe._tables.assemble import assemble

SESSIONS = 50_000
_PASSES = 9
_GZIP = 31
T = TypeVar("T")


class _Watch:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def __call__(self, stage: str, work: Callable[..., T], *given: Any) -> T:
        began = time.perf_counter()
        made = work(*given)
        self.spent[stage] = self.spent.get(stage, 0.0) + time.perf_counter() - began
        return made


def forms(server: Server) -> list[dict[str, str]]:
    """Pages side by side, as a read asks for them."""
    starts = server.world.starts[::PAGE]
    faces = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(int(start))) for start in starts]
    return [asked(face, "2026-11-01 00:00:00") for face in faces]


def fetched(server: Server, *, gzip: bool) -> list[bytes]:
    """Bodies as they are on the wire."""
    server.mode(gzip=gzip)
    headers = {"Accept-Encoding": "gzip"} if gzip else {}
    bodies = []
    for form in forms(server):
        request = Request(server.url + PATH, urlencode(form).encode(), headers)
        with urlopen(request) as answer:
            bodies.append(answer.read())
    return bodies


def _received(client: httpx.Client, url: str, form: dict[str, str]) -> None:
    with client.stream("POST", url, data=form) as answer:
        for _ in answer.iter_raw():
            pass


def once(server: Server, bodies: list[bytes], packed: list[bytes]) -> dict[str, float]:
    """Take every page through every stage; give milliseconds a page."""
    watch = _Watch()
    server.mode()
    with httpx.Client(trust_env=False, verify=False) as client:
        for form in forms(server):
            watch("receive", _received, client, server.url + PATH, form)
    for body in packed:
        watch("inflate, if it is gzip", zlib.decompress, body, _GZIP)
    pages = []
    for body in bodies:
        watch("check before Arrow may read it", _precheck.may_nest_deep, body)
        watch("check before Arrow may read it", _precheck.may_hide_names, body)
        watch("check before Arrow may read it", _precheck.odd_money, body)
        text = watch("check before Arrow may read it", _fast._wrapped, body)
        watch("check before Arrow may read it", _precheck.check_utf8, text)
        answer = watch("Arrow's JSON parser", _fast._parse, text, _fast._DOCUMENTED, "keep")
        watch("flatten", _fast._unknown_kinds, answer)
        columns = watch("flatten", _fast._columns, answer, Counter(), {})
        watch("type", _columns.typed, columns)
        del text, answer, columns
        pages.append(decode(RawPage(body)))
    tables = watch("put together", lambda: assemble(pages, first=0, end=2**40).tables)
    history = CallHistory(tables, Receipt(from_date=FIRST, to_date=LAST))
    watch("to pandas", history.to_pandas)
    with tempfile.TemporaryDirectory() as folder:
        watch("to Parquet", _parquet.write, tables, history.receipt, Path(folder) / "out")
    return {stage: 1000 * spent / len(bodies) for stage, spent in watch.spent.items()}


def main() -> None:
    with Server(SESSIONS) as server:
        bodies, packed = fetched(server, gzip=False), fetched(server, gzip=True)
        passes = [once(server, bodies, packed) for _ in range(_PASSES)]
    print(
        json.dumps(
            {
                stage: {
                    "first": passes[0][stage],
                    "later": float(np.median([each[stage] for each in passes[1:]])),
                    "best": min(each[stage] for each in passes),
                }
                for stage in passes[0]
            }
        )
    )


if __name__ == "__main__":
    main()
