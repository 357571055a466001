"""The command line, as a program."""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import voxframe
from tests.support.exact import FROM, TO, Truth, ids
from voxframe._cli.arguments import Parser
from voxframe._cli.keys import ALWAYS, BY_COMMAND, SOMETIMES
from voxframe._cli.main import main
from voxframe._cli.options import connection_of
from voxframe._cli.window import add_window, window_before, window_of
from voxframe._progress import Progress
from voxframe._query.window import window
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

    def run(*arguments, program=("-m", "voxframe"), text=True, stdout=subprocess.PIPE, **more):
        return subprocess.run(
            [sys.executable, "-W", "error", *program, *map(str, arguments)],
            stdout=stdout, stderr=subprocess.PIPE, text=text, check=False, cwd=tmp_path,
            timeout=300, env={**environment, **more},
        )  # fmt: skip

    return run


@pytest.fixture
def within(emulator, tmp_path, monkeypatch, capsys):
    """The same in this process, which spares the start of a program."""
    credentials = emulator.write_credentials(tmp_path / "key.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(credentials))
    monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)

    def run(*arguments):
        try:
            status = main(list(map(str, arguments)))
        except SystemExit as end:
            status = end.code
        shown = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, shown.out, shown.err)

    return run


def test_export_and_its_summary(run, world, tmp_path):
    done = run("export", "--from", FROM, "--to", TO, "--out", "history")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2,000 sessions" in done.stdout
    Truth(world).check(voxframe.CallHistory.from_parquet(tmp_path / "history"))


def test_export_with_filters(within, world, tmp_path):
    some = sorted({s["application_id"] for s in world.expected()})[:2]
    options = [part for one in some for part in ("--application-id", one)]
    done = within("export", "--from", FROM, "--to", TO, "--out", "two", *options, "--no-records")
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
        (["exprot"], 2, "exprot: there is no such command; did you mean 'export'?"),
        (["frobnicate"], 2, "there are demo, export, sync, audit, count, report, download"),
        (["--versoin"], 2, "--versoin: there is no such option; did you mean '--version'?"),
        (["export", "--aplication-id=1"], 2, "did you mean '--application-id'?"),
        (["demo", "--sessions", "0"], 2, "--sessions: needs to be 1 or more"),
        (["emulator", "--sessions", "9" * 20], 2, "--sessions: is at most 20,000,000"),
        (["export", "--user-id"], 2, "--user-id"),
        (["export"], 2, "--from"),
        (["count"], 2, "--month 2026-10"),
        (["report"], 2, "PATH"),
        (["report", "history", "--application-id", "1"], 2, "--application-id: only the account"),
        (
            ["report", "history", "--no-records", "--yesterday", "--credentials", "k"],
            2,
            "--credentials, --no-records: only the account can be asked so",
        ),
        (["report", "history", "--inclusive", "both", "--yesterday"], 2, "--inclusive: only"),
        (["report", "history", "--yesterday"], 1, "no such folder"),
        (["report", "history", "--compare"], 2, "give --previous PATH"),
        (["report", "history", "--out", "nowhere/page.html"], 1, "there is no folder"),
        (["report", "--yesterday", "--xlsx", "nowhere/book.xlsx"], 1, "there is no folder"),
        (["report", "history", "--out", ""], 1, "path: is empty"),
        (["report", "--yesterday", "--compare", "--previous", "old"], 2, "give one"),
        (["report", "--yesterday", "--previous", "nowhere"], 1, "nowhere"),
        (["export", "--month", "2026-10"], 2, "--out"),
        (["sync", "--from", FROM], 2, "folder"),
        (["sync", "--out", "new"], 2, "--from: is needed"),
        (["audit"], 2, "PATH"),
        (["count", "--month", "2026-13"], 2, "'2026-13' is not a month; write it like 2026-10"),
        (["count", "--last", "7"], 2, "'7' is not a stretch of time; write it like 24h, 7d or 2w"),
        (["count", "--last", "0d"], 2, "--last"),
        (["count", "--last", "999999w"], 2, "--last"),
        (["count", "--month", "2026-10", "--yesterday"], 2, "--month and --yesterday"),
        (["count", "--from", FROM, "--last", "7d"], 2, "--from and --last"),
        (["count", "--to", TO], 2, "--to: needs --from"),
        (["count", "--yesterday", "--timezone", "Europe/Berln"], 2, "'Europe/Berlin'"),
        (["emulator", "--latency", "x"], 2, "'x' is not a number of seconds"),
        (["emulator", "--port", "70000"], 2, "70000"),
        (["emulator", "--from", "x"], 2, "--from: 'x' is not a date"),
        (["emulator", "--from", TO, "--to", FROM], 2, "is before --from"),
        (["report", "history", "--currency", ""], 2, "--currency"),
        (["report", "history", "--currency", "1=EUR", "--currency", "1=USD"], 2, "--currency"),
        (["report", "history", "--own", ","], 2, "--own: '' is not a type"),
        (["report", "--yesterday", "--own", "*"], 2, "--own: '*' is not a type"),
        (["export", "--from", "x", "--to", TO, "--out", "o"], 2, "--from: 'x' is not"),
        (["export", "--from", TO, "--to", FROM, "--out", "o"], 2, "UTC is before --from"),
        (
            ["export", "--from", FROM, "--to", TO, "--out", "o", "--rule-name", "r"],
            2,
            "only together with --application-id or --application-name",
        ),
        (["export", "--from", FROM, "--to", TO, "--out", "o", "--user-id", "x"], 2, "--user-id"),
        (["export", "--from", FROM, "--to", TO, "--out", "key.json"], 1, "key.json"),
        (["export", "--from", FROM, "--to", TO, "--out", "o", "--credentials", "no"], 1, "no"),
    ],
)
def test_status_and_one_line_on_stderr(within, arguments, status, word):
    done = within(*arguments)
    assert done.returncode == status
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_program_ends_with_the_status(run):
    assert run("count").returncode == 2
    assert run("export", "--month", "2026-10", "--out", "key.json").returncode == 1


