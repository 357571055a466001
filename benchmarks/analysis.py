"""Analysis of a dataset that is never held whole: seconds, and the most memory that it takes.

    python -m benchmarks.analysis write FOLDER --sessions 10000000
    python -m benchmarks.analysis run FOLDER
    python -m benchmarks.analysis check FOLDER

``write`` makes a year of calls, a day at a time. ``run`` calls every function that takes a
dataset. ``check`` asks DuckDB for the same figures, in SQL, and compares them. Peaks are the
process's own, until then; DuckDB is asked when all of them are there.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import voxframe
from tests.support.histories import at
from tests.support.made_dataset import write_dataset
from voxframe import analysis
from voxframe._spec.tables import SCHEMAS

FIRST, DAYS = at("2025-10-01"), 365
CODES = np.array([480, 486, 487, 404, 603, 503])
Rows = list[tuple[object, ...]]
USERS = [f"agent{number}" for number in range(200)]
NUMBERS = [f"+4930{1_000_000 + number}" for number in range(200_000)]


def _money(rng: np.random.Generator, size: int) -> pa.Array:
    words = np.stack([rng.integers(0, 300_000_000, size), np.zeros(size, np.int64)], axis=1)
    return pa.Array.from_buffers(pa.decimal128(18, 9), size, [None, pa.py_buffer(words)])


def _category(codes: np.ndarray, labels: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(labels))


def _table(name: str, size: int, columns: dict[str, pa.Array]) -> pa.Table:
    schema = SCHEMAS[name]
    arrays = [columns.get(f.name, pa.nulls(size, f.type)) for f in schema]
    return pa.table([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)


def _instants(seconds: np.ndarray) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", "UTC"))


def _day(day: int, sessions: int) -> dict[str, pa.Table]:
    """Draw a day: an incoming leg and an agent's, a record for some, two uses of resources."""
    rng = np.random.default_rng(day)
    start = int(FIRST.timestamp()) + day * 86_400 + np.sort(rng.integers(0, 86_400, sessions))
    ids = 4_000_000_000 + day * 1_000_000 + np.arange(sessions)
    size = 2 * sessions
    parent = np.repeat(np.arange(sessions), 2)
    incoming = np.tile([True, False], sessions)
    answered = incoming | (rng.random(size) < 0.8)
    seconds = np.where(answered, rng.lognormal(4.5, 1.2, size).astype(np.int64), 0)
    who = np.where(incoming, rng.integers(200, 200_200, size), rng.integers(0, 200, size))
    codes = np.where(answered, 200, CODES[rng.integers(0, len(CODES), size)])
    call_ids = ids[parent] * 10 + np.tile([1, 2], sessions)
    taped = np.flatnonzero(rng.random(sessions) < 0.4)
    return {
        "sessions": _table("sessions", sessions, {
            "call_session_history_id": pa.array(ids),
            "account_id": pa.array(np.full(sessions, 1)),
            "application_name": _category(rng.integers(0, 3, sessions), ["a", "b", "c"]),
            "rule_name": _category(rng.integers(0, 5, sessions), ["r1", "r2", "r3", "r4", "r5"]),
            "start_date": _instants(start),
            "finish_reason": _category(
                (rng.random(sessions) < 0.05).astype(int), ["Normal termination", "Timeout"]
            ),
        }),
        "calls": _table("calls", size, {
            "call_session_history_id": pa.array(ids[parent]),
            "call_id": pa.array(call_ids),
            "start_time": _instants(start[parent] + np.where(incoming, 0, 9)),
            "duration": pa.array(seconds),
            "incoming": pa.array(incoming),
            "successful": pa.array(answered),
            "cost": _money(rng, size),
            "remote_number": pa.array(USERS + NUMBERS).take(pa.array(who)),
            "remote_number_type": _category(incoming.astype(int), ["user", "pstn"]),
            "end_reason_code": pa.array(codes),
        }),
        "records": _table("records", len(taped), {
            "call_session_history_id": pa.array(ids[taped]),
            "record_id": pa.array(ids[taped]),
            "start_time": _instants(start[taped]),
            "cost": _money(rng, len(taped)),
        }),
        "resource_usage": _table("resource_usage", size, {
            "call_session_history_id": pa.array(ids[parent]),
            "resource_usage_id": pa.array(call_ids),
            "ref_call_id": pa.array(call_ids),
            "resource_type": _category(rng.integers(0, 2, size), ["CALLSESSION", "ASR"]),
            "cost": _money(rng, size),
            "used_at": _instants(start[parent]),
        }),
    }  # fmt: skip


