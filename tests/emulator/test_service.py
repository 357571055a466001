import gc
import itertools
import json
import socket
import stat
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.emulator_caller import FULL, MONTH, Caller, Runner, sign
from voxframe.emulator import Behaviour, Changes, Emulator, World


def exact(response: httpx.Response) -> Any:
    return json.loads(response.content, parse_float=Decimal, parse_int=int)


def by_id(sessions: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {s["call_session_history_id"]: s for s in sessions}


def test_a_page_is_the_truth_to_the_last_digit(caller: Caller, truth: list[dict[str, Any]]) -> None:
    answer = exact(caller.post(**FULL))
    sessions = by_id(truth)
    assert answer["count"] == 1000
    assert answer["total_count"] == 1500
    assert answer["timezone"] == "Etc/GMT"
    for session in answer["result"]:
        assert session == sessions[session["call_session_history_id"]]


def test_defaults(caller: Caller) -> None:
    page = caller.page()
    assert len(page["result"]) == page["count"] == 20
    assert "total_count" in page
    one = page["result"][0]
    assert "other_resource_usage" in one
    assert "calls" not in one
    assert "records" not in one


def test_with_flags(caller: Caller) -> None:
    one = caller.page(with_other_resources="false", with_records=1, with_calls="true")["result"][0]
    assert "other_resource_usage" not in one
    assert "records" in one
    assert "calls" in one
    assert "total_count" not in caller.page(with_total_count="false")


def test_parameters_may_be_in_the_query_but_not_twice(caller: Caller) -> None:
    path = "/platform_api/GetCallHistory"
    headers = {"Authorization": f"Bearer {caller.token}"}
    page = caller.http.post(path, params=MONTH, headers=headers).json()
    assert page["total_count"] == 1500
    assert caller.emulator.requests[-1].sent_by == "query"
    twice = caller.http.post(path, params=MONTH, data=MONTH, headers=headers).json()
    assert twice["error"]["code"] == 101
    assert caller.http.get(path, params=MONTH, headers=headers).status_code == 405


@pytest.mark.parametrize(
    ("params", "code", "word"),
    [
        ({"from_date": "2026-10-01"}, 111, "from_date"),
        ({"to_date": "2026-02-30 00:00:00"}, 111, "to_date"),
        ({"from_date": "2026-10-01T00:00:00"}, 111, "from_date"),
        ({"from_date": "2026-12-01 00:00:00"}, 101, "from_date"),
        ({"count": 1001}, 101, "count"),
        ({"count": 0}, 101, "count"),
        ({"offset": 10_001}, 101, "offset"),
        ({"offset": -1}, 101, "offset"),
        ({"count": "many"}, 101, "count"),
        ({"with_calls": "yes"}, 101, "with_calls"),
        ({"colour": "red"}, 101, "colour"),
        ({"application_id": 1, "application_name": "x"}, 101, "application_name"),
        ({"rule_name": "campaign"}, 101, "rule_name"),
        ({"call_session_history_id": "1;x"}, 101, "call_session_history_id"),
        ({"call_session_history_id": ";".join("1" * 1001)}, 101, "call_session_history_id"),
        ({"remote_number_list": "[1]"}, 101, "remote_number_list"),
        ({"remote_number_list": "+1"}, 101, "remote_number_list"),
    ],
)
def test_refusals_name_the_parameter(caller: Caller, params: Any, code: int, word: str) -> None:
    got, message = caller.error(**params)
    assert got == code
    assert word in message


def test_limits_are_within(caller: Caller) -> None:
    assert caller.page(count=1000, offset=10_000)["result"] == []
    ids = ";".join(map(str, range(1000)))
    assert caller.error(call_session_history_id=ids)[0] == 150


def calls_of(session: dict[str, Any]) -> list[dict[str, Any]]:
    return session.get("calls") or [{}]


@pytest.mark.parametrize("rank", [0, 700, 1499])
@pytest.mark.parametrize(
    ("params", "filters"),
    [
        (lambda s: {"call_session_history_id": s["call_session_history_id"]},) * 2,
        (lambda s: {"application_id": s["application_id"]},) * 2,
        (lambda s: {"application_name": s["application_name"]},) * 2,
        (lambda s: {"application_name": s["application_name"], "rule_name": s["rule_name"]},) * 2,
        (lambda s: {"user_id": s.get("user_id", 700_001)},) * 2,
        (lambda s: {"remote_number": calls_of(s)[-1].get("remote_number", "+1")},) * 2,
        (lambda s: {"remote_number": calls_of(s)[0].get("remote_number", "+1")},) * 2,
        (
            lambda s: {
                "remote_number_list": json.dumps([calls_of(s)[0].get("remote_number", "")]),
                "remote_number": "+4900",
            },
            lambda s: {"remote_number": calls_of(s)[0].get("remote_number", "")},
        ),
        (lambda s: {"local_number": calls_of(s)[0].get("local_number", "+1")},) * 2,
        (lambda s: {"call_session_history_custom_data": s.get("custom_data", "none")},) * 2,
        (lambda s: {"min_duration": s.get("duration", 9)},) * 2,
        (lambda s: {"max_duration": s.get("duration", 9)},) * 2,
        (lambda s: {"child_account_id": s["account_id"]},) * 2,
        (lambda _: {"children_calls_only": "true"}, lambda _: {"children_calls_only": True}),
    ],
)
def test_filters_agree_with_the_second_opinion(  # noqa: PLR0917
    caller: Caller,
    small: World,
    truth: list[dict[str, Any]],
    rank: int,
    params: Any,
    filters: Any,
) -> None:
    session = truth[rank]
    listed = {"call_session_history_id", "user_id", "remote_number", "local_number",
              "child_account_id"}  # fmt: skip
    wanted = {k: (v,) if k in listed else v for k, v in filters(session).items()}
    expected = small.expected(**wanted)
    page = caller.page(count=1000, **params(session))
    ids = [s["call_session_history_id"] for s in expected]
    assert page["total_count"] == len(ids)
    assert [s["call_session_history_id"] for s in page["result"]] == ids[:1000]


def test_lists_are_joined_by_semicolons(caller: Caller, truth: list[dict[str, Any]]) -> None:
    ids = [s["call_session_history_id"] for s in truth[5:9]]
    assert caller.ids(call_session_history_id=";".join(map(str, ids))) == ids
    users = caller.page(user_id="700001;700002")["total_count"]
    single = [caller.page(user_id=u)["total_count"] for u in (700_001, 700_002)]
    assert users == sum(single) > 0


def test_children_on_request(small: World, run: Runner) -> None:
    with run(small, behaviour=Behaviour(children="on_request")) as caller:
        own = caller.page()["total_count"]
        only = caller.page(children_calls_only="true")["total_count"]
        one = caller.page(child_account_id=4_203_901)["total_count"]
    assert own + only == 1500
    assert own < one < 1500


SECONDS = st.integers(0, 31 * 86_400).map(
    lambda s: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_790_812_800 + s))
)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(SECONDS, max_size=3))
def test_windows_partition(caller: Caller, cuts: list[str]) -> None:
    edges = [MONTH["from_date"], *sorted(cuts), MONTH["to_date"]]
    totals = [
        caller.page(from_date=a, to_date=b, count=1)["total_count"]
        for a, b in itertools.pairwise(edges)
    ]
    assert sum(totals) == 1500


