"""What a system may lack."""

import sys

import pytest

import voxframe
from tests.support import open_files
from tests.support.downloads import check, downloading
from tests.support.emulator_caller import sign
from tests.support.faulty import FROM, TO
from voxframe._dataset import disk
from voxframe.errors import ExportError


def test_a_lock_where_the_system_has_none_is_not_held_and_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    with disk.locked(tmp_path / "lock", "somebody else writes there") as held:
        assert not held
    assert "no locks" in caplog.text


@pytest.mark.skipif(not open_files.OPEN.exists(), reason="open files are listed by Linux alone")
def test_nothing_is_moved_or_removed_while_it_is_open(tmp_path):
    """Windows does neither; here it would go unseen."""
    with downloading() as service, open_files.none_is_moved() as moved:
        client = service.client
        for _ in range(2):
            client.export_call_history(tmp_path / "e", FROM, TO, overwrite=True)
            client.sync_call_history(tmp_path / "s", FROM)
            service.history.to_parquet(tmp_path / "p")
            service.history.to_excel(tmp_path / "book.xlsx")
            frame = service.run(tmp_path / "d")
        check(tmp_path / "d", frame, service, sign(service.emulator))
        held = voxframe.open_dataset(tmp_path / "s").read()
        service.history.concat([held, voxframe.CallHistory.from_parquet(tmp_path / "p")])
    kinds = {path[len(str(tmp_path)) + 1 :].partition("/")[0] for path in moved}
    assert kinds >= {"e", "s", "p", "d", "book.xlsx"}


@pytest.mark.parametrize(
    "path",
    ["C:\\calls", "c:/calls", "C://calls", "C:calls", "\\\\?\\C:\\calls",
     "\\\\server\\share\\calls", "//server/share/calls", "./s3://calls", "~/calls"],
)  # fmt: skip
def test_a_drive_is_not_the_scheme_of_a_url(path):
    assert not disk.is_url(path)
    assert disk.local_path(path).is_absolute()


@pytest.mark.parametrize("url", ["s3://calls/x", "abfss://a@b/x", "file:///C:/calls", "gs:/calls"])
def test_a_url_is_not_a_folder_of_this_machine(url):
    assert disk.is_url(url) == ("://" in url)
    with pytest.raises(ExportError, match="is a URL"):
        disk.local_path(url)
