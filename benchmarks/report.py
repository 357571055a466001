"""The table and the picture."""
# ruff: noqa: RUF001, PLC0415 - a sign of multiplication is one; the picture is optional

import importlib.metadata
import math
import os
import platform
from pathlib import Path

from benchmarks.results import (
    ARROW,
    AUDIT,
    DELTA,
    FLOOR,
    PAGE,
    SERVER,
    SYNC,
    SYNC_AGAIN,
    WORKERS,
    Cell,
    Results,
    targets,
)

_HOW = """\
Everything was measured in this one run, each contestant in a process of its own, interleaved;
figures are medians. The clock starts after the imports and stops when the tables are there; key,
connections and first touch of memory are within. A contestant that lacks a row, or any of the
cost, stops the run. The server is a process of its own that sends stretches of a file; *the server
alone* is what it gives to bare sockets. The *floor* is what voxframe asked for, downloaded by the
same HTTP client and thrown away."""
_STAGES = """\
Each stage alone, in one thread, over the pages of 50,000 sessions (1.6 MB each) in one process:
the first time, the median of the later times, and the best. Milliseconds a page."""
_WHY = """\
Arrow's parser alone is {parse:.2f} s of processor time for {pages:.0f} pages, {parser:.1f} × the
floor's wall time; all stages below are {stages:.1f} ×, or {evenly:.1f} × if they were spread evenly
over {cores} cores, the start and the end of a read not counted. What is written by hand reads
costs as floats. The ratios to the peers follow from that.

At 400 ms a page, {requests:.0f} requests are {rounds} rounds of {workers}, {more:.2f} × the {ideal}
of the target: the first request goes alone, since a thousand sessions are to take only one, and the
last page of a stretch is not full. The floor, which knows all requests beforehand, takes
{floor:.2f} ×; voxframe takes {ours:.2f} × the floor."""
_PACKAGES = ("voxframe", "pyarrow", "pandas", "numpy", "httpx")


def markdown(results: Results) -> str:
    """Write everything as Markdown."""
    lines = [
        "# Benchmarks",
        "",
        f"    python -m benchmarks {results.how}",
        "",
        f"{_machine()}. {_versions()}. Load when it began: {results.load:.1f}.",
        "",
        _HOW,
        "",
        "![results](results.svg)",
        "",
        "## Targets",
        "",
        "| | target | reached | |",
        "|---|---|---|---|",
    ]
    for target in targets(results):
        sign, digits = ("≥" if target.at_least else "≤"), 0 if target.limit > 20 else 2
        shown = 0 if target.limit > 50 else max(digits, 1)
        lines.append(
            f"| {target.what} | {sign} {target.limit:.{digits}f} | "
            f"{target.reached:.{shown}f} | "
            f"{'reached' if target.met else '**not reached**'} |"
        )
    lines += year(results)
    lines += why(results)
    for cell in results.cells():
        lines += ["", f"## {cell}", "", *_table(results, cell)]
    if results.stages:
        lines += ["", "## Where the milliseconds of a page go", "", _STAGES, "", *_stages(results)]
    lines += ["", "## Import", "", "| | CPU s |", "|---|---|"]
    lines += [
        f"| `import {names}` | {sorted(times)[len(times) // 2]:.2f} |"
        for names, times in results.imports.items()
    ]
    if results.notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in results.notes)]
    return "\n".join(lines) + "\n"


def year(results: Results) -> list[str]:
    """Write what it costs to hold a large account's history, as far as that was measured."""
    cell = next((c for c in reversed(results.cells()) if (c, SYNC_AGAIN) in results.runs), None)
    if cell is None or not cell.latency:
        return []
    account = f"{cell.sessions:,} sessions a month, {1000 * cell.latency:.0f} ms a page"
    lines = [
        "", "## What it costs to hold a year", "", f"An account with {account}.", "",
        "| | measured | × 12 | MiB at most |", "|---|---|---|---|",
    ]  # fmt: skip
    for what, name, times in (
        ("the first sync, of a month", SYNC, 12),
        ("the same to Delta", DELTA, 12),
        ("every run after it, three days not settled, nothing new", SYNC_AGAIN, 0),
        ("an audit of a month", AUDIT, 12),
    ):
        seconds, requests = results.get(cell, name), results.get(cell, name, "requests")
        scaled = f"{seconds * times / 60:.1f} min, {requests * times:,.0f} requests" * bool(times)
        lines.append(
            f"| {what} | {seconds:.1f} s, {requests:,.0f} requests | {scaled} | "
            f"{results.get(cell, name, 'peak'):.0f} |"
        )
    size = results.get(cell, SYNC, "disk") / 1e9
    return [*lines, f"| on disk, Parquet | {size:.2f} GB | {size * 12:.1f} GB | |"]


