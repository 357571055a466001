"""The vendor's own Python client is the judge of the emulator's spellings."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from voximplant.apiclient import VoximplantAPI, VoximplantException

import voxframe
from tests.support.emulator_caller import MONTH, Caller
from voxframe.emulator import Emulator, Fault, World

FROM, TO = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def point_at(emulator: Emulator) -> VoximplantAPI:
        monkeypatch.setenv(
            "REQUESTS_CA_BUNDLE", str(emulator.write_certificate(tmp_path / "ca.pem"))
        )
        key = str(emulator.write_credentials(tmp_path / "key.json"))
        return VoximplantAPI(key, endpoint=emulator.base_url.removeprefix("https://"))

    return point_at


def pages(api: VoximplantAPI, size: int, **asked: Any) -> Iterator[dict[str, Any]]:
    offset = 0
    while rows := api.get_call_history(FROM, TO, count=size, offset=offset, **asked)["result"]:
        yield from rows
        offset += size


def test_a_world_page_by_page_is_what_voxframe_gets(vendor: Any) -> None:
    world = World(sessions=700, seed=11)
    with Emulator(world, tls=True) as emulator:
        sessions = list(
            pages(vendor(emulator), 300, with_calls=True, with_records=True,
                  with_other_resources=True, with_total_count=False, desc_order=False)
        )  # fmt: skip
        assert {r.params["cmd"] for r in emulator.requests} == {"GetCallHistory"}
        assert {r.params["with_calls"] for r in emulator.requests} == {"True"}
    with Emulator(world) as emulator:
        history = voxframe.read_call_history(
            FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url, progress=False
        )
    compare(sessions, "sessions", history)
    for name, table in (
        ("calls", "calls"), ("records", "records"), ("other_resource_usage", "resource_usage"),
    ):  # fmt: skip
        compare([child for s in sessions for child in s[name]], table, history)


def compare(rows: list[dict[str, Any]], table: str, history: voxframe.CallHistory) -> None:
    """Hold every field of every row as the vendor's client gives it against voxframe's tables."""
    seen = set()
    for row, held in zip(rows, history.tables[table].to_pylist(), strict=True):
        reason = row.pop("end_reason", None)
        if reason is not None:
            row |= {f"end_reason_{name}": value for name, value in reason.items()}
        for name, value in row.items():
            if name in ("calls", "records", "other_resource_usage"):
                continue
            seen.add(name)
            if name == "cost":
                assert float(held[name]) == pytest.approx(value, abs=1e-12)
            elif name == "expiration_date":
                assert str(held[name]) == value
            else:
                assert held[name] == value, name
        assert all(value is None for name, value in held.items() if name not in row
                   and name != "call_session_history_id")  # fmt: skip
    assert seen <= set(history.tables[table].column_names)
    assert len(seen) > 8


def test_without_dates_and_with_everything_that_it_can_spell(vendor: Any) -> None:
    world = World(sessions=400, seed=12)
    one = world.expected()[5]
    number = next(c["remote_number"] for s in world.expected() for c in s["calls"])
    with Emulator(world, tls=True) as emulator:
        api = vendor(emulator)
        page = api.get_call_history(count=1000)
        assert page["total_count"] == 400
        assert "one month" in page["warnings"][0]
        asked: list[tuple[dict[str, Any], dict[str, Any]]] = [
            ({"call_session_history_id": [one["call_session_history_id"]]},) * 2,
            ({"user_id": [700_001, 700_002]},) * 2,
            ({"application_name": "sales-dialer", "rule_name": "callback"},) * 2,
            ({"remote_number": [number]},) * 2,
            ({"remote_number_list": f'["{number}"]'}, {"remote_number": [number]}),
            ({"child_account_id": "all"}, {}),
            ({"child_account_id": [4_203_901]},) * 2,
            ({"children_calls_only": True},) * 2,
            ({"min_duration": 60, "max_duration": 90},) * 2,
            ({"is_async": False, "with_header": False}, {}),
        ]
        for spelled, meant in asked:
            got = api.get_call_history(FROM, TO, count=1000, desc_order=True, **spelled)["result"]
            filters = {k: tuple(v) if isinstance(v, list) else v for k, v in meant.items()}
            want = [s["call_session_history_id"] for s in world.expected(**filters)]
            assert [s["call_session_history_id"] for s in got] == want[::-1]
            assert want


@pytest.mark.parametrize("code", ["100", "101", "104", "340", "456", "484", "515"])
def test_its_errors(vendor: Any, code: Any) -> None:
    with (
        Emulator(World(sessions=1), tls=True, faults=[Fault(code)]) as emulator,
        pytest.raises(VoximplantException) as caught,
    ):
        vendor(emulator).get_call_history(FROM, TO)
    assert caught.value.code == int(code)
    assert caught.value.message


def test_a_gateways_page_is_an_error_of_its_own(vendor: Any) -> None:
    with (
        Emulator(World(sessions=1), tls=True, faults=[Fault("502")]) as emulator,
        pytest.raises(VoximplantException) as caught,
    ):
        vendor(emulator).get_call_history(FROM, TO)
    assert caught.value.code == 502


def test_another_command_is_unknown(vendor: Any) -> None:
    with (
        Emulator(World(sessions=1), tls=True) as emulator,
        pytest.raises(VoximplantException) as caught,
    ):
        vendor(emulator).get_account_info()
    assert caught.value.code == 103


@pytest.mark.parametrize(
    "path", ["/platform_api/platform_api/GetCallHistory", "/platform_api/GetCalls",
             "/platform_api/platform_api", "/platform_api"],
)  # fmt: skip
def test_an_address_that_is_no_command(caller: Caller, path: str) -> None:
    headers = {"Authorization": f"Bearer {caller.token}"}
    answer = caller.http.post(path, data=MONTH, headers=headers)
    assert answer.json()["error"]["code"] == 103


def test_only_who_trusts_the_certificate_gets_in() -> None:
    with Emulator(World(sessions=1), tls=True) as emulator:
        assert emulator.base_url.startswith("https://127.0.0.1:")
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.post(emulator.base_url)


def test_served_in_the_foreground_with_a_certificate(tmp_path: Path) -> None:
    import signal
    import ssl

    code = (
        "from voxframe.emulator import World, serve\n"
        "serve(World(sessions=50), port=0, certificate_path='ca.pem',\n"
        "      announce=lambda url: print(url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        url = process.stdout.readline().decode().strip()
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        answer = httpx.post(f"{url}/platform_api/GetCallHistory", verify=trust).json()
        assert answer["error"]["code"] == 100
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
