"""A history whose links lead to an emulator's files, and what is behind each of them."""

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

import voxframe
from tests.support.faulty import FROM, TO, serving
from voxframe._client import Client
from voxframe.emulator import Emulator, Fault, Files, World

SMALL = World(sessions=60, start=FROM, end=TO, seed=61)
# Real waits, only short ones; and no patience with what stands still.
QUICK = voxframe.RetryPolicy(
    max_attempts=3, first_wait=0.01, longest_wait=0.02, timeout=20.0, request_timeout=2.0
)

PROGRAM = """
import sys, voxframe
source, folder, url, key = sys.argv[1:]
voxframe.download_recordings(source, folder, credentials=key, base_url=url, progress=False)
"""


@dataclass(frozen=True)
class Downloads:
    client: Client
    emulator: Emulator
    history: voxframe.CallHistory

    def run(self, folder: Path, source: Any = None, **options: Any) -> pd.DataFrame:
        return self.client.download_recordings(
            self.history if source is None else source, folder, **options
        )

    @property
    def requests(self) -> int:
        counters = self.emulator.file_counters
        return counters.requests + counters.in_flight

    def start(self, source: Path, folder: Path, key: Path) -> "subprocess.Popen[str]":
        """Download in a program of its own."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, source, folder,
             self.emulator.base_url, key],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip


@contextlib.contextmanager
def downloading(
    world: World = SMALL,
    files: Files | None = None,
    *faults: Fault,
    retry: voxframe.RetryPolicy = QUICK,
    **options: Any,
) -> Iterator[Downloads]:
    """Serve files that fail as told, and read the history that has links to them."""
    files = dataclasses.replace(files or Files(), faults=faults)
    with serving(world, files=files, retry=retry, **options) as service:
        yield Downloads(service.client, service.emulator, service.read())


def links(history: voxframe.CallHistory) -> dict[tuple[str, int], str]:
    """Every link of a history that has a file behind it, by table and id."""
    records, found = history.records, {}
    for row in records[~records.is_removed].itertuples():
        found["records", row.record_id] = row.record_url
        if isinstance(row.transcription_url, str):
            found["transcriptions", row.record_id] = row.transcription_url
    for row in history.sessions.itertuples():
        if isinstance(row.log_file_url, str):
            found["logs", row.call_session_history_id] = row.log_file_url
    return found


def check(folder: Path, frame: pd.DataFrame, service: Downloads, token: str) -> None:
    """Each file that there is, byte for byte, once, where its row says; and no other."""
    expected = links(service.history)
    whole = frame[frame.path.notna()]
    assert {(row.table, row.id) for row in whole.itertuples()} == set(expected)
    there = set()
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http:
        for row in whole.itertuples():
            answer = http.get(expected[row.table, row.id], follow_redirects=True)
            assert answer.status_code == 200
            assert (folder / row.path).read_bytes() == answer.content
            assert row.bytes == len(answer.content)
            there.add(folder / row.path)
    assert data(folder) == there
    assert len(there) == len(whole)


def data(folder: Path) -> set[Path]:
    """Every file but the index, the lock and a sync's notes, what is hidden included."""
    every = {path for path in folder.rglob("*") if path.is_file()}
    ours = ("index.parquet", ".voxframe-lock", ".voxframe-days.json")
    return every - {folder / name for name in ours}
