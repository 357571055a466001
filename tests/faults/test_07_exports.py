"""Rows 26 to 28: the disk, the kill, the other export, the folder that is not free."""

import contextlib
import errno
import json
import os
import resource
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.exporting import contents, start, tables, whole_days
from tests.support.faulty import FROM, LIGHT, TO, check, serving
from voxframe import RetryPolicy
from voxframe.emulator import Behaviour, Fault, World
from voxframe.errors import ExportError, PermissionDeniedError, TransportError

# Every request counts, and pieces of time instead of the whole month at once.
SMALL_PIECES = "voxframe.Client._sessions_per_interval = 300"


@pytest.fixture
def _small_pieces(monkeypatch):
    monkeypatch.setattr("voxframe.Client._sessions_per_interval", 300)


def whole_so_far(path: Path, world: World) -> list[str]:
    """Check each day that a reader can see against the truth; give the days."""
    days = whole_days(path)
    for day, found in days.items():
        if "sessions" in found:  # children are published first
            first = f"{day} 00:00:00"
            end = f"{day} 23:59:59"
            check(found, world, first, end, inclusive="both")
    return sorted(day for day, found in days.items() if "sessions" in found)


@contextlib.contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


WEEK = "2026-10-08"


@pytest.fixture(scope="module")
def largest(month, tmp_path_factory) -> int:
    """Size of the largest file of a week's export, one of its data."""
    path = tmp_path_factory.mktemp("largest") / "out"
    with serving(month) as service:
        service.export(path, FROM, WEEK)
    sizes = {name: len(file) for name, file in contents(path).items()}
    assert str(max(sizes, key=sizes.__getitem__)).endswith(".parquet")
    return max(sizes.values())


def test_a_disk_that_is_full_leaves_whole_days_and_the_next_call_completes_them(
    month, largest, tmp_path
):
    path = tmp_path / "out"
    with serving(month) as service:
        with disk_of(largest - 1), pytest.raises(ExportError, match="the same call goes") as told:
            service.export(path, FROM, WEEK)
        assert os.strerror(errno.EFBIG) in str(told.value)
        assert 0 < len(whole_so_far(path, month)) < 7
        assert not (path / "_voxframe" / "staging").exists()
        service.export(path, FROM, WEEK)
    check(tables(path), month, FROM, WEEK)


def test_a_disk_that_is_full_leaves_what_was_replaced_as_it_was(month, largest, tmp_path):
    path = tmp_path / "out"
    with serving(month) as service:
        service.export(path, FROM, "2026-10-03")
        before = contents(path)
        with disk_of(largest - 1), pytest.raises(ExportError):
            service.export(path, FROM, WEEK, overwrite=True)
        assert contents(path) == before
        check(tables(path), month, FROM, "2026-10-03")
        service.export(path, FROM, WEEK, overwrite=True)
    check(tables(path), month, FROM, WEEK)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_no_room_for_the_notes_leaves_the_old_ones(small, tmp_path):
    path = tmp_path / "out"
    with serving(small) as service:
        service.export(path, FROM, "2026-10-03")
        before = contents(path)
        with disk_of(10), pytest.raises(ExportError):
            service.export(path, overwrite=True)
        assert contents(path) == before
    check(tables(path), small, FROM, "2026-10-03")


def test_killed_in_the_middle_and_completed_by_the_same_call(month, tmp_path):
    path = tmp_path / "out"
    # One request at a time, and slowly, so that the kill comes in the middle of it.
    with serving(month, behaviour=Behaviour(page_cap=100), latency=0.02) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        options = json.dumps({"max_concurrency": 2})
        running = start(path, service.emulator, key, setup=SMALL_PIECES, options=options)
        while not list(path.glob("sessions/*")):
            assert running.poll() is None, running.communicate()
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=10)
        assert running.returncode == -signal.SIGKILL
        whole_so_far(path, month)
        done = json.loads((path / "_voxframe" / "manifest.json").read_text())["days"]
        until = max(done, default=FROM)
        before = service.requests
        service.export(path)
        asked = [r.params["from_date"] for r in service.emulator.requests if r.number > before]
        assert min(asked) >= until, "a finished day was read again"
    check(tables(path), month)


