"""What a person reads who makes a mistake on the first day: each message whole, each read aloud."""

import json
import re
import socket
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import voxframe
from tests.support.exact import FROM, TO
from tests.support.faulty import serving
from voxframe import _dataset
from voxframe._cli.main import main
from voxframe.analysis import _axes
from voxframe.emulator import Emulator, Fault, World
from voxframe.errors import VoxframeError


@pytest.fixture(scope="module")
def emulator():
    with Emulator(World(sessions=20, start=FROM, end=TO, seed=1)) as running:
        yield running


@pytest.fixture(autouse=True)
def a_folder_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("VOXIMPLANT_CREDENTIALS", "VOXIMPLANT_BASE_URL", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def said(call, *args, **kwargs):
    with pytest.raises(VoxframeError) as raised:
        call(*args, **kwargs)
    return str(raised.value)


def reading(emulator, **more):
    given = {"from_date": FROM, "to_date": TO, "credentials": emulator.credentials,
             "base_url": emulator.base_url}  # fmt: skip
    return said(voxframe.read_call_history, **(given | more))


QUERIES = {
    "no key": (
        {"credentials": None},
        (
            "there are no credentials: pass the path of the key file, or set "
            "VOXIMPLANT_CREDENTIALS to it"
        ),
    ),
    "a file that is not there": (
        {"credentials": "credentials.json"},
        (
            "credentials.json: no such file in {here}; the key file is made in Voximplant's "
            "control panel, under service accounts"
        ),
    ),
    "a key file without a field": (
        {"credentials": {"account_id": 1, "key_id": "k"}},
        (
            "credentials: the field private_key is missing; save the key file anew in "
            "Voximplant's control panel, under service accounts"
        ),
    ),
    "a list for a key file": (
        {"credentials": "[]"},
        (
            "credentials: is not a JSON object; save the key file anew in "
            "Voximplant's control panel, under service accounts"
        ),
    ),
    "nothing for a path": (
        {"credentials": " "},
        (
            "credentials: is empty; save the key file anew in Voximplant's control panel, under "
            "service accounts"
        ),
    ),
    "a PEM": (
        {"credentials": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"},
        (
            "credentials: is a private key alone (PEM); give the whole key file, which holds the "
            "key together with account_id and key_id"
        ),
    ),
    "a typo in a keyword": (
        {"aplication_id": 1},
        "aplication_id: read_call_history has no such keyword; did you mean 'application_id'?",
    ),
    "a keyword of other libraries": (
        {"tz": "Europe/Berlin"},
        "tz: read_call_history has no such keyword; did you mean 'timezone'?",
    ),
    "a day that does not exist": (
        {"to_date": "2026-11-31"},
        "to_date: '2026-11-31' does not exist; 2026-11 has 30 days",
    ),
    "a month that does not exist": (
        {"from_date": "2026-13-01 10:00"},
        ("from_date: '2026-13-01 10:00' does not exist; the month, 1 to 12, comes before the day"),
    ),
    "the wrong order": (
        {"from_date": TO, "to_date": FROM},
        "to_date: 2026-10-01 00:00:00 UTC is before from_date, 2026-11-01 00:00:00 UTC; swap them",
    ),
    "a date as at home": (
        {"from_date": "01.10.2026"},
        (
            "from_date: '01.10.2026' is not a date; write it like '2026-10-01' or "
            "'2026-10-01 12:30:00'"
        ),
    ),
    "a month": (
        {"from_date": "2026-10"},
        (
            "from_date: '2026-10' is not a date; write the day, like '2026-10-01', or give the "
            "whole month as pandas.Period('2026-10')"
        ),
    ),
    "an unknown timezone": (
        {"timezone": "Europe/Berln"},
        "timezone: 'Europe/Berln' is not an IANA timezone; did you mean 'Europe/Berlin'?",
    ),
    "a city": (
        {"timezone": "new york"},
        "timezone: 'new york' is not an IANA timezone; did you mean 'America/New_York'?",
    ),
    "an abbreviated timezone": (
        {"timezone": "CEST"},
        "timezone: 'CEST' is not an IANA timezone; write it like 'Europe/Berlin'",
    ),
    "an empty list": (
        {"user_id": []},
        "user_id: is empty, which would select nothing; leave it out to select all",
    ),
    "an application twice": (
        {"application_id": 1, "application_name": "support"},
        "application_name: give it or application_id, not both",
    ),
    "a phone number as a number": (
        {"remote_number": 4915551234567},
        (
            "remote_number: needs a text, not an int; put the number in quotes, with its leading + "
            "or zeros"
        ),
    ),
    "an id as text": (
        {"application_id": "17"},
        "application_id: needs whole numbers, not text; give it as an int",
    ),
    "an address without https": (
        {"base_url": "api.voximplant.com"},
        (
            "base_url: api.voximplant.com has no https:// in front; needs an address like "
            "https://api.voximplant.com"
        ),
    ),
}


@pytest.mark.parametrize("mistake", QUERIES)
def test_what_is_refused_before_any_request(mistake, emulator):
    given, message = QUERIES[mistake]
    before = emulator.counters.requests
    assert reading(emulator, **given) == message.format(here=Path.cwd())
    assert emulator.counters.requests == before


def test_a_variable_that_names_no_file_is_named(emulator, monkeypatch, tmp_path):
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", "keys/credentials.json")
    assert reading(emulator, credentials=None).startswith(
        f"VOXIMPLANT_CREDENTIALS: keys/credentials.json: no such file in {tmp_path}; "
    )
    (tmp_path / "empty.json").touch()
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(tmp_path / "empty.json"))
    shown = reading(emulator, credentials=None)
    assert shown.startswith(f"VOXIMPLANT_CREDENTIALS: {tmp_path}/empty.json: is empty; save the ")


def test_the_text_of_a_key_file_is_taken_as_well_as_its_path(emulator):
    history = voxframe.read_call_history(
        FROM, TO, credentials=json.dumps(emulator.credentials), base_url=emulator.base_url
    )
    assert len(history) == 20


def test_the_clock_of_this_machine_is_a_date(emulator):
    history = voxframe.read_call_history(
        FROM, datetime.now() + timedelta(days=400),  # noqa: DTZ005 - what people have
        credentials=emulator.credentials,
        base_url=emulator.base_url,
    )  # fmt: skip
    assert len(history) == 20


def test_the_folder_of_the_api_in_the_address(emulator):
    history = voxframe.read_call_history(
        FROM, TO, credentials=emulator.credentials, base_url=f"{emulator.base_url}/platform_api"
    )
    assert len(history) == 20


CURE = (
    "check base_url and this machine's network, and set HTTPS_PROXY where a proxy is needed; "
    "given up after 3 attempts in N s"
)


def test_off_line(emulator):
    shown = reading(emulator, base_url="https://api.voximplant.invalid")
    assert re.sub(r"in \d+ s", "in N s", shown) == (
        f"the name of api.voximplant.invalid:443 cannot be resolved; {CURE}"
    )


def test_nobody_listens(emulator):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    shown = reading(emulator, base_url=f"http://127.0.0.1:{port}")
    assert re.sub(r"in \d+ s", "in N s", shown) == (
        f"nobody listens at 127.0.0.1:{port}: connection refused; {CURE}"
    )


def test_a_taken_folder(emulator, tmp_path):
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "thesis.docx").write_text("x")
    shown = said(
        voxframe.export_call_history, "history", FROM, TO,
        credentials=emulator.credentials, base_url=emulator.base_url,
    )  # fmt: skip
    assert shown == f"{folder} holds other data (thesis.docx); name a folder of its own"


