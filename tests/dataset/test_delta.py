"""Four Delta tables that follow a service: here and in an object store."""

import contextlib
import json
import threading
from datetime import timedelta

import polars as pl
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

import voxframe
from tests.dataset.test_dataset import CHANGING, QUERY, receipt, second, tables_of
from tests.dataset.test_dataset import FIRST as FIRST_DAY
from tests.dataset.test_follow import FIRST, account
from tests.support.faulty import serving
from tests.support.following import OPTIONS, Follower, given, held
from tests.support.object_store import BUCKET, SECRET, object_store
from voxframe._dataset import delta_tables
from voxframe._dataset.sync import Place, syncing
from voxframe._read.interval import Interval
from voxframe._spec.tables import SCHEMAS
from voxframe._sync import prepare_sync
from voxframe.emulator import Motion, World
from voxframe.errors import ExportError, InvalidQueryError

THREE_DAYS = timedelta(days=3)


def write(place, fields, *, now=FIRST_DAY + timedelta(days=30)):
    with syncing(place, QUERY, second(0), lookback=0, keep=True) as running:
        running.begin([Interval(second(0), second(len(fields)))])
        for day, extra in enumerate(fields):
            interval = Interval(second(day), second(day + 1))
            running.write(interval, tables_of(day, **extra), receipt(day, now))
        running.finish(receipt(0, now))


def test_fields_that_begin_end_and_change_their_type_are_read(tmp_path):
    write(Place(tmp_path, "delta"), CHANGING)
    for name in ("sessions", "calls"):
        there = str(tmp_path / name)
        texts = {
            "deltalake": DeltaTable(there).to_pyarrow_table()["unknown_fields"].to_pylist(),
            "polars": pl.scan_delta(there).collect()["unknown_fields"].to_list(),
            "open_dataset": voxframe.open_dataset(tmp_path).arrow(name)
            .to_table()["unknown_fields"].to_pylist(),
            "duckdb": [row[0] for row in voxframe.open_dataset(tmp_path).duckdb()
                       .execute(f"select unknown_fields from {name}").fetchall()],
        }  # fmt: skip
        for reader, found in texts.items():
            values = sorted(str(json.loads(text)["x"]) for text in found if text)
            assert values == ["1", "1", "1.5", "1.5", "text", "text"], reader
    calls = voxframe.open_dataset(tmp_path).read().tables["calls"]
    assert calls["x"].to_pylist() == [None, None, "1", "1", "1.5", "1.5", "text", "text"]
    assert calls.schema.field("remote_number_type").type == voxframe.CallHistory.from_parquet(
        _parquet(tmp_path)
    ).tables["calls"].schema.field("remote_number_type").type  # fmt: skip
    assert DeltaTable(str(tmp_path / "calls")).metadata().partition_columns == ["start_day"]


def _parquet(tmp_path):
    write(Place(tmp_path / "parquet" / "h"), CHANGING)
    return tmp_path / "parquet" / "h"


def test_days_on_their_way_lie_beside_the_tables_and_what_a_killed_run_left_is_removed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.mkdtemp", None)
    left = tmp_path / "_voxframe" / "staging" / "calls.start_day=2026-10-01.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"cut sh")
    with syncing(Place(tmp_path, "delta"), QUERY, second(0), lookback=0, keep=True) as running:
        running.begin([Interval(second(0), second(1))])
        assert not left.exists()
        running.write(Interval(second(0), second(0) + 3600), tables_of(0), receipt(0, FIRST_DAY))
        assert running._open.day
    assert not left.parent.exists()
    write(Place(tmp_path, "delta"), CHANGING)
    assert not left.parent.exists()
    assert voxframe.open_dataset(tmp_path).arrow("sessions").count_rows() == 2 * len(CHANGING)


def test_polars_reads_the_rows_and_types_of_every_table(tmp_path):
    with serving(account(late=0.0, slow_bills=0.0)) as service:
        service.client.sync_call_history(tmp_path, FIRST, format="delta")
    data = voxframe.open_dataset(tmp_path)
    for name in SCHEMAS:
        want = pl.from_arrow(data.arrow(name).to_table())
        got = pl.scan_delta(str(tmp_path / name)).collect()
        order = [column for column in got.columns if column.endswith("_id")][:2]
        assert len(got)
        assert got.schema == want.schema
        assert got.sort(order).equals(want.sort(order))
    calls = pl.scan_delta(str(tmp_path / "calls"))
    assert calls.collect_schema()["cost"] == pl.Decimal(18, 9)
    assert calls.collect_schema()["start_time"] == pl.Datetime("us", "UTC")
    exact = pc.sum(data.read().tables["calls"]["cost"]).as_py()
    assert calls.select(pl.col("cost").sum()).collect().item() == exact


