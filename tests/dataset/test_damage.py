"""Files of a dataset that are gone, cut short or overwritten: named, and their days read again."""

import json
import shutil

import pytest
from pyarrow import parquet as pq

import voxframe
from tests.support.faulty import serving
from tests.support.following import LISTS, given, held
from voxframe._cli.main import main
from voxframe._spec.tables import SCHEMAS
from voxframe.emulator import Motion, World
from voxframe.errors import DamageError, ExportError

FIRST, DAY = "2026-10-01", "2026-10-03"
FORMS = pytest.mark.parametrize("form", ["parquet", "delta"])


def account(**motion):
    return World(
        sessions=150, start=FIRST, end="2026-10-10", seed=5, now="2026-10-20",
        motion=Motion(late=0.0, slow_bills=0.0, **motion),
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
    elif harm == "zeros":
        file.write_bytes(b"\0" * len(whole))
    elif harm == "one bit":
        middle = len(whole) // 3
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])


def all_of(path):
    return held(voxframe.open_dataset(path).read().tables)


@FORMS
@pytest.mark.parametrize(
    ("harm", "table"), [("gone", "sessions"), ("cut short", "calls"), ("gone", "resource_usage")]
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
        assert days == [DAY]
        assert report.receipt.mended["damaged_days"] == 1
        # Nothing is new, so nothing is said to be.
        assert report.changes[["added", "changed", "vanished"]].sum().sum() == 0
        assert report.changes["damaged"].all()
        assert "1 damaged days read again" in repr(report)
        assert len(report.lost) == 0
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


def cut_out(file):
    """Take a file away; return what puts it back."""
    whole = file.read_bytes()
    file.unlink()
    return lambda: file.write_bytes(whole)


def flip(file):
    whole = file.read_bytes()
    middle = len(whole) // 3
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    return lambda: file.write_bytes(whole)


def files_of(path):
    return {f: f.read_bytes() for name in SCHEMAS for f in (path / name).rglob("*.parquet")}


@pytest.mark.parametrize(
    ("form", "table", "repair"),
    [
        ("parquet", "sessions", False),
        ("parquet", "calls", False),
        ("parquet", "resource_usage", True),
        ("delta", "sessions", False),
        ("delta", "calls", True),
    ],
)
def test_a_damaged_day_of_what_the_service_purged_stays_until_it_is_whole(
    tmp_path, form, table, repair
):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        before = all_of(tmp_path)
        gone = world.some(3, start=(DAY, "2026-10-04"))
        world.purge(gone)
        (late,) = world.add(1, start="2026-10-05 10:00:00")
        # Only what reads every byte finds a flipped one, which Delta knows nothing of.
        file = file_of(tmp_path, table)
        put_back = flip(file) if repair and form == "parquet" else cut_out(file)
        left = files_of(tmp_path)

        def run():
            if repair:
                return service.client.audit_call_history(tmp_path, repair=True)
            return service.client.sync_call_history(tmp_path)

        words = f"{DAY}: .*{table}.*, and the service no longer gives .*[Pp]ut the file back"
        for _ in range(2):
            with pytest.raises(DamageError, match=words) as caught:
                run()
            lost = caught.value.lost.iloc[0]
            assert lost[table] == sum(
                1 if table == "sessions" else len(before[n][LISTS[table]]) for n in gone
            )
            assert str(file) in lost["what"]
            # Nothing that is there of the day was touched.
            assert {f: b for f, b in files_of(tmp_path).items() if f in left and DAY in str(f)} == {
                f: b for f, b in left.items() if DAY in str(f)
            }
            if repair:
                report = caught.value.report.set_index("day")
                assert report["repaired"].tolist() == [False, True][: len(report)]
                assert bool(report["damaged"].iloc[0])
        put_back()
        run()
        after = all_of(tmp_path)
        assert after.keys() - before.keys() == ({late} if repair else set())
        assert {n: after[n] for n in before} == before
        assert len(service.client.audit_call_history(tmp_path)) == (0 if repair else 2)


@pytest.mark.parametrize("table", ["sessions", "calls"])
@FORMS
def test_what_cannot_be_had_again_is_given_up_by_who_says_so(tmp_path, form, table):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        before = all_of(tmp_path)
        gone = world.some(3, start=(DAY, "2026-10-04"))
        world.purge(gone)
        file_of(tmp_path, table).write_bytes(b"what somebody put here")
        old = files_of(tmp_path)
        report = service.client.sync_call_history(tmp_path, vanished="intact")
        assert report.lost["day"].dt.strftime("%Y-%m-%d").tolist() == [DAY]
        assert "1 of which something is lost" in repr(report)
        after = all_of(tmp_path)
        if table == "sessions":
            assert after == {n: s for n, s in before.items() if n not in gone}
        else:
            assert after == before | {n: before[n] | {"calls": []} for n in gone}
        if form == "parquet":
            # All that was there of the day is kept beside.
            (aside,) = (tmp_path / "_voxframe" / "damaged").iterdir()
            kept = {f.relative_to(aside): f.read_bytes() for f in aside.rglob("*.parquet")}
            assert kept == {
                f.relative_to(tmp_path): b for f, b in old.items() if DAY in f.parent.name
            }
        assert len(service.client.sync_call_history(tmp_path).changes) == 0
        assert len(service.client.audit_call_history(tmp_path)) == 0


def test_with_drop_a_damaged_day_is_as_the_service_has_it(tmp_path):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        world.purge(world.some(3, start=(DAY, "2026-10-04")))
        file_of(tmp_path, "sessions").unlink()
        report = service.client.sync_call_history(tmp_path, vanished="drop")
        assert len(report.lost) == 0
        assert all_of(tmp_path) == given(world.expected(FIRST))


def test_late_sessions_make_good_for_none_that_are_lost(tmp_path):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        before = all_of(tmp_path)
        gone = world.some(2, start=(DAY, "2026-10-04"))
        world.purge(gone)
        world.add(6, start=f"{DAY} 10:00:00")
        for table in ("sessions", "calls"):
            put_back = cut_out(file_of(tmp_path, table))
            with pytest.raises(DamageError) as caught:
                service.client.sync_call_history(tmp_path)
            assert caught.value.lost["calls"].tolist() == [
                sum(len(before[n]["calls"]) for n in gone)
            ]
            put_back()


def test_links_that_the_service_cleared_are_kept_where_only_sessions_are_lost(tmp_path):
    world = account(retention=None)
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        calls = voxframe.open_dataset(tmp_path).read().tables["calls"]
        world.advance(400 * 86_400)
        file_of(tmp_path, "sessions").unlink()
        service.client.sync_call_history(tmp_path)
        assert voxframe.open_dataset(tmp_path).read().tables["calls"].equals(calls)


@FORMS
@pytest.mark.parametrize("table", ["sessions", "calls"])
def test_a_table_that_is_away_is_refused_before_any_request(tmp_path, form, table):
    world, path = account(), tmp_path / "h"
    with serving(world) as service:
        service.client.sync_call_history(path, FIRST, format=form)
        world.purge(world.some(3, start=(DAY, "2026-10-04")))
        before, requests = all_of(path), service.requests
        (path / table).rename(tmp_path / "away")
        words = rf"h/{table} is not there.*is the disk mounted\?"
        for call in (service.client.sync_call_history, service.client.audit_call_history):
            with pytest.raises(ExportError, match=words):
                call(path)
        with pytest.raises(ExportError, match=words):
            service.client.audit_call_history(path, repair=True)
        with pytest.raises(ExportError, match=f"{table}.* (missing|not there)|no Delta table"):
            voxframe.open_dataset(path).read()
        if form == "parquet":
            # As where nothing is mounted.
            (path / table).mkdir()
            with pytest.raises(ExportError, match="holds none of its 9 files: is the disk"):
                service.client.sync_call_history(path)
            (path / table).rmdir()
        assert service.requests == requests
        (tmp_path / "away").rename(path / table)
        service.client.sync_call_history(path)
        assert all_of(path) == before


@FORMS
def test_a_table_that_is_lost_is_read_again_by_who_says_so(tmp_path, form):
    world = account()
    with serving(world) as service:
        service.client.sync_call_history(tmp_path, FIRST, format=form)
        before = all_of(tmp_path)
        shutil.rmtree(tmp_path / "calls")
        report = service.client.sync_call_history(tmp_path, vanished="intact")
        assert len(report.changes) == 9
        assert all_of(tmp_path) == before


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


def test_an_export_that_cannot_be_repaired_stays_as_it_is(tmp_path):
    world = account()
    with serving(world) as service:
        service.export(tmp_path, FIRST, "2026-10-05")
        before = all_of(tmp_path)
        world.purge(world.some(3, start=(DAY, "2026-10-04")))
        harmed(tmp_path, "calls", "cut short")
        file, other = file_of(tmp_path, "records"), file_of(tmp_path, "records", "2026-10-02")
        put_back = cut_out(file)
        other.unlink()
        with pytest.raises(ExportError, match=r"repair=True\) reads its day again$"):
            service.export(tmp_path, FIRST, "2026-10-05")
        with pytest.raises(DamageError, match=f"{DAY}: .*cut short.*; .*is missing.*calls"):
            service.client.audit_call_history(tmp_path, repair=True)
        put_back()
        # It is one day that is not whole, not an export that was broken off.
        assert voxframe.open_dataset(tmp_path).days["sessions"].sum() == len(before)
        assert all_of_but(tmp_path, DAY) == {
            n: each for n, each in before.items() if each["start_date"][:10] != DAY
        }


def all_of_but(path, day):
    tables = [voxframe.open_dataset(path).read(FIRST, day).tables]
    tables += [voxframe.open_dataset(path).read("2026-10-04").tables]
    return {number: row for each in tables for number, row in held(each).items()}


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


def test_the_commands_say_what_is_damaged_and_cannot_be_had_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    world = account()
    with serving(world) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", service.emulator.base_url)
        service.client.sync_call_history("h", FIRST)
        world.purge(world.some(2, start=(DAY, "2026-10-04")))
        harmed(tmp_path / "h", "sessions", "gone")
        harmed(tmp_path / "h", "calls", "cut short")
        file_of(tmp_path / "h", "sessions", "2026-10-06").unlink()
        assert main(["audit", "h"]) == 1
        said = capsys.readouterr().err
        # All of them, not only the first one.
        assert said.count("is missing") == 2
        assert said.count("cut short") == 1
        assert main(["sync", "h"]) == 1
        out, err = capsys.readouterr()
        assert "damaged, and read again: 2026-10-06" in out
        assert f"left as it was: {DAY}" in out
        assert "voxframe sync with --vanished intact" in err
        assert main(["sync", "h", "--json"]) == 1
        line = json.loads(capsys.readouterr().out)
        assert (line["ok"], line["error"]) == (False, "DamageError")
        assert [each["sessions"] for each in line["lost"]] == [2]
        assert main(["audit", "h", "--repair"]) == 1
        assert f"{DAY}: settled, damaged, 3 held, 1 counted; left as it was" in (
            capsys.readouterr().out
        )
        assert main(["sync", "h", "--vanished", "intact"]) == 0
        assert f"given up: {DAY}" in capsys.readouterr().out
        assert main(["audit", "h"]) == 0


@pytest.mark.parametrize("write", ["sync", "export"])
@pytest.mark.parametrize("harm", ["gone", "empty", "cut short", "of another"])
def test_a_manifest_that_is_lost_is_said_with_its_cause_and_a_way_back(tmp_path, write, harm):
    cause = {
        "gone": "holds days and no manifest",
        "empty": "it is empty",
        "cut short": "it is not JSON",
        "of another": "something in it is missing",
    }[harm]
    world, days = account(), (FIRST, "2026-10-05")
    with serving(world) as service:
        call = getattr(service.client, f"{write}_call_history")
        call(tmp_path, *days)
        before = all_of(tmp_path)
        world.purge(world.some(3, start=(DAY, "2026-10-04")))
        notes = tmp_path / "_voxframe" / "manifest.json"
        text = notes.read_text()
        if harm == "gone":
            notes.unlink()
        else:
            notes.write_text({"empty": "", "cut short": text[:500], "of another": "{}"}[harm])
        requests = service.requests
        for again in (
            lambda: call(tmp_path, *days),
            lambda: service.client.audit_call_history(tmp_path),
            lambda: voxframe.open_dataset(tmp_path),
        ):
            with pytest.raises(ExportError, match=f"{cause}.*copy manifest.json.bak beside it"):
                again()
        assert service.requests == requests
        shutil.copy(notes.with_name("manifest.json.bak"), notes)
        call(tmp_path, *days)
        assert all_of(tmp_path) == before
        notes.unlink()
        notes.with_name("manifest.json.bak").unlink()
        with pytest.raises(ExportError, match="from a backup, or name another folder"):
            call(tmp_path, *days)
