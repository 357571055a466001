"""A dataset that others read as it is, that grows by days, and that goes on where it stopped."""

import json
from datetime import date, datetime

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow import parquet as pq

import voxframe
from tests.support.exact import FROM, TO, Truth, ids
from voxframe._spec.tables import SCHEMAS
from voxframe.emulator import Emulator, World
from voxframe.errors import ExportError


@pytest.fixture(scope="module")
def world():
    return World(sessions=4_000, start=FROM, end=TO, seed=51)


@pytest.fixture(scope="module")
def truth(world):
    return Truth(world)


@pytest.fixture(scope="module")
def emulator(world):
    with Emulator(world, cache=True) as running:
        yield running


@pytest.fixture
def export(emulator):
    def export(path, first=FROM, last=TO, **options):
        return voxframe.export_call_history(
            path, first, last, credentials=emulator.credentials, base_url=emulator.base_url,
            **options,
        )  # fmt: skip

    return export


@pytest.fixture(scope="module")
def exported(emulator, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "history"
    voxframe.export_call_history(
        path, FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url
    )
    return path


def test_it_reads_back_as_it_was_read(exported, truth, emulator, read):
    back = voxframe.CallHistory.from_parquet(exported)
    truth.check(back)
    direct = read(emulator)
    for name, table in direct.tables.items():
        assert back.tables[name].equals(table)
    assert back.receipt.sessions == len(direct)


def test_the_layout_is_hive_by_day_of_the_sessions_start(exported, world):
    days = {s["start_date"][:10] for s in world.expected()}
    for name, schema in SCHEMAS.items():
        folders = {p.name for p in (exported / name).iterdir()}
        assert folders == {f"start_day={day}" for day in days}
        for file in (exported / name).glob("*/*.parquet"):
            parquet = pq.ParquetFile(file)
            assert parquet.schema_arrow.names == [*schema.names, "unknown_fields"]
            assert parquet.schema_arrow.types == [*schema.types, pa.string()]
            column = parquet.metadata.row_group(0).column(0) if parquet.num_row_groups else None
            if column is not None and parquet.metadata.num_rows:
                assert column.compression == "ZSTD"
                assert column.is_stats_set
    sessions = ds.dataset(exported / "sessions", partitioning="hive").to_table()
    starts = sessions["start_date"].to_pylist()
    assert [d.date().isoformat() for d in starts] == sessions["start_day"].to_pylist()


def test_children_lie_in_the_day_of_their_session(exported):
    for day in (exported / "calls").iterdir():
        sessions = pq.read_table(exported / "sessions" / day.name / "part-0.parquet")
        calls = pq.read_table(day / "part-0.parquet")
        assert set(calls["call_session_history_id"].to_pylist()) <= set(
            sessions["call_session_history_id"].to_pylist()
        )


@pytest.mark.parametrize("name", SCHEMAS)
def test_four_readers_see_the_same(exported, name, truth):
    rows = truth.counts[list(SCHEMAS).index(name)]
    folder = exported / name
    dataset = ds.dataset(folder, partitioning="hive")
    assert dataset.count_rows() == rows
    assert len(pd.read_parquet(folder)) == rows
    assert pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True).collect().height == rows
    found = (
        duckdb.connect()
        .execute(
            f"select count(*), count(distinct start_day) from read_parquet('{folder}/*/*.parquet', "
            "hive_partitioning=true)"
        )
        .fetchone()
    )
    assert found[0] == rows


def test_costs_sum_exactly_in_duckdb(exported, truth):
    for name, want in zip(("calls", "records", "resource_usage"), truth.costs, strict=True):
        got = (
            duckdb.connect()
            .execute(f"select sum(cost) from '{exported}/{name}/*/*.parquet'")
            .fetchone()[0]
        )
        assert got == want


def test_a_finished_export_is_not_fetched_again(exported, export, emulator):
    before = emulator.counters.requests
    receipt = export(exported)
    assert emulator.counters.requests == before
    assert receipt.sessions == 4_000