@pytest.mark.parametrize("order", ["start_date", "id", "almost", "end", "random-stable",
                                   "descending"])  # fmt: skip
@pytest.mark.parametrize("ties", ["id", "id_desc"])
def test_pages_partition_in_every_stable_order(
    small: World, truth: list[dict[str, Any]], run: Runner, order: Any, ties: Any
) -> None:
    with run(small, behaviour=Behaviour(order=order, ties=ties)) as caller:
        ids = [i for offset in (0, 600, 1200) for i in caller.ids(count=600, offset=offset)]
        back = caller.ids(count=600, desc_order="true")
    assert len(set(ids)) == 1500
    assert back == ids[::-1][:600]
    natural = [s["call_session_history_id"] for s in truth]
    assert (ids == natural) is ((order, ties) == ("start_date", "id"))


def test_ties_in_another_order_each_time(run: Runner) -> None:
    world = World(sessions=10, burst=("2026-10-10 12:00:00", 500))
    with run(world, behaviour=Behaviour(ties="random")) as caller:
        pages = [caller.page(count=1000)["result"] for _ in range(2)]
    first, second = ([s["call_session_history_id"] for s in page] for page in pages)
    assert first != second
    assert sorted(first) == sorted(second)
    dates = [s["start_date"] for s in pages[0]]
    assert dates == sorted(dates)


