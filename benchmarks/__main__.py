"""Run the benchmarks and write ``RESULTS.md`` and ``results.svg``.

    python -m benchmarks [--quick | --full] [--peers PYTHON]

Contestants whose packages are missing are left out with a note. To have them all:

    pip install "voximplant-apiclient==2.12.0" "dlt[parquet]" polars orjson matplotlib

or, to keep them apart from your own, into an environment whose interpreter is
named with ``--peers``.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.contestants import RACES
from benchmarks.results import (
    ARROW,
    AUDIT,
    BY_HAND,
    BY_POLARS,
    DELTA,
    DLT,
    EXPORT,
    FLOOR,
    SERVER,
    SYNC,
    SYNC_AGAIN,
    VENDOR,
    Cell,
    Results,
)
from benchmarks.server import Server

_HERE = Path(__file__).parent
_SLOW = (VENDOR, DLT)
_KEPT = (SYNC, DELTA, SYNC_AGAIN, AUDIT)
_OURS = tuple(name for name in RACES if name.startswith("voxframe"))
_IMPORTS = ("pandas, pyarrow, httpx", "voxframe")


@dataclass(frozen=True, slots=True)
class Heat:
    """Who runs where, and how often; slow ones once however often the others."""

    cell: Cell
    names: tuple[str, ...]
    rounds: int = 1


QUICK = (
    Heat(Cell(50_000), (SERVER, FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 5),
    Heat(Cell(50_000, gzip=True), (SERVER, FLOOR, ARROW, BY_POLARS, BY_HAND), 3),
    Heat(Cell(200_000), (FLOOR, ARROW, BY_POLARS), 3),
    Heat(Cell(200_000, latency=0.4), (FLOOR, ARROW, EXPORT, DELTA), 1),
)
FULL = (
    Heat(Cell(20_000), (SERVER, FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 5),
    Heat(Cell(20_000, latency=0.4), (FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 3),
    Heat(Cell(50_000), (SERVER, FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 9),
    Heat(Cell(50_000, gzip=True), (SERVER, FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 5),
    Heat(Cell(200_000), (SERVER, FLOOR, *_OURS, BY_POLARS, BY_HAND, VENDOR, DLT), 5),
    Heat(Cell(200_000, gzip=True), (FLOOR, ARROW, EXPORT, BY_POLARS, BY_HAND), 3),
    Heat(Cell(200_000, latency=0.4), (FLOOR, ARROW, EXPORT, *_KEPT, BY_POLARS, BY_HAND), 3),
    Heat(Cell(1_000_000), (FLOOR, ARROW, EXPORT, BY_POLARS, BY_HAND), 3),
    Heat(Cell(1_000_000, latency=0.4), (FLOOR, ARROW, EXPORT, *_KEPT), 1),
    Heat(Cell(2_000_000), (EXPORT, SYNC), 1),
)


@dataclass(slots=True)
class Runner:
    """Runs contestants, each in a process of its own."""

    peers: str
    results: Results
    missing: set[str] = field(default_factory=set)

    def heat(self, heat: Heat) -> None:
        print(f"\n{heat.cell}")
        with Server(heat.cell.sessions) as server, tempfile.TemporaryDirectory() as folder:
            replay = Path(folder) / "replay.json"
            if FLOOR in heat.names:
                # Not measured: it fills the caches, and shows what the floor has to download.
                self._run(ARROW, heat.cell, server, replay)
                replay.write_text(json.dumps([entry["asked"] for entry in server.log()]))
            for number in range(heat.rounds):
                for name in heat.names:
                    if name in self.missing or (name in _SLOW and number):
                        continue
                    if result := self._run(name, heat.cell, server, replay):
                        self._keep(name, heat.cell, server, result)

    def _run(self, name: str, cell: Cell, server: Server, replay: Path) -> dict[str, Any] | None:
        server.mode(latency=cell.latency, gzip=cell.gzip)
        python = sys.executable if name in _OURS else self.peers
        command = [
            python, "-m", "benchmarks.contestants", name, "--url", server.url, "--replay",
            str(replay), "--credentials", str(server.world.credentials), "--sessions",
            str(cell.sessions),
        ]  # fmt: skip
        ran = subprocess.run(
            [*command, "--gzip"] if cell.gzip else command,
            capture_output=True, text=True, cwd=_HERE.parent, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise SystemExit(f"{name} failed:\n{ran.stderr[-3000:]}")
        result: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
        if "missing" in result:
            self.missing.add(name)
            self.results.notes.append(f"{name}: left out, {result['missing']} is not installed")
            print(f"  {self.results.notes[-1]}")
            return None
        return result

    def _keep(self, name: str, cell: Cell, server: Server, result: dict[str, Any]) -> None:
        log = server.log()
        wrong = [
            key
            for key, value in result.pop("got").items()
            if not math.isclose(value, server.world.truth[key], rel_tol=1e-9)
        ]
        if wrong:
            raise SystemExit(f"{name} has wrong {', '.join(wrong)}")
        kept = result | {
            "requests": len(log),
            "bytes": sum(entry["bytes"] for entry in log),
            "idle": _share_below([(e["began"], e["ended"]) for e in log], 8),
        }
        self.results.runs.setdefault((cell, name), []).append(kept)
        print(
            f"  {name:42} {kept['wall']:8.3f} s {kept['cpu']:8.2f} s CPU "
            f"{kept['peak']:7.0f} MiB {kept['requests']:5} requests",
            flush=True,
        )

    def imports(self, rounds: int) -> None:
        """Time a fresh interpreter that imports and does nothing; processor time, less noisy."""
        for _ in range(rounds):
            for names in _IMPORTS:
                before = os.times()
                subprocess.run([sys.executable, "-c", f"import {names}"], check=True)
                after = os.times()
                spent = sum(after[2:4]) - sum(before[2:4])
                self.results.imports.setdefault(names, []).append(spent)

    def others(self) -> None:
        """Have the stages of a page, and odd pages, timed in processes that do nothing else."""
        self.results.stages = _last_line("benchmarks.stages")
        self.results.cliff = _last_line("benchmarks.cliff")


def _last_line(module: str) -> Any:
    ran = subprocess.run(
        [sys.executable, "-m", module],
        stdout=subprocess.PIPE, text=True, cwd=_HERE.parent, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout.splitlines()[-1])


def _share_below(spans: list[tuple[float, float]], most: int) -> float:
    """Return the share of the time, first to last, with fewer requests in flight than `most`."""
    steps = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    flight, below = 0, 0.0
    for (at, change), (then, _) in pairwise(steps):
        flight += change
        below += (then - at) * (flight < most)
    return below / (steps[-1][0] - steps[0][0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the targets only, about 3 minutes")
    size.add_argument("--full", action="store_true", help="everything, about 30 minutes")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--out", type=Path, default=_HERE, help="folder for the results")
    asked = parser.parse_args()
    runner = Runner(asked.peers, Results("--full" if asked.full else "--quick"))
    runner.imports(9 if asked.full else 5)
    runner.others()
    for heat in FULL if asked.full else QUICK:
        runner.heat(heat)
    text = report.markdown(runner.results)
    (asked.out / "RESULTS.md").write_text(text)
    print("\n" + text)
    try:
        report.picture(runner.results, asked.out / "results.svg")
    except ImportError:
        print("no picture: matplotlib is not installed")


if __name__ == "__main__":
    main()
