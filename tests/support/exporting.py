"""A program that exports, run on its own so that it can be killed; and what is left then."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.support.faulty import FROM, LISTS, TO
from voxframe import CallHistory
from voxframe.emulator import Emulator

PROGRAM = """
import json, resource, sys
import voxframe
path, url, key, setup, options = sys.argv[1:]
exec(setup)
receipt = voxframe.export_call_history(
    path, {from_!r}, {to!r}, credentials=key, base_url=url, progress=False, **json.loads(options)
)
print(json.dumps(receipt.to_dict()))
""".replace("{from_!r}", repr(FROM)).replace("{to!r}", repr(TO))


def start(
    path: Path, emulator: Emulator, key: Path, *, setup: str = "", options: str = "{}"
) -> subprocess.Popen[str]:
    """Start an export as a program of its own."""
    arguments = [path, emulator.base_url, key, setup, options]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def contents(path: Path) -> dict[str, Any]:
    """Every file of a folder that holds data, byte for byte; locks and notes are none."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*.parquet"))
        if "staging" not in file.parts
    }


def whole_days(path: Path) -> dict[str, dict[str, pa.Table]]:
    """The days that a reader of the dataset finds, each table of each whole."""
    from pyarrow import parquet as pq

    found: dict[str, dict[str, pa.Table]] = {}
    for name in ("sessions", *LISTS):
        for day in sorted((path / name).glob("start_day=*")):
            parts = [pq.read_table(part) for part in sorted(day.glob("*.parquet"))]
            if parts:  # a folder is made before its file is moved there
                found.setdefault(day.name.partition("=")[2], {})[name] = pa.concat_tables(parts)
    return found


def tables(path: Path) -> dict[str, pa.Table]:
    return CallHistory.from_parquet(path).tables