def test_end_of_the_window(run: Runner) -> None:
    world = World(sessions=0, burst=("2026-10-10 12:00:00", 3))
    window = {"from_date": "2026-10-10 00:00:00", "to_date": "2026-10-10 12:00:00"}
    second = dict.fromkeys(window, window["to_date"])
    with run(world, behaviour=Behaviour(to_date_inclusive=True)) as caller:
        assert caller.page(**window)["total_count"] == 3
        assert caller.page(**second)["total_count"] == 3
    with run(world, behaviour=Behaviour(from_equals_to="error")) as caller:
        assert caller.page(**window)["total_count"] == 0
        assert caller.error(**second)[0] == 101


@pytest.mark.parametrize("request_timezone", ["same", "utc"])
def test_timezone(run: Runner, request_timezone: Any) -> None:
    world = World(sessions=0, burst=("2026-10-25 00:30:00", 3))
    behaviour = Behaviour(timezone="Europe/Berlin", request_timezone=request_timezone)
    text = "2026-10-25 02:30:00" if request_timezone == "same" else "2026-10-25 00:30:00"
    with run(world, behaviour=behaviour) as caller:
        page = caller.page(from_date=text, to_date=text.replace("30:00", "30:01"))
    assert page["timezone"] == "Europe/Berlin"
    assert {s["start_date"] for s in page["result"]} == {"2026-10-25 02:30:00"}


@pytest.mark.parametrize(("gzip", "accept", "packed"), [
    (True, "identity", True), (False, "gzip", False), ("auto", "gzip", True),
    ("auto", "identity", False),
])  # fmt: skip
def test_gzip(small: World, run: Runner, gzip: Any, accept: str, packed: bool) -> None:
    with run(small, behaviour=Behaviour(gzip=gzip)) as caller:
        caller.http.headers["accept-encoding"] = accept
        response = caller.post()
    assert (response.headers.get("content-encoding") == "gzip") is packed
    assert response.json()["count"] == 20


def test_short_pages_caps_and_stuck_pages(small: World, run: Runner) -> None:
    with run(small, behaviour=Behaviour(page_cap=500)) as caller:
        assert len(caller.ids(count=1000)) == 500
    with run(small, behaviour=Behaviour(short_pages=True)) as caller:
        sizes = [len(caller.ids(count=1000)) for _ in range(5)]
        assert min(sizes) >= 1
        assert len(set(sizes)) > 1
    with run(small, behaviour=Behaviour(offset_ignored=True)) as caller:
        assert caller.ids(offset=50) == caller.ids()
    with run(small, behaviour=Behaviour(repeat_page=True)) as caller:
        assert caller.ids() == caller.ids(from_date="2026-10-20 00:00:00")


def test_the_world_changes_while_it_is_read(run: Runner) -> None:
    world = World(sessions=200)
    changes = Changes(add_every=2, purge_every=3, cost_every=1, size=4)
    with run(world, behaviour=Behaviour(changes=changes)) as caller:
        for _ in range(6):
            caller.ids()
        moments = [r.moment for r in caller.emulator.requests]
        deadline = time.monotonic() + 5
        while len(world) != 204 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(world) == 200 + 3 * 4 - 2 * 4
    assert moments == sorted(moments)
    window = ("2026-10-01", "2026-11-01")
    there = world.ledger.existed_throughout(moments[0], moments[-1], *window)
    assert there < world.ledger.existed_ever(moments[0], moments[-1], *window)
    assert any(world.ledger.version(i, world.now) for i in there)