@pytest.mark.parametrize(
    "command", ["", "demo", "export", "sync", "audit", "count", "report", "download", "emulator"]
)
def test_help_is_complete(within, command):
    done = within(*command.split(), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: voxframe" in done.stdout


def test_version(run):
    assert run("--version").stdout.strip() == f"voxframe {voxframe.__version__}"


def test_demo(within, tmp_path):
    done = within("demo", "--sessions", "3000")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("3,000", "answered", "cost by kind", "cost by application", "requests"):
        assert word in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "15550" not in done.stdout.replace(",", "")
    assert len(voxframe.CallHistory.from_parquet(tmp_path / "voxframe-demo")) == 3_000
    assert within("demo", "--sessions", "3000").returncode == 0


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
def test_the_emulator_replaces_no_file_but_its_own(within, tmp_path, option, content):
    key = tmp_path / "mine.json"
    target = tmp_path / "elsewhere.json"
    if content is None:
        # A link is somebody's too, even where it leads to an emulator's key.
        Emulator(World(sessions=1)).write_credentials(target)
        content = target.read_bytes()
        key.symlink_to(target)
    else:
        key.write_bytes(content)
    done = within("emulator", "--sessions", "5", "--port", "0", option, "mine.json")
    assert (done.returncode, done.stdout) == (1, "")
    *warned, refused = done.stderr.splitlines()
    renamed = "voxframe emulator: --credentials is called --write-credentials now"
    assert warned == ([renamed] if option == "--credentials" else [])
    assert refused == (
        "voxframe emulator: mine.json exists and was not written by an emulator, so it is left as "
        "it is; name another file with --write-credentials"
    )
    assert key.read_bytes() == content
    assert key.is_symlink() == target.exists()


def test_the_emulator_renews_its_own_key_file_and_only_once_it_serves(within, tmp_path):
    served = tmp_path / "served.json"
    served.write_text(json.dumps({**_made_up_key(), "private_key": "of an emulator that is gone"}))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = within("emulator", "--port", port, "--write-credentials", "served.json")
        assert done.returncode == 1
        assert "gone" in served.read_text()
    Emulator(World(sessions=1)).write_credentials(served)
    assert json.loads(served.read_text()) == _made_up_key()


def _made_up_key():
    return Emulator(World(sessions=1)).credentials


def test_report_of_an_export(within, tmp_path):
    assert within("export", "--from", FROM, "--to", TO, "--out", "history").returncode == 0
    done = within("report", "history", "--out", "page.html", "--timezone", "Europe/Berlin")
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    # Nothing is loaded from anywhere; the receipt names the address that was asked.
    assert not re.search(r"""(?:src|href)=["']?https?:|url\(["']?https?:|@import""", page)
    assert "2\u202f000" in page or "2 000" in page or "2,000" in page
    numbers = voxframe.CallHistory.from_parquet(tmp_path / "history").calls.remote_number
    numbers = [n for n in numbers.dropna().unique() if n.lstrip("+").isdigit() and len(n) > 6]
    assert numbers
    assert not [number for number in numbers[:50] if number in page]
    assert within("report", "nowhere").returncode == 1
    assert within("report", "history", "--timezone", "Mars").returncode == 2


@pytest.mark.parametrize(
    ("options", "begin", "end"),
    [
        (["--month", "2026-10"], "2026-10-01 00:00:00", "2026-11-01 00:00:00"),
        (["--month", "2026-12"], "2026-12-01 00:00:00", "2027-01-01 00:00:00"),
        (["--month", "2028-02"], "2028-02-01 00:00:00", "2028-03-01 00:00:00"),
        (["--month", "2026-03", "--timezone", "Europe/Berlin"],
         "2026-02-28 23:00:00", "2026-03-31 22:00:00"),
        (["--last", "24h"], "2026-10-19 22:30:05", "2026-10-20 22:30:05"),
        (["--last", "7d"], "2026-10-13 22:30:05", "2026-10-20 22:30:05"),
        (["--last", "2w"], "2026-10-06 22:30:05", "2026-10-20 22:30:05"),
        (["--yesterday"], "2026-10-19 00:00:00", "2026-10-20 00:00:00"),
        (["--yesterday", "--timezone", "Europe/Berlin"],
         "2026-10-19 22:00:00", "2026-10-20 22:00:00"),
        (["--from", "2026-10-01", "--to", "2026-10-02"],
         "2026-10-01 00:00:00", "2026-10-02 00:00:00"),
    ],
)  # fmt: skip
def test_windows_by_name(options, begin, end):
    parser = Parser()
    add_window(parser)
    now = datetime(2026, 10, 20, 22, 30, 5, 900, UTC)
    inside = window(**window_of(parser.parse_args(options), lambda: now))
    assert f"{inside.from_date:%Y-%m-%d %H:%M:%S}" == begin
    assert f"{inside.to_date:%Y-%m-%d %H:%M:%S}" == end


@pytest.mark.parametrize(
    ("options", "begin", "end"),
    [
        (["--month", "2026-10"], "2026-09-01 00:00:00", "2026-10-01 00:00:00"),
        (["--month", "2026-01"], "2025-12-01 00:00:00", "2026-01-01 00:00:00"),
        (["--from", "2026-01-01", "--to", "2026-04-01"],
         "2025-10-01 00:00:00", "2026-01-01 00:00:00"),
        (["--month", "2026-04", "--timezone", "Europe/Berlin"],
         "2026-02-28 23:00:00", "2026-03-31 22:00:00"),
        (["--from", "2026-10-01", "--to", "2026-10-11"],
         "2026-09-21 00:00:00", "2026-10-01 00:00:00"),
        (["--from", "2026-03-30", "--to", "2026-04-06", "--timezone", "Europe/Berlin"],
         "2026-03-22 23:00:00", "2026-03-29 22:00:00"),
        (["--last", "7d"], "2026-10-06 22:30:05", "2026-10-13 22:30:05"),
        (["--yesterday"], "2026-10-18 00:00:00", "2026-10-19 00:00:00"),
    ],
)  # fmt: skip
def test_the_window_before(options, begin, end):
    parser = Parser()
    add_window(parser)
    now = datetime(2026, 10, 20, 22, 30, 5, 900, UTC)
    before = window(**window_before(parser.parse_args(options), lambda: now))
    assert f"{before.from_date:%Y-%m-%d %H:%M:%S}" == begin
    assert f"{before.to_date:%Y-%m-%d %H:%M:%S}" == end


def test_from_without_to_is_until_now():
    parser = Parser()
    add_window(parser)
    assert window_of(parser.parse_args(["--from", FROM]))["to_date"] is None


def test_count(within):
    done = within("count", "--month", "2026-10")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("2,000 sessions; reading them takes about ")


def test_an_export_that_is_complete_says_that_nothing_was_asked(within, emulator):
    given = ["export", "--month", "2026-10", "--out", "twice"]
    assert re.search(r" requests?, [\d.]+ s$", within(*given).stdout)
    before = emulator.counters.requests
    assert within(*given).stdout.endswith("; complete already, so nothing was asked\n")
    assert emulator.counters.requests == before
    assert re.search(r" requests?, [\d.]+ s$", within(*given, "--overwrite").stdout)


MISSPELLED = "no session of that time matches --application-name; check how that is spelled"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["count", "--month", "2026-10", "--application-name", "suport-line"], MISSPELLED),
        (["report", "--month", "2026-10", "--application-name", "suport-line"], MISSPELLED),
        (
            ["export", "--month", "2026-10", "--out", "a", "--application-name", "suport-line"],
            MISSPELLED,
        ),
        (
            ["sync", "b", "--from", FROM, "--to", TO, "--application-name", "suport-line"],
            MISSPELLED,
        ),
        (
            ["count", "--from", FROM, "--to", FROM],
            (
                "the window ends where it begins, and its end is not included; to read one day, "
                "give the next day as --to"
            ),
        ),
        (
            ["count", "--from", "2100-01-01", "--to", "2100-01-02"],
            "the whole window is in the future, so there is nothing in it yet",
        ),
        (
            ["export", "--month", "2100-01", "--out", "later"],
            "the whole window is in the future, so there is nothing in it yet",
        ),
        (["count", "--from", "2020-01-01", "--to", "2020-01-02"], None),
    ],
)
def test_why_nothing_was_found_is_said(within, given, said):
    done = within(*given)
    assert done.returncode == 0
    assert done.stderr == (f"voxframe {given[0]}: {said}\n" if said else "")
    if given[0] != "report":
        assert within(*given, "--quiet").stderr == ""