def broken_at(monkeypatch, name):
    whole = delta_tables.Tables.commit

    def commit(self, table, at, *rest):
        if at == name:
            raise KeyboardInterrupt
        whole(self, table, at, *rest)

    patch = monkeypatch.context()
    return patch, commit


def test_calls_keep_their_order_where_a_day_is_written_in_many_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("voxframe._dataset.day._ROWS", 7)
    world = account(late=0.0, slow_bills=0.0)
    law = Follower(world, FIRST)
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format="delta")
    law.sync(THREE_DAYS)
    law.check(tmp_path)


@pytest.mark.parametrize("name", ["sessions", "calls", "resource_usage"])
def test_a_run_killed_between_two_tables_is_completed_and_not_doubled(tmp_path, monkeypatch, name):
    world = account(late=0.0, slow_bills=0.0)
    law = Follower(world, FIRST)
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format="delta")
        law.sync(THREE_DAYS)
        world.advance(9 * 86_400)
        service.client.sync_call_history(tmp_path)
        law.sync(THREE_DAYS)
        # A day that is settled is repaired, and the repair is killed.
        new = world.add(2, start="2026-10-02 10:00:00")
        context, commit = broken_at(monkeypatch, name)
        with context as patch:
            patch.setattr(delta_tables.Tables, "commit", commit)
            with pytest.raises(KeyboardInterrupt):
                service.client.audit_call_history(tmp_path, repair=True)
        law.check(tmp_path)
        report = service.client.sync_call_history(tmp_path)
        assert ("2026-10-02" in report.changes["day"].astype(str).tolist()) == (
            name != "resource_usage"
        )
        if name != "resource_usage":
            assert set(new) <= set(_ids(tmp_path))
        service.client.audit_call_history(tmp_path, repair=True)
        history = voxframe.open_dataset(tmp_path).read()
        assert held(history.tables) == given(world.expected(FIRST))
        assert len(voxframe.open_dataset(tmp_path).arrow("calls").to_table()) == len(history.calls)


def _ids(path):
    history = voxframe.open_dataset(path).read()
    return history.tables["sessions"]["call_session_history_id"].to_pylist()


@pytest.fixture(scope="module")
def store():
    pytest.importorskip("moto")
    with object_store() as options:
        yield options


def test_an_object_store_is_followed_and_opened(store):
    url, world = f"s3://{BUCKET}/one", account()
    law = Follower(world, FIRST)
    with serving(world) as service:
        for days in (0, 1, 4):
            world.advance(days * 86_400)
            service.client.sync_call_history(url, FIRST, storage_options=store)
            law.sync(THREE_DAYS)
        assert len(service.client.audit_call_history(url, storage_options=store)) == 0
    data = voxframe.open_dataset(url, storage_options=store)
    assert held(data.read().tables) == law.sessions
    assert data.days["sessions"].sum() == len(law.sessions)
    assert SECRET not in repr(data)


def test_an_object_that_is_gone_is_named_and_its_day_read_again(store):
    url, world = f"s3://{BUCKET}/three", account(late=0.0, slow_bills=0.0)
    with serving(world) as service:
        service.client.sync_call_history(url, FIRST, storage_options=store)
        calls = DeltaTable(f"{url}/calls", storage_options=store).to_pyarrow_dataset()
        (file,) = (name for name in calls.files if "start_day=2026-10-02" in name)
        calls.filesystem.delete_file(file)
        with pytest.raises(ExportError, match=r"calls/start_day=2026-10-02.* cannot be read"):
            service.client.audit_call_history(url, storage_options=store)
        found = service.client.audit_call_history(url, storage_options=store, repair=True)
        assert found["damaged"].tolist() == [True]
        after = voxframe.open_dataset(url, storage_options=store).read()
        assert held(after.tables) == given(world.expected(FIRST))
        assert len(service.client.audit_call_history(url, storage_options=store)) == 0