def test_a_service_account_without_the_role():
    with serving(World(sessions=5, start=FROM, end=TO), faults=[Fault("104")]) as service:
        assert said(service.read) == (
            "the service account may not read the call history (error 104: Forbidden command: the "
            "service account lacks a role.); give it one of the roles Owner, Admin, Developer, "
            "Supervisor or Support, in the control panel under service accounts"
        )


@pytest.mark.parametrize(
    ("package", "call", "message"),
    [
        (
            "matplotlib", "plot_concurrency",
            ("a plot needs the package matplotlib, which is not installed; install it with: pip "
            "install 'voxframe[plots]'"),
        ),
        (
            "xlsxwriter", "to_excel",
            ("a workbook needs the package xlsxwriter, which is not installed; install it with: "
            "pip install 'voxframe[excel]'"),
        ),
        (
            "deltalake", "sync",
            ("a Delta table needs the package deltalake, which is not installed; install it with: "
            "pip install 'voxframe[delta]'"),
        ),
        (
            "jinja2", "report_html",
            ("a report needs the package jinja2, which is not installed; install it with: pip "
            "install 'voxframe[report]'"),
        ),
    ],
)  # fmt: skip
def test_a_missing_extra(package, call, message, emulator, monkeypatch):
    history = voxframe.read_call_history(
        FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url
    )
    calls = {
        "plot_concurrency": _axes.library,
        "report_html": history.report_html,
        "to_excel": lambda: history.to_excel("history.xlsx"),
        "sync": lambda: voxframe.sync_call_history(
            "history", FROM, TO, format="delta",
            credentials=emulator.credentials, base_url=emulator.base_url,
        ),
    }  # fmt: skip
    monkeypatch.setitem(sys.modules, package, None)
    # What was imported before is imported again.
    for module in ("excel", "delta"):
        monkeypatch.delitem(sys.modules, f"voxframe._dataset.{module}", raising=False)
        monkeypatch.delattr(_dataset, module, raising=False)
    assert said(calls[call]) == message
    with pytest.raises(ModuleNotFoundError):
        calls[call]()


COMMANDS = {
    ("exprot",): "voxframe: exprot: there is no such command; did you mean 'export'?",
    ("export", "--form", FROM):
        "voxframe export: --form: there is no such option; did you mean '--from'?",
    ("count",):
        "voxframe count: the window is missing; give --from DATE [--to DATE], --month 2026-10, "
        "--last 7d or --yesterday",
    ("count", "--month", "October"):
        "voxframe count: --month: 'October' is not a month; write it like 2026-10",
    ("count", "--month", "2026-10"):
        "voxframe count: there are no credentials: name the key file with --credentials, or set "
        "VOXIMPLANT_CREDENTIALS to it",
    ("count", "2026-10"):
        "voxframe count: 2026-10: is not understood; did you mean '--month 2026-10'?",
    ("sync", "a", "b"):
        "voxframe sync: b: is not understood; voxframe sync --help shows what belongs where",
    ("count", "--tz", "Europe/Berlin"):
        "voxframe count: --tz: there is no such option; did you mean '--timezone'?",
    ("export", "--from", "2026-10", "--out", "x"):
        "voxframe export: --from: '2026-10' is not a date; write the day, like '2026-10-01', or "
        "give --month 2026-10",
    ("sync", "x", "--from", "2026-10"):
        "voxframe sync: --from: '2026-10' is not a date; write the day, like '2026-10-01'",
    ("emulator", "--from", "2026-11-01", "--to", "2026-11-01"):
        "voxframe emulator: --to: is the same as --from; name a later one",
}  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_on_the_command_line(arguments, capsys):
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    assert status
    assert capsys.readouterr() == ("", COMMANDS[arguments] + "\n")