def test_a_sync_that_finds_nothing_new_is_not_odd(within):
    within("sync", "held", "--from", FROM, "--to", "2026-10-02", "--min-duration", "1")
    again = within("sync", "held", "--to", "2026-10-02", "--min-duration", "1")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_month_of_a_folder_can_be_reported(within, tmp_path):
    within("sync", "h", "--from", FROM, "--to", TO)
    later = ["report", "h", "--from", "2026-10-08", "--to", "2026-10-15", "--compare"]
    done = within(*later, "--out", "week.html")
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "week.html").read_text(encoding="utf-8")
    assert "8 Oct 2026 \N{EN DASH} 14 Oct 2026" in page
    assert "1 Oct 2026 \N{EN DASH} 7 Oct 2026" in page
    month = within("report", "h", "--month", "2026-10", "--compare", "--out", "month.html")
    assert month.returncode == 0
    assert month.stderr == (
        "voxframe report: h holds no day of the period before, so nothing is compared\n"
    )
    written = (tmp_path / "month.html").stat().st_size
    assert month.stdout == f"month.html: {written / 2**20:.1f} MiB; open it in a browser\n"
    part = within("report", "h", "--from", "2026-10-25", "--to", "2026-11-05")
    assert part.returncode == 0
    assert part.stderr == (
        "voxframe report: nothing of 2026-11-01 to 2026-11-04 is held, so it is not read; the "
        "dataset holds 2026-10-01 to 2026-10-31\n"
    )
    nothing = within("report", "h", "--month", "2026-09")
    assert nothing.returncode == 2
    assert "the window has no day of the dataset, which holds 2026-10-01 to 2026-10-31" in (
        nothing.stderr
    )
    voxframe.CallHistory.from_parquet(tmp_path / "h").to_parquet(tmp_path / "p")
    whole = within("report", "p", "--month", "2026-10")
    assert whole.returncode == 2
    assert "was written by to_parquet" in whole.stderr