def write(path: Path, sessions: int) -> None:
    """Write a year of calls."""
    counts = np.diff(np.linspace(0, sessions, DAYS + 1).astype(int))
    parts: Iterator[dict[str, pa.Table]] = (
        _day(day, int(count)) for day, count in enumerate(counts) if count
    )
    began = time.perf_counter()
    write_dataset(path, parts, FIRST, FIRST + timedelta(days=DAYS))
    print(f"{sessions:,} sessions written in {time.perf_counter() - began:.0f} s")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(
    function: Callable[..., pd.DataFrame], dataset: voxframe.Dataset, **options: Any
) -> pd.DataFrame:
    wall, cpu = time.perf_counter(), time.process_time()
    frame = function(dataset, **options)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{function.__name__:20} {len(frame):>8,} rows {wall:7.1f} s {cpu:7.1f} s of processor "
        f"{_peak():6.0f} MiB peak",
        flush=True,
    )
    return frame


def run(path: Path) -> None:
    """Call every function that takes a dataset."""
    dataset = voxframe.open_dataset(path)
    print(f"{dataset!r}; {_peak():.0f} MiB before")
    for function in (
        analysis.cost_breakdown, analysis.traffic, analysis.concurrency, analysis.busy_hour,
        analysis.peak_load, analysis.duration_stats, analysis.duration_histogram,
        analysis.end_reasons, analysis.finish_reasons, analysis.inbound_outcomes,
        analysis.service_level, analysis.minutes, analysis.agents, analysis.leg_clock,
        analysis.cost_by_agent, analysis.cost_by_caller, analysis.far_ends,
    ):  # fmt: skip
        _timed(function, dataset)


def check(path: Path) -> None:
    """Ask DuckDB for the same figures."""
    dataset = voxframe.open_dataset(path)
    costs = _timed(analysis.cost_breakdown, dataset, freq="D", dtype_backend="pyarrow")
    busy = _timed(analysis.traffic, dataset, freq=None)
    stats = _timed(analysis.duration_stats, dataset, by="side")
    hours = _timed(analysis.concurrency, dataset)
    reasons = _timed(analysis.end_reasons, dataset)
    callers = _timed(analysis.cost_by_caller, dataset, dtype_backend="pyarrow")
    with dataset.duckdb() as sql:
        sql.sql("set timezone = 'UTC'")
        sql.sql("set memory_limit = '2GB'")

        def asked(query: str) -> Rows:
            return sql.sql(query).fetchall()

        def same(
            name: str, mine: list[tuple[object, ...]], theirs: list[tuple[object, ...]]
        ) -> None:
            assert mine == theirs, f"{name}: {mine[:3]} is not {theirs[:3]}"
            print(f"{name}: {len(mine):,} rows equal DuckDB's", flush=True)

        kinds = {"calls": "calls", "records": "records", "resources": "resource_usage"}
        for kind, table in kinds.items():
            theirs = asked(f"select start_day, sum(cost) from {table} group by 1 order by 1")
            days = costs["start"].dt.date
            same(f"{kind} cost by day", list(zip(days, costs[f"{kind}_cost"], strict=True)), theirs)
        network = "from calls where remote_number_type = 'pstn'"
        same(
            "traffic",
            [tuple(int(busy[n].iloc[0]) for n in ("legs", "arrived", "accepted"))],
            asked(f"select count(*), count(*) filter (incoming), "
                  f"count(*) filter (incoming and successful) {network}"),
        )  # fmt: skip
        same(
            "durations",
            sorted(
                tuple(float(v) for v in row)
                for row in stats[["calls", "total", "p50", "p90", "p99", "max"]].to_numpy(float)
            ),
            sorted(
                tuple(float(v) for v in row)
                for row in asked(
                    "select count(*), sum(duration), quantile_cont(duration, 0.5), "
                    "quantile_cont(duration, 0.9), quantile_cont(duration, 0.99), max(duration) "
                    "from calls where successful group by remote_number_type"
                )
            ),
        )
        same(
            "most lines at once",
            [(int(hours["peak"].max()),)],
            asked(f"""with e as (select epoch_us(start_time) // 1000000 t, 1 d {network}
                and duration > 0 union all
                select epoch_us(start_time) // 1000000 + duration, -1 {network} and duration > 0),
                m as (select t, sum(d) d from e group by t)
                select cast(max(n) as bigint) from (select sum(d) over (order by t) n from m)"""),
        )
        same(
            "end reasons",
            sorted(zip(reasons["end_reason_code"], reasons["calls"], strict=True)),
            asked("select end_reason_code, count(*) from calls where not successful "
                  "group by 1 order by 1"),
        )  # fmt: skip
        theirs = asked("""with paid as (select call_session_history_id id, cost from calls
            union all select call_session_history_id, cost from records
            union all select call_session_history_id, cost from resource_usage)
            select substr(remote_number, 2), count(distinct id), sum(paid.cost) from calls
            join paid on id = calls.call_session_history_id where incoming group by 1 order by 1""")
        names = ["number", "sessions", "cost"]
        same("cost by caller", sorted(callers[names].itertuples(index=False, name=None)), theirs)


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=["write", "run", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    given = parser.parse_args()
    if given.what == "write":
        write(given.folder, given.sessions)
    else:
        {"run": run, "check": check}[given.what](given.folder)


if __name__ == "__main__":
    main()
