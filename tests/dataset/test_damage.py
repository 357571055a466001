"""Files of a dataset that are gone, cut short or overwritten: named, and their days read again."""

import shutil

import pytest
from pyarrow import parquet as pq

import voxframe
from tests.support.faulty import serving
from tests.support.following import given, held
from voxframe._cli.main import main
from voxframe.emulator import Motion, World
from voxframe.errors import ExportError

FIRST, DAY = "2026-10-01", "2026-10-03"
FORMS = pytest.mark.parametrize("form", ["parquet", "delta"])


def account():
    return World(
        sessions=150, start=FIRST, end="2026-10-10", seed=5, now="2026-10-20",
        motion=Motion(late=0.0, slow_bills=0.0),
    )  # fmt: skip


def file_of(path, table, day=DAY):
    # Delta leaves what was replaced where it is.
    files = path.glob(f"{table}/start_day={day}/*.parquet")
    return max(files, key=lambda file: file.stat().st_mtime_ns)


def harmed(path, table, harm):
    file = file_of(path, table)
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    elif harm == "cut short":
        file.write_bytes(whole[:-100])
    elif harm == "folder":
        shutil.rmtree(path / table)
    elif harm == "zeros":
        file.write_bytes(b"\0" * len(whole))
    elif harm == "one bit":
        middle = len(whole) // 3
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])


def all_of(path):
    return held(voxframe.open_dataset(path).read().tables)


@FORMS
@pytest.mark.parametrize(
    ("harm", "table"), [("gone", "sessions"), ("cut short", "calls"), ("folder", "calls")]
)
def test_a_sync_reads_the_days_again(tmp_path, caplog, form, table, harm):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        harmed(tmp_path, table, harm)
        with pytest.raises(ExportError, match=table):
            service.client.audit_call_history(tmp_path)
        report = service.client.sync_call_history(tmp_path)
        days = report.changes["day"].dt.strftime("%Y-%m-%d").tolist()
        assert days == ([DAY] if harm != "folder" else [f"2026-10-0{d}" for d in range(1, 10)])
        assert report.receipt.mended["damaged_days"] == len(days)
        assert f"{table}" in caplog.text
        assert "the day is read again" in caplog.text
        assert all_of(tmp_path) == given(world.expected(FIRST))
        assert len(service.client.audit_call_history(tmp_path)) == 0
        assert len(service.client.sync_call_history(tmp_path).changes) == 0


@pytest.mark.parametrize(
    ("form", "table", "harm"),
    [
        ("parquet", "calls", "gone"),
        ("parquet", "sessions", "zeros"),
        ("parquet", "calls", "one bit"),
        ("delta", "calls", "gone"),
        ("delta", "sessions", "zeros"),
    ],
)
def test_an_audit_repairs_what_is_not_as_it_was_written(tmp_path, form, table, harm):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        (late,) = world.add(1, start="2026-10-05 10:00:00")
        harmed(tmp_path, table, harm)
        before = service.requests
        with pytest.raises(ExportError, match=f"{table}.*{DAY}.*repair=True"):
            service.client.audit_call_history(tmp_path)
        assert service.requests == before
        found = service.client.audit_call_history(tmp_path, repair=True)
        assert found["day"].dt.strftime("%Y-%m-%d").tolist() == [DAY, "2026-10-05"]
        assert found["damaged"].tolist() == [True, False]
        assert (found["held"] == found["counted"]).tolist() == [True, False]
        assert found["repaired"].all()
        sessions = all_of(tmp_path)
        assert late in sessions
        assert sessions == given(world.expected(FIRST))
        assert len(service.client.audit_call_history(tmp_path)) == 0


