"""One schema whatever comes, and nothing touched that was not written here."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import voxframe
from voxframe._dataset.disk import local_path, of_the_system
from voxframe._dataset.layout import STORED, by_day, file_name, restored, stored
from voxframe._dataset.manifest import Manifest, Stretch
from voxframe._dataset.parquet import exporting
from voxframe._read.interval import Interval
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

FIRST = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
QUERY = {
    "from_date": FIRST.isoformat(),
    "to_date": (FIRST + 4 * DAY).isoformat(),
    "inclusive": "left",
    "filters": [],
    "fingerprint": "0",
}


def second(day):
    return int((FIRST + day * DAY).timestamp())


def tables_of(day, *, sessions=2, **extra):
    """A day with so many sessions, a call each; extra fields on both."""
    ids = [day * 10 + i for i in range(sessions)]
    rows = {
        "sessions": {
            "call_session_history_id": ids,
            "start_date": [FIRST + day * DAY + timedelta(hours=i) for i in range(sessions)],
        },
        "calls": {"call_session_history_id": ids, "call_id": ids},
    }
    tables = {}
    for name, schema in SCHEMAS.items():
        given = rows.get(name, {})
        size = len(ids) if given else 0
        columns = [
            pa.array(given[f.name], f.type) if f.name in given else pa.nulls(size, f.type)
            for f in schema
        ]
        more = {key: pa.array([value] * size) for key, value in extra.items()} if given else {}
        fields = [*schema, *(pa.field(key, column.type) for key, column in more.items())]
        tables[name] = pa.table([*columns, *more.values()], schema=pa.schema(fields))
    return tables


def receipt(day, read_at):
    return Receipt(
        from_date=FIRST + day * DAY, to_date=FIRST + (day + 1) * DAY, read_at=read_at, requests=1
    )


def export(path, fields=({}, {}, {}, {}), *, overwrite=False, now=FIRST + 30 * DAY, query=QUERY):
    window = Interval(second(0), second(4))
    with exporting(path, query, window, overwrite=overwrite) as folder:
        while (at := folder.resume_from()) is not None:
            for day in range((at - second(0)) // 86_400, 4):
                interval = Interval(second(day), second(day + 1))
                folder.write(interval, tables_of(day, **fields[day]), receipt(day, now))
            break
        return folder.finish()


CHANGING = ({}, {"x": 1, "start_day": 5}, {"x": 1.5, "calls": True}, {"x": "text"})


def test_four_readers_read_fields_that_begin_end_and_change_their_type(tmp_path):
    export(tmp_path / "h", CHANGING)
    for name in ("sessions", "calls"):
        folder = tmp_path / "h" / name
        table = ds.dataset(folder, partitioning="hive").to_table()
        assert table.column_names == [*STORED[name].names, "start_day"]
        frames = {
            "pandas": pd.read_parquet(folder)["unknown_fields"].dropna().tolist(),
            "pyarrow": table["unknown_fields"].drop_null().to_pylist(),
            "polars": pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True)
            .select("unknown_fields")
            .collect()["unknown_fields"]
            .drop_nulls()
            .to_list(),
            "duckdb": [
                row[0]
                for row in duckdb.connect()
                .execute(
                    f"select unknown_fields from read_parquet('{folder}/*/*.parquet', "
                    "hive_partitioning=true) where unknown_fields is not null"
                )
                .fetchall()
            ],
        }
        for reader, texts in frames.items():
            values = sorted(str(json.loads(text)["x"]) for text in texts)
            assert values == ["1", "1", "1.5", "1.5", "text", "text"], reader


def test_unknown_fields_come_back_as_columns_of_one_type(tmp_path):
    export(tmp_path / "a", CHANGING)
    table = voxframe.CallHistory.from_parquet(tmp_path / "a").tables["calls"]
    assert table["x"].to_pylist() == [None, None, "1", "1", "1.5", "1.5", "text", "text"]
    assert table["start_day"].to_pylist() == [None, None, 5, 5, None, None, None, None]
    assert table["calls"].type == pa.bool_()
    export(tmp_path / "b", (*CHANGING[:3], {}))
    table = voxframe.CallHistory.from_parquet(tmp_path / "b").tables["calls"]
    assert table["x"].to_pylist() == [None, None, 1.0, 1.0, 1.5, 1.5, None, None]


def test_a_field_that_is_documented_by_now_is_its_column_and_older_files_are_read():
    table = tables_of(0, direction_of_old="x")["calls"]
    old = table.drop_columns(["direction"]).rename_columns({"direction_of_old": "direction"})
    back = restored(old, "calls", "a file")
    assert back.schema.names == SCHEMAS["calls"].names
    assert back["direction"].to_pylist() == ["x", "x"]
    with pytest.raises(ExportError, match="a file is not a table of calls"):
        restored(pa.table({"x": [1]}), "calls", "a file")


def test_the_manifest_knows_each_day(tmp_path):
    export(tmp_path / "h")
    manifest = Manifest.load(tmp_path / "h")
    assert list(manifest.days) == [f"2026-10-0{d}" for d in (1, 2, 3, 4)]
    for name, day in manifest.days.items():
        assert day.rows == {"sessions": 2, "calls": 2, "records": 0, "resource_usage": 0}
        assert day.cost == 0
        assert day.read_at == FIRST + 30 * DAY
        assert set(day.files) == {file_name(table, name) for table in SCHEMAS}
        for file, size in day.files.items():
            assert (tmp_path / "h" / file).stat().st_size == size


def test_days_that_were_not_over_are_read_again(tmp_path):
    path = tmp_path / "h"
    told = export(path, now=FIRST + 2 * DAY + timedelta(hours=5))
    assert "2026-10-03 05:00:00 UTC" in told.settled
    assert len(voxframe.CallHistory.from_parquet(path)) == 8
    assert Manifest.load(path).resume_from() == second(2)
    kept = (path / file_name("calls", "2026-10-02")).stat().st_mtime_ns
    assert export(path).sessions == 8
    assert Manifest.load(path).resume_from() is None
    assert (path / file_name("calls", "2026-10-02")).stat().st_mtime_ns == kept


def test_a_day_that_is_read_again_and_empty_is_gone(tmp_path):
    path = tmp_path / "h"
    export(path, now=FIRST)
    with exporting(path, QUERY, Interval(second(0), second(4)), overwrite=False) as folder:
        nothing = {name: schema.empty_table() for name, schema in SCHEMAS.items()}
        folder.write(Interval(second(0), second(3)), nothing, receipt(0, FIRST + 9 * DAY))
        folder.write(Interval(second(3), second(4)), tables_of(3), receipt(3, FIRST + 9 * DAY))
        assert folder.finish().sessions == 2
    assert [p.name for p in (path / "calls").iterdir()] == ["start_day=2026-10-04"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_of_others_are_never_touched(tmp_path, overwrite):
    path = tmp_path / "h"
    export(path)
    (path / "report.html").write_text("mine")
    (path / ".DS_Store").write_text("")
    (path / "calls" / "start_day=2026-10-01" / "._part-0.parquet").write_text("")
    export(path, overwrite=overwrite)
    assert (path / "report.html").read_text() == "mine"
    other = path / "calls" / "start_day=2025-01-01" / "part-0.parquet"
    other.parent.mkdir()
    other.write_text("mine")
    with pytest.raises(ExportError, match=r"start_day=2025-01-01/part-0\.parquet was not written"):
        export(path, overwrite=overwrite)
    with pytest.raises(ExportError, match=r"start_day=2025-01-01/part-0\.parquet was not written"):
        voxframe.CallHistory.from_parquet(path)
    assert other.read_text() == "mine"


def test_what_is_missing_or_cut_is_named_and_overwrite_mends_it(tmp_path):
    path = tmp_path / "h"
    file = path / file_name("calls", "2026-10-02")
    for harm in (file.unlink, lambda: file.write_bytes(file.read_bytes()[:300])):
        export(path, overwrite=True)
        harm()
        for again in (export, voxframe.CallHistory.from_parquet):
            with pytest.raises(ExportError, match=r"calls/start_day=2026-10-02/part-0\.parquet"):
                again(path)
    assert export(path, overwrite=True).sessions == 8
    assert len(voxframe.CallHistory.from_parquet(path)) == 8


def test_a_kill_at_any_step_of_a_replacement_leaves_the_old_or_the_new(tmp_path, monkeypatch):
    """Stop after each step of the file system in turn, without any clean-up, as a kill does."""
    from voxframe._dataset import disk, manifest, parquet, placing

    class Kill(BaseException):
        pass

    def killed_at(step, path):
        left = [step]

        def counted(function):
            def call(*args):
                left[0] -= 1
                if left[0] < 0:
                    raise Kill
                return function(*args)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(placing, "move", counted(disk.move))
            patch.setattr(manifest, "write_text", counted(disk.write_text))
            patch.setattr(placing, "discard", counted(disk.discard))
            patch.setattr(parquet.ParquetFolder, "close", lambda _: None)
            try:
                export(path, CHANGING, overwrite=True)
            except Kill:
                return True
            return False

    step, seen = 0, set()
    while True:
        path = tmp_path / str(step)
        export(path)
        killed = killed_at(step, path)
        for _ in range(2):
            table = voxframe.CallHistory.from_parquet(path).tables["calls"]
            assert len(table) == 8
            seen.add(new := "x" in table.column_names)
            assert export(path).sessions == 8
            assert (
                "x" in voxframe.CallHistory.from_parquet(path).tables["calls"].column_names
            ) == new
        if not killed:
            break
        step += 1
    assert seen == {False, True}
    assert step > 16


def test_odd_manifests_are_named(tmp_path):
    path = tmp_path / "h"
    export(path)
    notes = path / "_voxframe" / "manifest.json"
    good = json.loads(notes.read_text())
    odd = [
        {**good, "version": 1},
        {**good, "days": []},
        {**good, "read": [[1]]},
        {**good, "query": {}},
        {**good, "placing": ["x"]},
        {**good, "removing": ["../../etc/passwd/x"]},
        {**good, "receipt": {"requests": "x"}},
        {**good, "first": None},
        [],
        None,
    ]
    for text in [*map(json.dumps, odd), "\xff\xfe", "{"]:
        notes.write_text(text, encoding="latin-1")
        for again in (export, voxframe.CallHistory.from_parquet):
            with pytest.raises(ExportError, match=r"manifest\.json"):
                again(path)


def test_a_folder_of_the_first_form_is_read(tmp_path):
    path = tmp_path / "h"
    export(path)
    notes = path / "_voxframe" / "manifest.json"
    new = json.loads(notes.read_text())
    days = {name: day["rows"] for name, day in new["days"].items()}
    old = {"version": 1, "query": QUERY, "days": days, "complete": True, "receipt": new["receipt"]}
    for name in SCHEMAS:
        for day in days:
            file = path / file_name(name, day)
            part = pa.parquet.read_table(file, partitioning=None).drop_columns(["unknown_fields"])
            pa.parquet.write_table(part.replace_schema_metadata(None), file)
    notes.write_text(json.dumps(old))
    assert len(voxframe.CallHistory.from_parquet(path)) == 8
    assert export(path).sessions == 8
    notes.write_text(json.dumps({**old, "complete": False}))
    with pytest.raises(ExportError, match="not finished"):
        voxframe.CallHistory.from_parquet(path)
    assert export(path).sessions == 8
    assert Manifest.load(path).version == 2


def test_two_thousand_years_are_no_list_of_days(tmp_path):
    end = second(0) + 2000 * 366 * 86_400
    query = {**QUERY, "to_date": "3999-01-01T00:00:00+00:00"}
    with exporting(tmp_path / "h", query, Interval(second(0), end), overwrite=False) as folder:
        folder.write(Interval(second(0), end), tables_of(1), receipt(0, FIRST))
        folder.finish()
    assert len((tmp_path / "h" / "_voxframe" / "manifest.json").read_text()) < 3_000


def test_an_oserror_of_another_is_not_told_as_one_of_the_folder(tmp_path):
    with (
        pytest.raises(BrokenPipeError),
        exporting(tmp_path / "h", QUERY, Interval(0, 1), overwrite=False),
    ):
        raise BrokenPipeError


@pytest.mark.parametrize(
    "path",
    ["s3://b/x", "gs://b/x", "file:///x", "abfss://c@a/x", "memory://x", "s3:/b/x", "", "a\0"],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ExportError, match="path: "):
        local_path(path)


def test_the_home_folder_and_links(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_path("~/x") == tmp_path / "x"
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    export(tmp_path / "link")
    export(tmp_path / "link", CHANGING, overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert len(voxframe.CallHistory.from_parquet(tmp_path / "real")) == 8
    monkeypatch.chdir(tmp_path / "real")
    export(".", overwrite=True)


@pytest.mark.parametrize("name", [".DS_Store", "._x", "lost+found", "Thumbs.db", ".gitkeep"])
def test_files_of_an_operating_system_do_not_stop_it(tmp_path, name):
    assert of_the_system(name)
    (tmp_path / name).write_text("")
    export(tmp_path)
    assert (tmp_path / name).exists()


def test_a_disk_without_locks_or_syncs_of_folders(tmp_path, monkeypatch):
    import errno
    import fcntl

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    sync = os.fsync

    def files_only(handle):
        if Path(f"/proc/self/fd/{handle}").is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(handle)

    monkeypatch.setattr(fcntl, "flock", none)
    monkeypatch.setattr(os, "fsync", files_only)
    export(tmp_path / "h")
    history = voxframe.CallHistory.from_parquet(tmp_path / "h")
    history.to_parquet(tmp_path / "one")
    assert len(voxframe.CallHistory.from_parquet(tmp_path / "one")) == 8


def test_several_as_one_and_the_latest_read_wins(tmp_path):
    export(tmp_path / "late", ({"x": 2},) * 4, now=FIRST + 40 * DAY)
    export(tmp_path / "early", ({"x": 1},) * 4, now=FIRST + 30 * DAY)
    both = voxframe.CallHistory.from_parquet([tmp_path / "late", tmp_path / "early"])
    assert len(both) == 8
    assert both.receipt.sessions == 8
    assert both.receipt.duplicates == 8
    assert set(both.tables["calls"]["x"].to_pylist()) == {2}
    with pytest.raises(ValueError, match="at least one"):
        voxframe.CallHistory.concat([])


def test_to_parquet_replaces_its_own_only_and_finishes_what_was_cut(tmp_path, monkeypatch):
    from voxframe._dataset import files

    export(tmp_path / "h")
    history = voxframe.CallHistory.from_parquet(tmp_path / "h")
    pd.DataFrame({"label": [1]}).to_parquet(tmp_path / "calls.parquet")
    (tmp_path / "mine").mkdir()
    (tmp_path / "calls.parquet").rename(tmp_path / "mine" / "calls.parquet")
    with pytest.raises(ExportError, match=r"calls\.parquet was not written by voxframe"):
        history.to_parquet(tmp_path / "mine")
    out = tmp_path / "out"
    voxframe.CallHistory(
        {n: s.empty_table() for n, s in SCHEMAS.items()}, history.receipt
    ).to_parquet(out)
    moved = []

    def move(source, place):
        if len(moved) == 2:
            raise KeyboardInterrupt
        moved.append(source)
        source.replace(place)

    with monkeypatch.context() as patch:
        patch.setattr(files, "move", move)
        with pytest.raises(KeyboardInterrupt):
            history.to_parquet(out)
    assert len(voxframe.CallHistory.from_parquet(out)) == 8
    history.to_parquet(out)
    assert sorted(p.name for p in out.iterdir()) == sorted(f"{n}.parquet" for n in SCHEMAS)


def test_days_are_cut_and_packed_without_loss():
    tables = tables_of(1, x=1)
    assert [day for day, _ in by_day(tables)] == [second(1) // 86_400]
    packed = stored(tables["calls"], "calls")
    assert packed.schema.names == STORED["calls"].names
    assert restored(packed, "calls", "it").equals(tables["calls"])


def test_a_stretch_knows_which_of_its_days_were_over():
    read = Stretch(second(0), second(4), FIRST + 2 * DAY + timedelta(hours=1), "r")
    assert read.over_until == second(2)