def test_an_own_far_end_that_is_nowhere_is_said(within):
    within("export", "--from", FROM, "--to", TO, "--out", "h")
    given = ["report", "h", "--currency", "EUR", "--own", "nonsense,sip", "--own", "+99912345678*"]
    assert within(*given).stderr == (
        "voxframe report: --own: the far end of no call is 'nonsense'; check how it is spelled\n"
        "voxframe report: --own: the far end of no call is a number that was given; check how it "
        "is spelled\n"
    )


def test_an_account_without_a_currency_is_said_in_one_line(within):
    within("export", "--from", FROM, "--to", TO, "--out", "h")
    done = within("report", "h", "--currency", "4203771=EUR", "--json")
    assert done.returncode == 2
    assert re.fullmatch(
        r"voxframe report: --currency: the history also holds calls of accounts \d+, \d+, without "
        r"a label; name the currency of every account\.\n",
        done.stderr,
    )
    assert json.loads(done.stdout)["error"] == "ValueError"


def test_a_taken_port_is_said(within):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = within("emulator", "--sessions", "10", "--port", port)
    assert done.returncode == 1
    assert done.stderr == (
        f"voxframe emulator: port {port} is used by another program; name another one with --port\n"
    )


def test_in_what_a_query_differs_is_said(within):
    day = ["--from", FROM, "--to", "2026-10-02"]
    within("sync", "held", *day, "--user-id", "1")
    more = within("sync", "held", "--user-id", "1", "--min-duration", "2").stderr
    assert "(it was written without --min-duration)" in more
    less = within("sync", "held").stderr
    assert "(it was written with --user-id)" in less
    assert "(it was written with --user-id)" in within("audit", "held").stderr
    other = within("sync", "held", "--user-id", "2").stderr
    assert "(the filters have the same names, so a value, the account or the address differs" in (
        other
    )
    assert "it was written with --user-id" in within("export", *day, "--out", "held").stderr


