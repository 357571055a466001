"""The command line, as a program."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest

import voxframe
from tests.support.exact import FROM, TO, Truth, ids
from voxframe.emulator import Emulator, World


@pytest.fixture(scope="module")
def world():
    return World(sessions=2_000, start=FROM, end=TO, seed=41)


@pytest.fixture(scope="module")
def emulator(world):
    with Emulator(world) as running:
        yield running


@pytest.fixture
def run(emulator, tmp_path):
    credentials = emulator.write_credentials(tmp_path / "key.json")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "PYTHONUTF8": "1",
        "VOXIMPLANT_CREDENTIALS": str(credentials),
        "VOXIMPLANT_BASE_URL": emulator.base_url,
    }

    def run(*arguments, **more):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "voxframe", *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60,
            env={**environment, **more},
        )  # fmt: skip

    return run


def test_export_and_its_summary(run, world, tmp_path):
    done = run("export", "--from", FROM, "--to", TO, "--out", "history")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2,000 sessions" in done.stdout
    Truth(world).check(voxframe.CallHistory.from_parquet(tmp_path / "history"))


def test_export_with_filters(run, world, tmp_path):
    some = sorted({s["application_id"] for s in world.expected()})[:2]
    options = [part for one in some for part in ("--application-id", one)]
    done = run("export", "--from", FROM, "--to", TO, "--out", "two", *options, "--no-records")
    assert (done.returncode, done.stderr) == (0, "")
    history = voxframe.CallHistory.from_parquet(tmp_path / "two")
    want = {s["call_session_history_id"] for one in some
            for s in world.expected(application_id=one)}  # fmt: skip
    assert set(ids(history)) == want
    assert len(history.records) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ([], 2, "COMMAND"),
        (["export"], 2, "--from"),
        (["export", "--from", "x", "--to", TO, "--out", "o"], 2, "from_date"),
        (["export", "--from", TO, "--to", FROM, "--out", "o"], 2, "to_date"),
        (["export", "--from", FROM, "--to", TO, "--out", "o", "--rule-name", "r"], 2, "rule_name"),
        (["export", "--from", FROM, "--to", TO, "--out", "o", "--user-id", "x"], 2, "--user-id"),
        (["export", "--from", FROM, "--to", TO, "--out", "key.json"], 1, "key.json"),
        (["export", "--from", FROM, "--to", TO, "--out", "o", "--credentials", "no"], 1, "no"),
    ],
)
def test_status_and_one_line_on_stderr(run, arguments, status, word):
    done = run(*arguments)
    assert done.returncode == status
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    if status == 1:
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [[], ["demo"], ["export"], ["report"], ["emulator"]])
def test_help_is_complete(run, command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "usage: voxframe" in done.stdout
    assert run("--version").stdout.strip() == f"voxframe {voxframe.__version__}"


def test_demo(run, tmp_path):
    done = run("demo", "--sessions", "3000")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("3,000", "answered", "cost by kind", "cost by application", "requests"):
        assert word in done.stdout
    assert "15550" not in done.stdout.replace(",", "")
    assert len(voxframe.CallHistory.from_parquet(tmp_path / "voxframe-demo")) == 3_000
    assert run("demo", "--sessions", "3000").returncode == 0


def test_emulator_serves_whoever_asks(tmp_path):
    served = subprocess.Popen(
        [sys.executable, "-m", "voxframe", "emulator", "--sessions", "500", "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    try:
        lines = [served.stdout.readline() for _ in range(4)]
        url = next(line.partition("=")[2].strip() for line in lines if "BASE_URL" in line)
        history = voxframe.read_call_history(
            FROM, TO, credentials=tmp_path / "emulator-credentials.json", base_url=url
        )
        assert len(history) == 500
        assert json.loads((tmp_path / "emulator-credentials.json").read_text())["account_id"]
    finally:
        served.terminate()
        served.wait(10)
        served.stdout.close()


@pytest.mark.parametrize("option", ["--write-credentials", "--credentials"])
@pytest.mark.parametrize(
    "content",
    [
        b'{"account_id": 1, "key_id": "k", "private_key": "somebody\'s only copy"}',
        b"",
        b"not json, and not a key: \xff",
        None,
    ],
)
def test_the_emulator_replaces_no_file_but_its_own(run, tmp_path, option, content):
    key = tmp_path / "mine.json"
    target = tmp_path / "elsewhere.json"
    if content is None:
        # A link is somebody's too, even where it leads to an emulator's key.
        Emulator(World(sessions=1)).write_credentials(target)
        content = target.read_bytes()
        key.symlink_to(target)
    else:
        key.write_bytes(content)
    done = run("emulator", "--sessions", "5", "--port", "0", option, "mine.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "voxframe emulator: mine.json exists and was not written by an emulator, so it is left as "
        "it is; name another file with --write-credentials"
    )
    assert key.read_bytes() == content
    assert key.is_symlink() == target.exists()


def test_the_emulator_renews_its_own_key_file_and_only_once_it_serves(run, tmp_path):
    served = tmp_path / "served.json"
    served.write_text(json.dumps({**_made_up_key(), "private_key": "of an emulator that is gone"}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("emulator", "--port", port, "--write-credentials", "served.json")
        assert done.returncode == 1
        assert "gone" in served.read_text()
    Emulator(World(sessions=1)).write_credentials(served)
    assert json.loads(served.read_text()) == _made_up_key()


def _made_up_key():
    return Emulator(World(sessions=1)).credentials


def test_report_of_an_export(run, tmp_path):
    assert run("export", "--from", FROM, "--to", TO, "--out", "history").returncode == 0
    done = run("report", "history", "--out", "page.html", "--timezone", "Europe/Berlin")
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    # Nothing is loaded from anywhere; the receipt names the address that was asked.
    assert not re.search(r"""(?:src|href)=["']?https?:|url\(["']?https?:|@import""", page)
    assert "2\u202f000" in page or "2 000" in page or "2,000" in page
    numbers = voxframe.CallHistory.from_parquet(tmp_path / "history").calls.remote_number
    assert not [n for n in numbers.dropna().unique()[:50] if len(n) > 6 and n in page]
    assert run("report", "nowhere").returncode == 1
    assert run("report", "history", "--timezone", "Mars").returncode == 2


WITHOUT_JINJA = """
import sys
sys.modules["jinja2"] = None
from voxframe._cli.main import entry
entry()
"""


def test_a_report_without_its_extra_is_one_line(run, tmp_path):
    run("export", "--from", FROM, "--to", TO, "--out", "history")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_JINJA, "report", "history", "--out", "page.html"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "voxframe[report]" in done.stderr
