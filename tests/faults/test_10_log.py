"""What a run says in the log: a line a run, a line a request, a warning for what was mended."""

import logging
import re
import subprocess
import sys

import pytest

from tests.support.faulty import LIGHT, serving
from voxframe.emulator import Behaviour, Fault
from voxframe.errors import PermissionDeniedError

WINDOW = r"2026-1\d-\d\d \d\d:\d\d:\d\d to 2026-1\d-\d\d \d\d:\d\d:\d\d"
GOOD = re.compile(WINDOW + r".*: code 200, \d+ rows, \d+ bytes, \d+\.\d{3} s, attempt \d+")
BAD = re.compile(WINDOW + r".*: code \d+, .+, \d+\.\d{3} s, attempt \d+")


def lines(caplog, level):
    return [r.getMessage() for r in caplog.records if r.name == "voxframe" and r.levelno == level]


def test_a_line_a_run_and_a_line_a_request(month, caplog):
    caplog.set_level(logging.DEBUG, "voxframe")
    faults = [Fault("503", at=(3,)), Fault("456", at=(5,)), Fault("reset", at=(7,))]
    with serving(month, behaviour=Behaviour(page_cap=300), faults=faults) as service:
        history = service.read(**LIGHT)
        requests = service.requests
    (run,) = lines(caplog, logging.INFO)
    assert f"gave 2,500 sessions, 0 calls; {requests} requests, 3 of them again" in run
    debug = lines(caplog, logging.DEBUG)
    assert len(debug) == requests == history.receipt.requests
    good = [line for line in debug if GOOD.fullmatch(line)]
    assert len(good) == requests - 3
    assert (
        sum("code 503, Service Unavailable" in line for line in debug if BAD.fullmatch(line)) == 1
    )
    assert sum("code 456" in line for line in debug if BAD.fullmatch(line)) == 1
    assert sum("the network failed" in line for line in debug) == 1
    # The 503 and the reset; by chance all three faults may have met one ask.
    assert sum(not line.endswith("attempt 1") for line in debug) >= 2
    (warning,) = lines(caplog, logging.WARNING)
    assert warning.endswith("mended token_renewed 1")


def test_an_export_in_pieces_is_one_run(month, caplog, tmp_path, monkeypatch):
    monkeypatch.setattr("voxframe.Client._sessions_per_interval", 300)
    caplog.set_level(logging.INFO, "voxframe")
    with serving(month, behaviour=Behaviour(clock_skew=-90)) as service:
        receipt = service.export(tmp_path / "out")
    (run,) = lines(caplog, logging.INFO)
    assert f"gave 2,500 sessions, {receipt.calls:,} calls; {receipt.requests} requests" in run
    (warning,) = lines(caplog, logging.WARNING)
    # Told once, however many pieces there are.
    assert "token_renewed 1" in warning
    assert receipt.mended["token_renewed"] == 1
    assert receipt.mended["clock_ahead_s"] == pytest.approx(90, abs=3)


def test_a_run_that_fails_says_so_too(small, caplog):
    caplog.set_level(logging.INFO, "voxframe")
    with serving(small, faults=[Fault("104")]) as service, pytest.raises(PermissionDeniedError):
        service.read()
    (run,) = lines(caplog, logging.INFO)
    assert "gave 0 sessions" in run
    assert lines(caplog, logging.WARNING) == []


def test_a_clean_run_warns_of_nothing(small, caplog):
    with serving(small) as service:
        service.read()
    assert lines(caplog, logging.WARNING) == []


SCRIPT = """
import sys, voxframe
key, url = sys.argv[1:]
voxframe.read_call_history("2026-10-01", "2026-11-01", credentials=key, base_url=url)
"""


def test_a_program_without_logging_hears_nothing(small, tmp_path):
    with serving(small, behaviour=Behaviour(clock_skew=-90, dirty=0.1)) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        command = [sys.executable, "-c", SCRIPT, str(key), service.emulator.base_url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