@FORMS
def test_what_the_service_purged_stays_as_far_as_it_can_be_read(tmp_path, caplog, form):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        before = all_of(tmp_path)
        gone = world.some(3, start=(DAY, "2026-10-04"))
        world.purge(gone)
        file_of(tmp_path, "calls").unlink()
        service.client.sync_call_history(tmp_path)
        kept = all_of(tmp_path)
        assert kept.keys() == before.keys()
        for number in gone:
            assert kept[number] == before[number] | {"calls": []}
        assert "any more" not in caplog.text
        file_of(tmp_path, "sessions").unlink()
        changes = service.client.sync_call_history(tmp_path).changes
        assert changes["sessions_before"].tolist() == [0]
        assert all_of(tmp_path).keys() == before.keys() - set(gone)
        assert f"{DAY}: 3 sessions" in caplog.text


def test_a_file_that_is_not_ours_is_kept(tmp_path):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        file_of(tmp_path, "calls").write_bytes(b"what somebody put here")
        service.client.sync_call_history(tmp_path)
        (kept,) = (tmp_path / "_voxframe" / "damaged").rglob("*.parquet")
        assert kept.read_bytes() == b"what somebody put here"
        assert all_of(tmp_path) == given(world.expected(FIRST))
        assert len(voxframe.CallHistory.from_parquet(tmp_path)) == 150


def test_an_export_is_repaired_and_stays_that_export(tmp_path):
    world = account()
    with serving(world) as service:
        service.export(tmp_path, FIRST, "2026-10-05")
        harmed(tmp_path, "resource_usage", "one bit")
        with pytest.raises(ExportError, match=r"resource_usage.*checksum"):
            service.client.audit_call_history(tmp_path)
        assert service.client.audit_call_history(tmp_path, repair=True)["damaged"].all()
        before = service.requests
        assert service.export(tmp_path, FIRST, "2026-10-05").sessions == len(
            world.expected(FIRST, "2026-10-05")
        )
        assert service.requests == before
        assert all_of(tmp_path) == given(world.expected(FIRST, "2026-10-05"))


def test_a_value_that_has_changed_on_the_disk_is_not_read_as_one(tmp_path):
    with serving(account()) as service:
        service.client.sync_call_history(tmp_path, FIRST)
    data, file = voxframe.open_dataset(tmp_path), file_of(tmp_path, "calls")
    whole = file.read_bytes()
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    # The last byte of a column is one of its values, whatever is before it.
    at = column.dictionary_page_offset or column.data_page_offset
    at += column.total_compressed_size - 1
    file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    for read in (data.read, lambda: data.read(columns=["duration"]), data.arrow("calls").to_table):
        with pytest.raises((ExportError, OSError), match=r"calls|CRC"):
            read()


def test_a_dataset_without_checksums_is_as_good_as_it_was(tmp_path):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        notes = tmp_path / "_voxframe" / "manifest.json"
        notes.write_text(notes.read_text().replace('"checksums"', '"other"'))
        assert len(service.client.audit_call_history(tmp_path)) == 0
        harmed(tmp_path, "calls", "cut short")
        assert service.client.audit_call_history(tmp_path, repair=True)["damaged"].tolist() == [
            True
        ]
        assert all_of(tmp_path) == given(world.expected(FIRST))


def test_the_command_names_damage_and_repairs_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with serving(account()) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", service.emulator.base_url)
        service.client.sync_call_history("h", FIRST)
        harmed(tmp_path / "h", "calls", "one bit")
        assert main(["audit", "h"]) == 1
        assert "--repair reads its day again" in capsys.readouterr().err
        assert main(["audit", "h", "--repair"]) == 0
        assert f"{DAY}: settled, damaged, 3 held, 3 counted; read again" in capsys.readouterr().out
        assert main(["audit", "h"]) == 0


def test_why_a_file_cannot_be_read_is_said_with_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with serving(account()) as service:
        service.client.sync_call_history("h", FIRST)
    harmed(tmp_path / "h", "calls", "zeros")
    with pytest.raises(
        ExportError,
        match=r"calls/.* cannot be read: .*magic bytes not found.*repair=True\) reads its day",
    ):
        voxframe.open_dataset("h").read()
    assert main(["report", "h", "--from", FIRST]) == 1
    said = capsys.readouterr().err
    assert "magic bytes not found" in said
    assert "voxframe audit --repair reads its day again" in said
