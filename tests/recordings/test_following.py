"""Files that are fetched in the run that reads their rows: none missed, none asked for twice."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest

import voxframe
from tests.support.downloads import check, data, downloading, links
from tests.support.emulator_caller import sign
from tests.support.faulty import FROM
from voxframe._cli.main import main
from voxframe.emulator import Behaviour, Fault, Files, Motion, World
from voxframe.errors import ExportError, InvalidQueryError

PROGRAM = """
import sys, voxframe
path, folder, form, url, key, first = sys.argv[1:]
voxframe.sync_call_history(
    path, first, format=form, lookback="0D", recordings=folder, credentials=key, base_url=url,
    progress=False,
)
"""


def moving():
    """Sessions of ten days, all of them settled by the machine's clock when they are read."""
    return World(
        sessions=60, start=FROM, seed=61, now="2026-10-12 12:00:00", motion=Motion(late=0.0)
    )


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_files_come_with_their_rows_and_once(tmp_path, form):
    path, folder, world = tmp_path / "h", tmp_path / "files", moving()
    with downloading(world) as service:
        # What is there already is no reason to go without its files.
        service.client.sync_call_history(path, FROM, format=form)
        assert service.requests == 0
        report = service.client.sync_call_history(path, lookback="0D", recordings=folder)
        assert len(report.changes) == 0
        check(folder, report.recordings, service, sign(service.emulator))
        before = service.requests
        report = service.client.sync_call_history(path, lookback="0D", recordings=folder)
        assert service.requests == before
        assert len(report.recordings) == 0
        added = world.add(3, start="2026-10-12 10:00:00")
        service.client.sync_call_history(path, recordings=folder, lookback="60D")
        assert service.requests > before
        fresh = service.client.read_call_history(FROM, "2026-11-01")
        assert set(added) <= set(fresh.sessions.call_session_history_id)
        assert len(data(folder)) == len(links(fresh))


def test_a_file_that_fails_costs_no_row_and_is_tried_again(tmp_path):
    path, folder = tmp_path / "h", tmp_path / "files"
    with downloading(moving(), Files(), Fault("gateway", at=(3, 4), status=403)) as service:
        report = service.client.sync_call_history(path, FROM, lookback="0D", recordings=folder)
        assert (report.recordings.error == "forbidden").sum() == 2
        assert len(voxframe.open_dataset(path).read()) == len(service.history)
        before = service.requests
        # Its day is settled, so its rows are not read again.
        report = service.client.sync_call_history(path, lookback="0D", recordings=folder)
        assert len(report.changes) == 0
        assert service.requests == before + 2
        assert len(data(folder)) == len(links(service.history))
        service.client.sync_call_history(path, lookback="0D", recordings=folder)
        assert service.requests == before + 2


def test_what_fails_is_left_alone_once_its_link_has_expired(tmp_path, monkeypatch):
    from voxframe._recordings import following

    path, folder = tmp_path / "h", tmp_path / "files"
    with downloading(moving(), Files(), Fault("gateway", status=403)) as service:
        service.client.sync_call_history(path, FROM, lookback="0D", recordings=folder)
        before = service.requests
        monkeypatch.setattr(following, "_LINKS_LIVE", 0)
        for asked in (before, 0):
            service.client.sync_call_history(path, lookback="0D", recordings=folder)
            assert service.requests == before + asked
            before = service.requests


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_killed_again_and_again_and_whole_in_the_end(tmp_path, full, form):
    path, folder = tmp_path / "h", tmp_path / "files"
    chance, killed = random.Random(7), 0
    slow = Fault("slow", seconds=0.03)
    with downloading(moving(), None, slow, behaviour=Behaviour(page_cap=20)) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        url = service.emulator.base_url
        command = [sys.executable, "-c", PROGRAM, path, folder, form, url, key, FROM]
        for _ in range(50 if full else 3):
            running = subprocess.Popen(command, stderr=subprocess.PIPE)
            before = service.requests
            while service.requests == before and running.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.3))
            running.send_signal(signal.SIGKILL)
            running.communicate(timeout=30)
            killed += running.returncode != 0
        report = service.client.sync_call_history(path, FROM, format=form, recordings=folder)
        frame = service.run(folder)
        assert killed
        assert (report.recordings.error == "forbidden").sum() == 0
        check(folder, frame, service, sign(service.emulator))
        assert len(voxframe.open_dataset(path).read()) == len(service.history)


def test_folders_that_cannot_be_are_refused_before_any_request(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with downloading(moving()) as service:
        before = service.emulator.counters.requests
        for folder in (tmp_path / "h", tmp_path / "h" / "records", tmp_path):
            with pytest.raises(InvalidQueryError, match=r"recordings: .* lie in one another"):
                service.client.sync_call_history(tmp_path / "h", FROM, recordings=folder)
        with pytest.raises(ExportError, match="holds other data"):
            service.client.sync_call_history(tmp_path / "h", FROM, recordings=tmp_path / "other")
        assert service.emulator.counters.requests == before


def test_two_datasets_have_one_folder(tmp_path):
    folder = tmp_path / "files"
    with downloading(moving()) as service:
        sync = service.client.sync_call_history
        for _ in range(2):
            before = service.requests
            sync(tmp_path / "a", FROM, lookback="0D", recordings=folder)
            sync(tmp_path / "b", FROM, "2026-10-06", min_duration=1, lookback="0D",
                 recordings=folder)  # fmt: skip
        assert service.requests == before
        assert len(data(folder)) == len(links(service.history))


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with downloading(moving(), Files(), Fault("gateway", at=(3,), status=403)) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", service.emulator.base_url)
        command = ["sync", "h", "--from", FROM, "--recordings", "files", "--lookback", "0D"]
        assert main(command) == 1
        err = capsys.readouterr().err
        assert "the rows are there, but 1 of" in err
        assert "files/index.parquet names them" in err
        assert len(voxframe.open_dataset("h").read()) == len(service.history)
        assert main([*command, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)["recordings"]
        assert told["out"] == "files"
        assert told["files"] > 0 < told["bytes"]
        assert main(command) == 0
        assert "files: 0 files of these days" in capsys.readouterr().out
        assert len(data(tmp_path / "files")) == len(links(service.history))