@pytest.mark.usefixtures("_small_pieces")
def test_an_exception_in_the_middle_leaves_whole_days(month, tmp_path):
    path = tmp_path / "out"
    faults = [Fault("104", at=(20,))]
    behaviour = Behaviour(page_cap=100)
    with serving(month, behaviour=behaviour, faults=faults, max_concurrency=2) as service:
        with pytest.raises(PermissionDeniedError):
            service.export(path)
        done = whole_so_far(path, month)
        assert 0 < len(done) < 31
        before = service.requests
        service.export(path)
        later = [r for r in service.emulator.requests if r.number > before]
        assert min(r.params["from_date"] for r in later) > max(done)
    check(tables(path), month)


def test_a_second_export_to_the_same_place_is_refused(small, tmp_path):
    path = tmp_path / "out"
    hang = [Fault("hang", at=(1,))]
    with (
        ThreadPoolExecutor(1) as threads,
        serving(small, faults=hang, retry=RetryPolicy()) as service,
    ):
        first = threads.submit(service.export, path)
        while not service.requests:
            time.sleep(0.005)
        with pytest.raises(ExportError, match="is being written by another export"):
            service.export(path)
        with pytest.raises(ExportError, match="is being written by another export"):
            service.export(path, overwrite=True)
        assert service.requests == 1
        service.client.close()
        with pytest.raises(TransportError, match="the client"):
            first.result()


def refusals(folder: Path) -> Iterator[tuple[str, Path, str]]:
    file = folder / "file"
    file.write_text("mine")
    yield "a file where the folder should be", file, "is a file; name a folder"
    yield "a file where its parent should be", file / "out", "cannot be written"
    other = folder / "other"
    (other / "photos").mkdir(parents=True)
    yield "other data", other, r"holds other data \(photos\)"
    strange = folder / "strange"
    (strange / "_voxframe").mkdir(parents=True)
    (strange / "_voxframe" / "manifest.json").write_text("{")
    yield "a manifest that is none", strange, "holds a manifest that cannot be read"
    newer = folder / "newer"
    (newer / "_voxframe").mkdir(parents=True)
    (newer / "_voxframe" / "manifest.json").write_text('{"version": 99}')
    yield "a later version's export", newer, "written by another version"


def test_a_place_that_is_taken_is_refused_before_any_request(small, tmp_path):
    with serving(small) as service:
        for what, path, says in refusals(tmp_path):
            before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
            with pytest.raises(ExportError, match=says):
                service.export(path)
            after = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
            assert after == before, what
        assert service.requests == 0


def test_another_query_is_refused_before_any_request(small, tmp_path):
    with serving(small) as service:
        service.export(tmp_path / "out", FROM, "2026-10-05")
        before, asked = contents(tmp_path / "out"), service.requests
        with pytest.raises(ExportError, match=r"2026-10-01.* to 2026-10-05.*overwrite=True"):
            service.export(tmp_path / "out", FROM, TO)
        with pytest.raises(ExportError, match="another query"):
            service.export(tmp_path / "out", FROM, "2026-10-05", remote_number="+15550199")
        assert service.requests == asked
    assert contents(tmp_path / "out") == before


@contextlib.contextmanager
def unprivileged() -> Iterator[Path]:
    """Be nobody for a while, since the rights of folders mean nothing to root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "here").mkdir(mode=0o755)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65_534)
        else:
            (folder / "here").chmod(0o555)
        try:
            yield folder / "here"
        finally:
            if root:
                os.seteuid(0)
            (folder / "here").chmod(0o755)


def test_a_folder_that_may_not_be_written_is_refused_before_any_request(small):
    with serving(small) as service, unprivileged() as folder:
        for path in (folder, folder / "out"):
            with pytest.raises(ExportError, match="cannot be written: Permission denied"):
                service.export(path)
        assert service.requests == 0


def test_what_could_not_be_replaced_stays(small, tmp_path):
    path = tmp_path / "out"
    with serving(small) as service:
        service.export(path, **LIGHT)
    before = contents(path)
    retry = RetryPolicy(max_attempts=1)
    with (
        serving(small, faults=[Fault("html200")], retry=retry) as broken,
        pytest.raises(TransportError),
    ):
        broken.export(path, overwrite=True)
    assert contents(path) == before