def test_tokens(caller: Caller) -> None:
    emulator = caller.emulator
    now = int(time.time())
    other = jwt.encode({"iss": "1"}, "x" * 40, "HS256", headers={"kid": "k"})
    key = emulator.credentials
    bad = [
        "rubbish", other,
        sign(emulator, iss="1"),
        sign(emulator, header={"kid": "other"}),
        sign(emulator, header={}),
        sign(emulator, iat=now + 90, exp=now + 100),
        sign(emulator, iat=now, exp=now + 3601),
        jwt.encode({"iat": now, "exp": now + 9, "iss": str(key["account_id"])}, key="",
                   algorithm="none", headers={"kid": key["key_id"]}),
    ]  # fmt: skip
    for token in bad:
        assert caller.error(token=token)[0] == 100
    assert caller.error(token=sign(emulator, iat=now - 100, exp=now - 1))[0] == 456
    assert caller.post(token=sign(emulator, iat=now + 50, exp=now + 100)).json()["count"] == 20
    assert caller.http.post("/platform_api/GetCallHistory").json()["error"]["code"] == 100


def test_clock_skew_and_token_lifetime(small: World, run: Runner) -> None:
    with run(small, behaviour=Behaviour(clock_skew=-90)) as caller:
        response = caller.post()
        assert response.json()["error"]["code"] == 100
        from email.utils import parsedate_to_datetime

        behind = time.time() - parsedate_to_datetime(response.headers["date"]).timestamp()
        assert 88 < behind < 93
    with run(small, behaviour=Behaviour(token_lifetime=3)) as caller:
        assert caller.error()[0] == 456


def test_key_file(small: World, tmp_path: Path) -> None:
    path = Emulator(small).write_credentials(tmp_path / "credentials.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = json.loads(path.read_text())
    assert key == Emulator(small).credentials
    assert set(key) == {"account_email", "account_id", "key_id", "private_key"}
    assert isinstance(key["account_id"], int)


def test_counters_and_requests(small: World, run: Runner) -> None:
    with run(small, latency=0.05) as caller:
        threads = [threading.Thread(target=caller.ids) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        caller.error(count=5000)
        caller.ids(with_total_count="false")
        counters, requests = caller.emulator.counters, caller.emulator.requests
    assert counters.requests == 6
    assert counters.ok == 5
    assert counters.errors == {101: 1}
    assert counters.statuses == {200: 6}
    assert counters.rows == 100
    assert counters.max_in_flight >= 2
    assert counters.in_flight == 0
    assert counters.with_total_count == 5
    assert requests[-1].params["with_total_count"] == "false"
    assert requests[-1].rows == 20
    assert requests[-1].sent_by == "body"
    assert requests[-1].ended - requests[-1].started >= 0.05


def test_cache_gives_the_same_bytes(run: Runner) -> None:
    world = World(sessions=500)
    with run(world) as plain:
        fresh = plain.post(**FULL).content
    with run(world, cache=True) as caller:
        caller.emulator.warm()
        assert caller.post(**FULL).content == fresh
        (one,) = world.some(1)
        world.raise_cost([one])
        assert caller.post(**FULL).content != fresh


def test_no_socket_is_left_open_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: told.append(str(what.exc_value)))
    for _ in range(10):
        with Emulator(World(sessions=1)) as emulator:
            address = httpx.URL(emulator.base_url)
            late = [socket.create_connection((address.host, address.port)) for _ in range(3)]
        gc.collect()
        for connection in late:
            connection.close()
    assert told == []


def test_served_in_the_foreground(tmp_path: Path) -> None:
    import signal
    import subprocess
    import sys

    code = (
        "from voxframe.emulator import World, serve\n"
        "serve(World(sessions=50), port=0, credentials_path='key.json',\n"
        "      announce=lambda url: print(url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        url = process.stdout.readline().decode().strip()
        assert (tmp_path / "key.json").exists()
        answer = httpx.post(f"{url}/platform_api/GetCallHistory").json()
        assert answer["error"]["code"] == 100
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