def test_of_two_writers_at_once_one_ends_with_an_error_and_nothing_is_mixed(store, full):
    url, world = f"s3://{BUCKET}/two", account(late=0.0, slow_bills=0.0)
    with serving(world) as service:
        place = Place(url, None, store)
        query = service.client._identity(prepare_sync(OPTIONS).reading)
        service.client.sync_call_history(url, FIRST, storage_options=store)
        world.add(2, start="2026-10-02 10:00:00")
        with syncing(place, query, None, lookback=0, keep=True) as first:
            service.client.sync_call_history(url, storage_options=store)
            after = held(voxframe.open_dataset(url, storage_options=store).read().tables)
            first.begin([Interval(first.manifest.first, first.manifest.end)])
            with pytest.raises(ExportError, match="another writer meanwhile"):
                first.write(
                    Interval(first.manifest.first, first.manifest.end),
                    tables_of(1),
                    receipt(0, FIRST_DAY),
                )
        assert held(voxframe.open_dataset(url, storage_options=store).read().tables) == after
        assert after == given(world.expected(FIRST))

        failed = []

        def run():
            try:
                service.client.sync_call_history(url, storage_options=store)
            except ExportError as error:
                failed.append(error)

        for _ in range(3 if full else 1):
            world.advance(3600)
            writers = [threading.Thread(target=run) for _ in range(2)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            service.client.sync_call_history(url, storage_options=store)
            now = held(voxframe.open_dataset(url, storage_options=store).read().tables)
            assert now == given(world.expected(FIRST))
        assert all("another writer" in str(error) for error in failed)


def test_of_two_that_have_begun_the_one_that_began_last_wins(store):
    url, world = f"s3://{BUCKET}/four", account(late=0.0, slow_bills=0.0)
    with serving(world) as service:
        service.client.sync_call_history(url, FIRST, storage_options=store)
    place = Place(url, None, store)
    query = service.client._identity(prepare_sync(OPTIONS).reading)
    with (
        syncing(place, query, None, lookback=0, keep=False) as first,
        syncing(place, query, None, lookback=0, keep=False) as other,
    ):
        for running in (first, other):
            running.begin([Interval(second(0), second(4))])
        words = "another writer meanwhile.*what was there before is whole.*if anything"
        with pytest.raises(ExportError, match=words):
            first.write(Interval(second(0), second(4)), tables_of(1), receipt(0, FIRST_DAY))
        other.write(Interval(second(0), second(4)), tables_of(2), receipt(0, FIRST_DAY))
        other.finish(receipt(0, FIRST_DAY))
    there = voxframe.open_dataset(url, storage_options=store).read("2026-10-01", "2026-10-05")
    ids = there.tables["calls"]["call_session_history_id"].to_pylist()
    assert ids == tables_of(2)["calls"]["call_id"].to_pylist()


def test_a_store_that_cannot_be_reached_is_said_without_its_key(store):
    wrong = {**store, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "max_retries": "0",
             "retry_timeout": "1s"}  # fmt: skip
    with serving(account()) as service, pytest.raises(ExportError) as caught:
        service.client.sync_call_history(f"s3://{BUCKET}/x", FIRST, storage_options=wrong)
    assert SECRET not in str(caught.value)
    assert service.requests == 0


def test_what_does_not_go_together_is_refused(tmp_path):
    with serving(account()) as service:
        sync = service.client.sync_call_history
        before = service.requests
        with pytest.raises(InvalidQueryError, match="storage_options"):
            sync(tmp_path / "a", FIRST, storage_options={"x": "y"})
        with pytest.raises(ExportError, match="is a URL"):
            sync("s3://bucket/x", FIRST, format="parquet")
        with pytest.raises(InvalidQueryError, match="from_date: is needed"):
            sync(tmp_path / "none", format="delta")
        assert service.requests == before
        sync(tmp_path / "p", FIRST)
        with pytest.raises(ExportError, match="holds a Parquet dataset"):
            sync(tmp_path / "p", format="delta")
        sync(tmp_path / "d", FIRST, format="delta")
        with pytest.raises(ExportError, match="another query"):
            sync(tmp_path / "d", user_id=7)
        with pytest.raises(ExportError, match="holds Delta tables: name no format"):
            sync(tmp_path / "d", format="parquet")
        with pytest.raises(ExportError, match="holds Delta tables of a sync"):
            service.export(tmp_path / "d", FIRST, "2026-10-02")
        with contextlib.suppress(ExportError):
            assert len(voxframe.open_dataset(tmp_path / "d").read())


def test_an_account_without_a_session(tmp_path):
    world = World(sessions=0, now="2026-10-05 12:00:00", motion=Motion())
    with serving(world) as service:
        for _ in range(2):
            report = service.client.sync_call_history(tmp_path, FIRST, format="delta")
            assert len(report.changes) == 0
        assert len(voxframe.open_dataset(tmp_path).read()) == 0
