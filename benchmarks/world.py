"""The emulated account's sessions as bytes on disk, rendered once, so that serving costs nothing.

``rows`` holds every session as JSON, sorted by start, with commas between: a
page is one stretch of the file. ``rows.z`` and ``blocks.z`` hold the same
deflated, session by session and in blocks, each piece ending on a byte and
depending on no other: a gzip stream of any page is put together from them.
"""

import hashlib
import json
import multiprocessing
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import voxframe.emulator
from voxframe.emulator import Behaviour, World
from voxframe.emulator._answer import Answerer
from voxframe.emulator._auth import write_credentials
from voxframe.emulator._filters import Filters
from voxframe.emulator._query import Query

BLOCK = 64
START, END = "2026-10-01", "2026-11-01"
_CHUNK = 50 * BLOCK
_LINKS = "https://storage.example.com"
_FULL = Query(
    0, 0, Filters(), True, True, True,
    with_total_count=False, desc_order=False, count=1, offset=0, timezone="Etc/GMT",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a rendered world lies, and what is in it."""

    folder: Path
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]
    rows_z: NDArray[np.int64]
    blocks_z: NDArray[np.int64]
    truth: dict[str, float]

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials.json"


def stored(sessions: int, say: Callable[..., None] = print) -> Stored:
    """Return the rendered world of so many sessions, from the last run if it is still there."""
    sources = sorted(Path(voxframe.emulator.__file__).parent.glob("*.py"))
    mark = hashlib.sha256(b"".join(p.read_bytes() for p in [*sources, Path(__file__)]))
    folder = Path(tempfile.gettempdir()) / f"voxframe-bench-{mark.hexdigest()[:12]}-{sessions}"
    if not (folder / "truth.json").exists():
        began = time.perf_counter()
        say(f"rendering {sessions:,} sessions …", end=" ", flush=True)
        _render(sessions, folder)
        say(f"{time.perf_counter() - began:.0f} s")
    edges = np.load(folder / "edges.npz")
    return Stored(folder, **edges, truth=json.loads((folder / "truth.json").read_text()))


def _odd_duration(at: int, row: bytes) -> bytes:
    return (
        row
        if at % 1000 != 500
        else re.sub(rb'"duration":([0-9]+)', rb'"duration":"\1"', row, count=1)
    )


def _empty_user(at: int, row: bytes) -> bytes:
    return row if at % 3 or b'"user_id":' in row else row[:1] + b'"user_id":"",' + row[1:]


def _nested_field(at: int, row: bytes) -> bytes:
    nested = b'{"mos":4.%d,"jitter_ms":%d,"net":{"loss":0.5,"codec":"opus"}}' % (at % 90, at)
    return row.replace(b'{"call_id":', b'{"quality":%s,"call_id":' % nested)


PLAIN = "plain"
TWISTS: dict[str, Callable[[int, bytes], bytes]] = {
    PLAIN: lambda _, row: row,
    "one `duration` of a page as text": _odd_duration,
    '`""` for a missing `user_id` in every third session': _empty_user,
    "a nested unknown field in every call": _nested_field,
}


def twisted(world: Stored, twist: str) -> Stored:
    """Return a world with some rows made odd, anew; not deflated."""
    if twist == PLAIN:
        return world
    folder = world.folder / f"twist-{list(TWISTS).index(twist)}"
    folder.mkdir(exist_ok=True)
    text, rows = (world.folder / "rows").read_bytes(), world.rows.tolist()
    odd = [TWISTS[twist](at, text[a:b]) for at, (a, b) in enumerate(pairwise(rows))]
    (folder / "rows").write_bytes(b"".join(odd))
    for name in ("rows.z", "blocks.z"):
        (folder / name).touch()
    shutil.copy(world.credentials, folder)
    return replace(world, folder=folder, rows=np.cumsum([0, *map(len, odd)]))


def _render(sessions: int, folder: Path) -> None:
    global _answerer  # noqa: PLW0603 - what forked workers share
    folder.mkdir(exist_ok=True)
    world = World(sessions=sessions, start=START, end=END)
    _answerer = Answerer(world, Behaviour(), 0, None)
    lengths: list[list[int]] = [[], [], []]
    truth = dict.fromkeys(("sessions", "calls", "records", "resource_usage", "cost"), 0.0)
    chunks = [(at, min(at + _CHUNK, sessions)) for at in range(0, sessions, _CHUNK)]
    with (
        multiprocessing.get_context("fork").Pool() as pool,
        (folder / "rows").open("wb") as rows,
        (folder / "rows.z").open("wb") as rows_z,
        (folder / "blocks.z").open("wb") as blocks_z,
    ):
        for parts, sizes, counts in pool.imap(_render_chunk, chunks):
            for file, part, length, size in zip(
                (rows, rows_z, blocks_z), parts, lengths, sizes, strict=True
            ):
                file.write(part)
                length.extend(size)
            for name, count in counts.items():
                truth[name] += count
    plain, deflated, blocks = (np.cumsum([0, *length]) for length in lengths)
    starts = world.columns.start[:sessions]
    np.savez(folder / "edges.npz", starts=starts, rows=plain, rows_z=deflated, blocks_z=blocks)
    write_credentials(folder / "credentials.json")
    (folder / "truth.json").write_text(json.dumps(truth))


def _render_chunk(
    span: tuple[int, int],
) -> tuple[list[bytes], list[list[int]], dict[str, float]]:
    rows = [row + b"," for row in _answerer.render(np.arange(*span), _FULL, _LINKS)]
    blocks = [b"".join(rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
    parts = [rows, [deflate(row) for row in rows], [deflate(block) for block in blocks]]
    sessions = json.loads(b"[" + b"".join(rows)[:-1] + b"]")
    counts: dict[str, float] = {"sessions": len(sessions), "cost": 0.0}
    lists = ("calls", "records", "other_resource_usage")
    for key, name in zip(lists, ("calls", "records", "resource_usage"), strict=True):
        counts[name] = sum(len(s[key]) for s in sessions)
        counts["cost"] += sum(child.get("cost", 0) for s in sessions for child in s[key])
    return [b"".join(part) for part in parts], [[len(p) for p in part] for part in parts], counts


def deflate(data: bytes, *, last: bool = False) -> bytes:
    """Deflate a piece so that it can stand after and before any other."""
    squeeze = zlib.compressobj(6, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