def test_json_is_one_line_whether_it_succeeds_or_fails(within):
    month = ("--month", "2026-10", "--json")
    for command, fact in [
        (("count", *month), lambda said: said["sessions"]),
        (("export", *month, "--out", "history"), lambda said: said["receipt"]["sessions"]),
    ]:
        done = within(*command)
        assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
        said = json.loads(done.stdout)
        assert (said["command"], said["ok"], fact(said)) == (command[0], True, 2_000)
    done = within("export", *month, "--out", "key.json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["error"]) == (1, False, "ExportError")
    assert done.stderr == f"voxframe export: {said['message']}\n"


def test_sync_and_audit(within):
    days = ("--from", FROM, "--to", TO, "--out", "kept")
    done = within("sync", *days)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2,000 added, 0 changed" in done.stdout
    said = json.loads(within("sync", "--out", "kept", "--to", TO, "--json").stdout)
    assert (said["ok"], said["changes"]) == (True, [])
    assert within("audit", "kept").stdout.startswith(
        "kept: 2026-10-01 00:00 to 2026-11-01 00:00 UTC beside the service's counts:\n"
        "  31 days with 2,000 sessions, as it counts them;\n  the last sync was just now, "
    )
    assert json.loads(within("audit", "kept", "--json").stdout)["days"] == []


def test_verbose_shows_each_request_on_stderr(run):
    done = run("count", "--month", "2026-10", "-v")
    assert done.returncode == 0
    assert "2,000 sessions" in done.stdout
    assert "2026-10-01 00:00:00 to 2026-11-01" in done.stderr
    assert "Bearer" not in done.stderr


def test_a_report_of_the_account(within, tmp_path):
    done = within("report", "--month", "2026-10", "--title", "October", "--no-records")
    assert (done.returncode, done.stderr) == (0, "")
    assert "October" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="a home folder of POSIX")