def test_finished_days_are_not_fetched_again(export, tmp_path, truth, emulator):
    path = tmp_path / "history"
    export(path)
    manifest = path / "_voxframe" / "manifest.json"
    state = json.loads(manifest.read_text())
    last_days = sorted(state["days"])[-3:]
    state["read"][0][1] = int(datetime.fromisoformat(f"{last_days[0]}T00:00Z").timestamp())
    state["placing"] = []
    for day in last_days:
        for file in state["days"].pop(day)["files"]:
            (path / file).unlink()
    manifest.write_text(json.dumps(state))
    with pytest.raises(ExportError, match="not finished"):
        voxframe.CallHistory.from_parquet(path)
    count = len(emulator.requests)
    export(path)
    asked = {request.params["from_date"] for request in emulator.requests[count:]}
    assert min(asked) == f"{last_days[0]} 00:00:00"
    truth.check(voxframe.CallHistory.from_parquet(path))


def test_another_query_is_refused_and_overwrite_replaces(export, tmp_path, world, emulator):
    path = tmp_path / "history"
    export(path, "2026-10-01", "2026-10-05")
    before = emulator.counters.requests
    with pytest.raises(ExportError, match="another query"):
        export(path, "2026-10-01", "2026-10-06")
    with pytest.raises(ExportError, match="another query"):
        export(path, "2026-10-01", "2026-10-05", with_calls=False)
    assert emulator.counters.requests == before
    export(path, "2026-10-03", "2026-10-08", overwrite=True)
    Truth(world, "2026-10-03", "2026-10-08").check(voxframe.CallHistory.from_parquet(path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["history"]


def test_a_failed_overwrite_leaves_the_old_data(export, tmp_path, world):
    path = tmp_path / "history"
    export(path, "2026-10-01", "2026-10-03")
    with pytest.raises(voxframe.errors.VoxframeError):
        voxframe.export_call_history(
            path, "2026-10-01", "2026-10-09", overwrite=True, base_url="http://127.0.0.1:9",
            credentials=Emulator(World(sessions=1)).credentials,
            retry=voxframe.RetryPolicy(max_attempts=1),
        )  # fmt: skip
    Truth(world, "2026-10-01", "2026-10-03").check(voxframe.CallHistory.from_parquet(path))


def test_an_empty_window_gives_readable_tables(export, tmp_path):
    path = tmp_path / "history"
    receipt = export(path, "2020-01-01", "2020-01-02")
    assert receipt.sessions == 0
    assert len(voxframe.CallHistory.from_parquet(path)) == 0
    for name, schema in SCHEMAS.items():
        table = ds.dataset(path / name, partitioning=None).to_table()
        assert table.schema.names == [*schema.names, "unknown_fields"]
        assert table.schema.types == [*schema.types, pa.string()]


def test_days_begin_and_end_with_the_window(export, tmp_path, world):
    window = ("2026-10-02 13:00:00", "2026-10-04 05:30:00")
    export(tmp_path / "history", *window)
    Truth(world, *window).check(voxframe.CallHistory.from_parquet(tmp_path / "history"))
    days = sorted(p.name for p in (tmp_path / "history" / "sessions").iterdir())
    assert days == [f"start_day={date(2026, 10, d)}" for d in (2, 3, 4)]


def test_many_pieces_make_one_file_a_day(tmp_path):
    world = World(sessions=90_000, start="2026-10-01", end="2026-10-03", seed=52)
    light = {"with_calls": False, "with_records": False, "with_other_resources": False}
    with Emulator(world) as emulator:
        receipt = voxframe.export_call_history(
            tmp_path / "h", "2026-10-01", "2026-10-03", base_url=emulator.base_url,
            credentials=emulator.credentials, **light,
        )  # fmt: skip
    assert receipt.sessions == 90_000
    files = sorted((tmp_path / "h" / "sessions").glob("*/*"))
    assert len(files) == 2
    back = voxframe.CallHistory.from_parquet(tmp_path / "h")
    every = world.ledger.existed_ever(0, world.now, "2026-10-01", "2026-10-03")
    assert set(ids(back)) == every
    for file in files:
        starts = pq.read_table(file)["start_date"].cast(pa.int64()).to_pylist()
        assert starts == sorted(starts)
        assert pq.ParquetFile(file).metadata.row_group(0).num_rows > 20_000
