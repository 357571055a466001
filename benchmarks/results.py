"""What was measured, and the questions that the targets ask of it."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

SERVER, FLOOR = "the server alone", "floor"
ARROW, AGAIN = "voxframe, Arrow", "voxframe, Arrow, once more"
PANDAS, PAGE = "voxframe, pandas", "voxframe, one page"
PARQUET, EXPORT = "voxframe, Parquet", "voxframe, export"
SYNC, DELTA = "voxframe, sync", "voxframe, sync to Delta"
SYNC_AGAIN, AUDIT = "voxframe, sync again", "voxframe, audit"
VENDOR, DLT = "voximplant-apiclient + json_normalize", "dlt, Parquet"
BY_HAND, BY_POLARS = "by hand: httpx, orjson, polars", "by hand: httpx, polars.read_json"
WORKERS = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """The circumstances of a run."""

    sessions: int
    latency: float = 0.0
    gzip: bool = False

    def __str__(self) -> str:
        wait = f"{1000 * self.latency:.0f} ms a page" if self.latency else "no latency"
        return f"{self.sessions:,} sessions, {wait}{', gzip' * self.gzip}"


Reader = dict[str, float]


@dataclass(slots=True)
class Results:
    """All runs."""

    how: str
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    runs: dict[tuple[Cell, str], list[Reader]] = field(default_factory=dict)
    imports: dict[str, list[float]] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    cliff: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def get(self, cell: Cell, name: str, figure: str = "wall") -> float:
        """Return the median; nan if there was no such run."""
        runs = self.runs.get((cell, name), [])
        return median(run[figure] for run in runs) if runs else math.nan

    def ratio(self, cell: Cell, name: str, other: str) -> float:
        """Return the median of one by that of the other."""
        return self.get(cell, name) / self.get(cell, other)

    def cells(self) -> list[Cell]:
        return list(dict.fromkeys(cell for cell, _ in self.runs))


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table of targets."""

    what: str
    limit: float
    reached: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.reached >= self.limit if self.at_least else self.reached <= self.limit


def targets(results: Results) -> Iterator[Target]:
    """Return the targets that were measured."""
    for target in _targets(results):
        if not math.isnan(target.reached):
            yield target


def _targets(results: Results) -> Iterator[Target]:
    base, slow, most = Cell(50_000), Cell(200_000, latency=0.4), Cell(2_000_000)
    for cell, limit in ((slow, 1.08), (base, 1.25)):
        yield Target(f"{EXPORT}, against to Arrow, {cell}", limit,
                     results.ratio(cell, EXPORT, ARROW))  # fmt: skip
        yield Target(f"{DELTA}, against export, {cell}", 1.25, results.ratio(cell, DELTA, EXPORT))
    yield Target("to Arrow against the floor, fresh process", 2.2,
                 results.ratio(base, ARROW, FLOOR))  # fmt: skip
    yield Target("the same in a process that has read before", 2.2,
                 results.ratio(base, AGAIN, FLOOR))  # fmt: skip
    for peer, other, limit in (
        (BY_POLARS, ARROW, 1.2), (BY_HAND, ARROW, 1.2), (VENDOR, ARROW, 25), (DLT, EXPORT, 20),
    ):  # fmt: skip
        yield Target(f"{peer}, against {other}", limit, results.ratio(base, peer, other),
                     at_least=True)  # fmt: skip
    yield Target("to pandas (numpy_nullable) against to Arrow", 1.3,
                 results.ratio(base, PANDAS, ARROW))  # fmt: skip
    for pages, limit in zip(results.cliff, (1, 1.5, 1.5, 2.5), strict=False):
        if limit > 1:
            yield Target(f"{pages}, against plain pages", limit, results.cliff[pages])
    rounds = math.ceil(results.get(slow, ARROW, "requests") / WORKERS) if (
        slow, ARROW) in results.runs else math.nan  # fmt: skip
    pages = math.ceil(slow.sessions / 1000 / WORKERS)
    took = results.get(slow, ARROW)
    yield Target(f"{slow}, against {pages} rounds of 8 pages", 1.10, took / (pages * slow.latency))
    yield Target(f"the same against {rounds} rounds, of all requests", 1.10,
                 took / (rounds * slow.latency))  # fmt: skip
    yield Target(f"MiB at most, {EXPORT}, {most}", 300, results.get(most, EXPORT, "peak"))
    yield Target(f"MiB at most, {SYNC}, against export, {most}", 1.0,
                 results.get(most, SYNC, "peak") / results.get(most, EXPORT, "peak"))  # fmt: skip
    for cell in results.cells():
        limit = 1.02 * math.ceil(cell.sessions / 1000) + 3 * WORKERS
        yield Target(f"requests, {cell}", limit, results.get(cell, ARROW, "requests"))
    for sessions in (200_000, 1_000_000):
        each = results.get(Cell(sessions), ARROW) / sessions
        yield Target(f"time a session at {sessions:,} against 50,000", 1.1,
                     each / (results.get(base, ARROW) / base.sessions))  # fmt: skip
    spent = {names: median(times) for names, times in results.imports.items()}
    yield Target("import voxframe against import pandas, pyarrow, httpx", 1.15,
                 spent["voxframe"] / spent["pandas, pyarrow, httpx"])  # fmt: skip