def test_a_report_without_a_home_folder_has_nothing_else_to_say(run, tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = str(tmp_path / "file" / "home")
    done = run("report", "--from", FROM, "--to", "2026-10-02", HOME=nowhere, MPLCONFIGDIR=nowhere)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_report_says_what_changed_writes_a_workbook_and_opens(within, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    halves = ("--from", "2026-10-16", "--to", "2026-10-31")
    done = within("report", *halves, "--compare", "--xlsx", "tables.xlsx", "--open")
    assert (done.returncode, done.stderr) == (0, "")
    assert "tables.xlsx: the tables, with phone numbers" in done.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<dt>Compared with</dt><dd>1 Oct 2026 \N{EN DASH} 15 Oct 2026</dd>" in page
    assert re.search(r'class="change[^>]*>[\u2191\u2193]\u00a0', page)
    assert opened == [(tmp_path / "report.html").as_uri()]
    with zipfile.ZipFile(tmp_path / "tables.xlsx") as book:
        assert "xl/worksheets/sheet5.xml" in book.namelist()

    for name, dates in (("old", ("2026-10-01", "2026-10-16")), ("new", halves[1::2])):
        assert within("export", "--from", dates[0], "--to", dates[1], "--out", name).returncode == 0
    done = within("report", "new", "--previous", "old", "--own", "user, sip", "--own", "tollfree")
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<dt>Compared with</dt>" in page
    assert page.count("is given as own") >= 3


# Windows' own way for pipes is its code page; programs without a locale have ASCII.
ENCODINGS = [("cp1252", "0"), ("ascii", "0"), ("cp437", "0"), ("utf-8", "1")]


# As many programs one after another, of which only the first has to load what they need.
ONE_AFTER_ANOTHER = """
import sys
from voxframe._cli.main import entry

given, sys.argv[:] = sys.argv[1:] + ["then"], ["voxframe"]
for word in given:
    if word != "then":
        sys.argv.append(word)
        continue
    try:
        entry()
    except SystemExit as end:
        if end.code:
            raise
    print("then")
    sys.argv[:] = ["voxframe"]
"""


@pytest.mark.parametrize(("encoding", "mode"), ENCODINGS)
def test_everything_is_shown_in_any_encoding(run, encoding, mode, full):
    if encoding.startswith("cp") and not full:
        pytest.skip("some seconds each, and ascii is the least of them")
    commands = [
        ["demo", "--sessions", "60"],
        ["export", "--month", "2026-10", "--out", "история"],
        *([["report", "история", "--out", "отчёт.html"]] if encoding == "ascii" else []),
        ["count", "--month", "2026-10"],
        ["--help"],
        ["export", "--help"],
    ]
    given = [word for command in commands for word in (*command, "then")][:-1]
    done = run(*given, program=("-c", ONE_AFTER_ANOTHER), text=None,
               PYTHONIOENCODING=encoding, PYTHONUTF8=mode)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    *printed, rest = re.split(r"^then\r?\n", done.stdout.decode(encoding), flags=re.MULTILINE)
    assert (len(printed), rest) == (len(commands), "")
    shown = printed[0]
    assert ("\N{FULL BLOCK}" in shown) == (encoding in ("cp437", "utf-8"))
    assert "##" in shown or "\N{FULL BLOCK}" in shown
    assert ("доставка" if encoding == "utf-8" else "????????") in shown
    assert "2,000 sessions" in printed[1]
    assert "usage: voxframe" in printed[-2]
    assert max(map(len, printed[-1].splitlines())) <= 80


@pytest.mark.parametrize(
    "arguments", [["demo", "--sessions", "300"], ["--help"], ["count", "--month", "2026-10"]]
)
def test_a_reader_that_has_seen_enough_ends_it_quietly(run, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = run(*arguments, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stdout_is_said(run):
    with Path("/dev/full").open("w") as full:
        done = run("count", "--month", "2026-10", stdout=full)
    assert (done.returncode, done.stderr) == (
        1,
        "voxframe count: cannot print: No space left on device\n",
    )


# The signal comes while pandas is looked for, before any code of the command line runs.
INTERRUPTED_WHILE_LOADING = """
import os, runpy, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv[:] = ["-m"]
runpy.run_module("voxframe", run_name="__main__", alter_sys=False)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_while_it_is_loaded_prints_no_traceback(run):
    done = run(program=["-c", INTERRUPTED_WHILE_LOADING])
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\nvoxframe: interrupted\n"


def test_the_readme_shows_what_the_demo_prints(run):
    readme = Path(__file__).parents[2] / "README.md"
    if not readme.exists():
        pytest.skip("only the package is here")
    shown = readme.read_text(encoding="utf-8").partition("$ voxframe demo\n")[2].partition("```")[0]
    done = run("demo", PYTHONIOENCODING="utf-8")

    def same(text):
        # How long it took, and how the work was shared among threads, are of the moment; how
        # large Parquet files are, of pyarrow's version.
        return re.sub(r"\d\.\d MiB", "MiB", re.sub(r"requests: .*", "requests", text))

    assert same(shown) == same(done.stdout)


WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from voxframe._cli.main import entry
entry()
"""


@pytest.mark.parametrize(
    ("arguments", "package", "extra", "what"),
    [
        (["report", "--month", "2026-10"], "jinja2", "report", "a report"),
        (["report", "--month", "2026-10"], "matplotlib", "report", "a report"),
        (["report", "--month", "2026-10", "--xlsx", "a.xlsx"], "xlsxwriter", "excel", "a workbook"),
        (["demo"], "starlette", "emulator", "the demo"),
        (["emulator"], "uvicorn", "emulator", "the emulator"),
    ],
)
def test_a_missing_extra_is_said_in_one_line(run, arguments, package, extra, what):
    done = run(program=["-c", WITHOUT, package, *arguments])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"voxframe {arguments[0]}: {what} needs the package {package}, which is not installed; "
        f"install it with: pip install 'voxframe[{extra}]'\n"
    )


def test_the_emulator_names_its_extra(run):
    done = run(
        program=["-c", "import sys; sys.modules['uvicorn'] = None; import voxframe.emulator"]
    )
    assert done.stderr.endswith(
        "MissingExtraError: voxframe.emulator needs the package uvicorn, which is not installed; "
        "install it with: pip install 'voxframe[emulator]'\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_who_is_stopped_says_so_to_a_monitor(tmp_path, number):
    world = World(sessions=50, start=FROM, end=TO, seed=1)
    with Emulator(world, latency=600.0) as emulator:
        key = emulator.write_credentials(tmp_path / "key.json")
        command = ["sync", "h", "--from", FROM, "--json", "--credentials", str(key)]
        running = subprocess.Popen(
            [sys.executable, "-m", "voxframe", *command, "--base-url", emulator.base_url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        )  # fmt: skip
        while not emulator.counters.in_flight:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (130, "\nvoxframe sync: interrupted\n")
    line = json.loads(out)
    assert (line["ok"], line["error"], line["dataset"]) == (False, "KeyboardInterrupt", "h")


@pytest.mark.parametrize(
    ("given", "command"),
    [(["sync", "h", "--fron", FROM], "sync"), (["audit"], "audit"), (["frobnicate"], None)],
)
def test_wrong_use_says_so_to_a_monitor(within, given, command):
    done = within(*given, "--json")
    line = json.loads(done.stdout)
    assert (done.returncode, line["command"], line["ok"]) == (2, command, False)
    assert line["error"] == "InvalidQueryError"
    assert done.stderr.endswith(f": {line['message']}\n")
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["sync", "h", "--lookback", "-3D"],
            (
                "--lookback: needs a value after it; one that begins with '-' is given as "
                "--lookback=VALUE"
            ),
        ),
        (["audit"], "PATH: is missing; voxframe audit --help says what belongs there"),
        (["sync", "h", "--format", "csv"], "--format: 'csv' is not one of "),
        (["emulator", "--port", "80999"], "--port: 80999 is not a port; give 0 to 65535"),
        (["count", "--month", "2026-10", "--base-url", "nowhere"], "--base-url: "),
    ],
)
def test_wrong_use_is_said_in_plain_words(within, given, said):
    done = within(*given)
    assert done.returncode == 2
    assert done.stderr.startswith(f"voxframe {given[0]}: {said}")


def test_what_lies_at_a_path_is_named(within):
    pytest.importorskip("deltalake")
    day = ["--from", FROM, "--to", "2026-10-02"]
    assert within("sync", "d", *day, "--format", "delta").returncode == 0
    for given, said in [
        (
            ["sync", "d", "--format", "parquet"],
            "d holds Delta tables: name no format",
        ),
        (["export", *day, "--out", "d"], "d holds Delta tables of a sync; name another folder"),
        (["audit", "key.json"], "key.json is a file; name the folder of a dataset"),
    ]:
        done = within(*given)
        assert done.returncode == 1
        assert said in done.stderr


def test_a_key_file_that_cannot_be_written_is_named(within, tmp_path):
    (tmp_path / "taken").write_text("")
    key = "taken/key.json"
    done = within("emulator", "--sessions", "10", "--port", "0", "--write-credentials", key)
    assert done.returncode == 1
    assert f"the key file {key} cannot be written: " in done.stderr
    assert "--write-credentials" in done.stderr


def test_a_count_alone_is_not_logged_as_a_read_of_nothing(within, caplog):
    caplog.set_level("INFO", "voxframe")
    within("sync", "h", "--from", FROM, "--to", "2026-10-02")
    caplog.clear()
    within("audit", "h")
    within("count", "--month", "2026-10")
    assert caplog.messages == []


def test_each_key_of_the_line_of_json_is_in_the_data_dictionary(within):
    pytest.importorskip("jinja2")
    day = ["--from", FROM, "--to", "2026-10-02"]
    common = set(ALWAYS)
    for command, *given in [
        ["count", *day],
        ["export", *day, "--out", "e"],
        ["sync", "s", *day, "--recordings", "files", "--no-other-resources"],
        ["audit", "e"],
        ["report", "e"],
        ["download", "e", "--out", "files2", "--what", "logs"],
    ]:
        line = json.loads(within(command, *given, "--json").stdout)
        known = set(BY_COMMAND[command]) | common | ({"dataset"} if command != "count" else set())
        assert set(line) - {"error", "message"} == known, command
    wrong = json.loads(within("audit", "nowhere", "--json").stdout)
    assert set(wrong) == common | set(SOMETIMES)
    assert wrong["dataset"] == "nowhere"


def test_a_long_wait_is_noted_where_no_bar_is_drawn(capsys):
    given = argparse.Namespace(command="sync", quiet=False, credentials=None, base_url=None,
                               max_concurrency=8)  # fmt: skip
    step = connection_of(given)["progress"]
    words = "waiting for an answer from 127.0.0.1, 2 requests asked again"
    for seconds in range(125):
        step(Progress(0, None, 1, float(seconds), words if seconds % 2 or seconds > 5 else ""))
    assert capsys.readouterr().err.splitlines() == [
        f"voxframe sync: {words}; {waited} s of waiting so far" for waited in (10, 60, 120)
    ]
    assert connection_of(argparse.Namespace(**{**vars(given), "quiet": True}))["progress"] is False