def why(results: Results) -> list[str]:
    """Write what the targets that were missed would have taken."""
    base, slow, cores = Cell(50_000), Cell(200_000, latency=0.4), os.cpu_count() or 1
    took = {stage: times["later"] for stage, times in results.stages.items()}
    if not took or (base, ARROW) not in results.runs or (slow, ARROW) not in results.runs:
        return []
    floor, pages = results.get(base, FLOOR), results.get(base, ARROW, "requests")
    needed = [ms for stage, ms in took.items() if not stage.startswith(("to ", "inflate"))]
    parse = pages * took["Arrow's JSON parser"] / 1000
    rounds = math.ceil(results.get(slow, ARROW, "requests") / WORKERS)
    ideal = math.ceil(slow.sessions / 1000 / WORKERS)
    requests = results.get(slow, ARROW, "requests")
    text = _WHY.format(
        parse=parse,
        pages=pages,
        parser=parse / floor,
        stages=pages * sum(needed) / 1000 / floor,
        evenly=pages * sum(needed) / 1000 / cores / floor,
        cores=cores,
        requests=requests,
        rounds=rounds,
        workers=WORKERS,
        more=rounds / ideal,
        ideal=ideal,
        floor=results.get(slow, FLOOR) / (ideal * slow.latency),
        ours=results.ratio(slow, ARROW, FLOOR),
    )
    return ["", "## What it would have taken", "", text]


def _stages(results: Results) -> list[str]:
    return [
        "| | first | later | best |",
        "|---|---|---|---|",
        *(
            f"| {stage} | " + " | ".join(f"{took[when]:.2f}" for when in took) + " |"
            for stage, took in results.stages.items()
        ),
    ]


def _table(results: Results, cell: Cell) -> list[str]:
    head = "| | wall s | × floor | CPU s | peak MiB | requests | MB | runs |"
    if cell.latency:
        head += " time with < 8 in flight |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    floor = results.get(cell, FLOOR)
    for (where, name), runs in results.runs.items():
        if where != cell:
            continue
        wall, cpu, peak, requests, size, idle = (
            results.get(cell, name, figure)
            for figure in ("wall", "cpu", "peak", "requests", "bytes", "idle")
        )
        apart = name in (PAGE, SYNC_AGAIN, AUDIT) or math.isnan(floor)
        against = "" if apart else f"{wall / floor:.1f}"
        line = (
            f"| {name} | {wall:.3f} | {against} | {cpu:.2f} | {peak:.0f} | {requests:.0f} | "
            f"{size / 1e6:.0f} | {len(runs)} |"
        )
        lines.append(line + f" {idle:.0%} |" * bool(cell.latency))
    return lines


def _machine() -> str:
    cores, memory = os.cpu_count(), 0
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        info = Path("/proc/cpuinfo").read_text()
        name = next((x.partition(": ")[2] for x in info.splitlines() if "model name" in x), name)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{name}, {cores} cores, {memory} GiB, {system}, Python {platform.python_version()}"


def _versions() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)


def picture(results: Results, path: Path) -> None:
    """Draw the time of each contestant; on a logarithmic scale where they lie far apart."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "voxframe"
    mpl.rcParams["svg.fonttype"] = "none"
    base = Cell(50_000)
    slow = Cell(200_000, latency=0.4)
    cells = [cell for cell in (base, slow) if (cell, ARROW) in results.runs]
    counts = [len(_bars(results, cell)) for cell in cells]
    figure = Figure(figsize=(9, 0.42 * sum(counts) + 1.1 * len(cells)), layout="constrained")
    axes = figure.subplots(len(cells), 1, height_ratios=counts, squeeze=False)[:, 0]
    for axis, cell in zip(axes, cells, strict=True):
        bars = _bars(results, cell)
        floor = results.get(cell, FLOOR)
        colours = [_colour(name) for name, _ in bars]
        drawn = axis.barh([name for name, _ in bars], [wall for _, wall in bars], color=colours)
        labels = [f" {wall:.2f} s   {wall / floor:.1f} ×" for _, wall in bars]
        axis.bar_label(drawn, labels, fontsize=9, color="#333333")
        axis.axvline(floor, color="#999999", linewidth=0.8, linestyle=":")
        longest = max(wall for _, wall in bars)
        if longest > 20 * floor:
            axis.set_xscale("log")
            axis.xaxis.set_major_formatter("{x:g}")
            axis.set_xlim(floor / 2, 4 * longest)
        else:
            axis.set_xlim(0, 1.3 * longest)
        axis.invert_yaxis()
        axis.set_title(f"{cell}: seconds, and times the floor", loc="left", fontsize=11)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def _bars(results: Results, cell: Cell) -> list[tuple[str, float]]:
    names = [
        n
        for where, n in results.runs
        if where == cell and n not in (SERVER, PAGE, SYNC_AGAIN, AUDIT)
    ]
    return sorted(((n, results.get(cell, n)) for n in names), key=lambda bar: bar[1])


def _colour(name: str) -> str:
    if name == FLOOR:
        return "#b8b8b8"
    return "#0b7285" if name.startswith("voxframe") else "#e8a33d"
