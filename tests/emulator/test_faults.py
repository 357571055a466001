import json
import math
import re
import threading
import time
import zlib
from typing import Any

import httpx
import pytest

from tests.support.emulator_caller import Runner
from voxframe.emulator import Behaviour, Emulator, Fault, Throttle, World

FULL = {"with_calls": "true", "with_records": "true", "count": "1000"}


@pytest.fixture(scope="module")
def world() -> World:
    return World(sessions=600, seed=5)


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"at": (3, 5)}, [3, 5]),
        ({"every": 2}, [2, 4, 6]),
        ({"first": 2}, [1, 2]),
        ({"during": (0.0, 0.0)}, []),
        ({"during": (0.0, 60.0)}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_when(when: dict[str, Any], hit: list[int]) -> None:
    fault = Fault("500", **when)
    assert [n for n in range(1, 7) if fault.fires(n, 1.0)] == hit


def test_probability_is_a_share_chosen_by_the_seed() -> None:
    chosen = [{n for n in range(4000) if Fault("500", probability=0.25, seed=s).fires(n, 0)}
              for s in (0, 0, 1)]  # fmt: skip
    assert chosen[0] == chosen[1] != chosen[2]
    assert 0.22 < len(chosen[0]) / 4000 < 0.28


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("500", 500, b"{"), ("502", 502, b"<html"), ("503", 503, b"{"), ("html500", 500, b"<html"),
        ("html200", 200, b"<html"), ("empty", 200, b""), ("not_json", 200, b"OK"),
        ("not_object", 200, b"["), ("error_string", 200, b'{"error":"'), ("429", 429, b"{"),
        ("error_number", 200, b'{"error":{"code":"'), ("redirect", 307, b""),
    ],
)  # fmt: skip
def test_fixed_answers(world: World, run: Runner, kind: Any, status: int, body: bytes) -> None:
    with run(world, faults=[Fault(kind, at=(1,))]) as caller:
        response = caller.post()
        assert response.status_code == status
        assert response.content.startswith(body)
        assert caller.page()["count"] == 20
        counters = caller.emulator.counters
    assert counters.faults == {kind: 1}
    assert counters.ok == 1


@pytest.mark.parametrize("kind", ["error1", "error2", "error4", "error5", "100", "101", "103",
                                  "104", "111", "150", "340", "456", "484", "515",
                                  "error429"])  # fmt: skip
def test_error_codes(world: World, run: Runner, kind: Any) -> None:
    with run(world, faults=[Fault(kind, at=(1,))]) as caller:
        code, message = caller.error()
        assert code == int(kind.removeprefix("error"))
        assert message
        assert caller.page()["count"] == 20


@pytest.mark.parametrize("status", [403, 408, 429, 503])
@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("error", {"error": "slow down"}),
        ("status", {"status": 0, "error": "slow down"}),
        ("message", {"message": "slow down"}),
    ],
)
def test_a_gateways_own_json(
    world: World, run: Runner, status: int, words: Any, body: dict[str, Any]
) -> None:
    fault = Fault("gateway", at=(1,), status=status, words=words, msg="slow down", retry_after=3)
    with run(world, faults=[fault]) as caller:
        response = caller.post()
    assert response.status_code == status
    assert response.headers["retry-after"] == "3"
    assert response.json() == body | ({"status": status} if "status" in body else {})


def test_the_words_of_an_error_can_be_chosen(world: World, run: Runner) -> None:
    with run(world, faults=[Fault("101", msg="\x1b[31mno\x1b[0m")]) as caller:
        assert caller.error() == (101, "\x1b[31mno\x1b[0m")


@pytest.mark.parametrize(
    ("value", "low", "high"), [("date", 3, 6), ("past", -3602, -3599), ("day", 86_398, 86_401)]
)
def test_retry_after_dates(world: World, run: Runner, value: Any, low: int, high: int) -> None:
    from email.utils import parsedate_to_datetime

    with run(world, faults=[Fault("503", retry_after=value)]) as caller:
        header = caller.post().headers["retry-after"]
    assert low <= parsedate_to_datetime(header).timestamp() - time.time() <= high


def test_retry_after_seconds_and_rubbish(world: World, run: Runner) -> None:
    for value, text in ((3, "3"), (0.5, "0.5"), ("soon", "soon")):
        with run(world, faults=[Fault("429", retry_after=value)]) as caller:
            assert caller.post().headers["retry-after"] == text


def test_cut_json_and_gzip(world: World, run: Runner) -> None:
    faults = [Fault("cut_json", at=(1,)), Fault("cut_gzip", at=(2,))]
    with run(world, faults=faults) as caller:
        with pytest.raises(ValueError, match=r"JSON|Unterminated|Expecting|delimiter"):
            caller.post(**FULL).json()
        with caller.http.stream(
            "POST", "/platform_api/GetCallHistory",
            data={"from_date": "2026-10-01 00:00:00", "to_date": "2026-11-01 00:00:00"},
            headers={"Authorization": f"Bearer {caller.token}"},
        ) as response:  # fmt: skip
            packed = b"".join(response.iter_raw())
            assert int(response.headers["content-length"]) == len(packed)
        unpacker = zlib.decompressobj(wbits=31)
        assert unpacker.decompress(packed).startswith(b'{"result":[')
        assert not unpacker.eof


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx.ReadError), ("short_length", httpx.RemoteProtocolError)]
)
def test_broken_connections(world: World, run: Runner, kind: Any, error: type[Exception]) -> None:
    with run(world, faults=[Fault(kind, at=(1,))]) as caller:
        with pytest.raises(error):
            caller.post(**FULL)
        assert caller.page()["count"] == 20
        assert caller.emulator.counters.ok == 1


def test_drip_and_hang_and_slow(world: World, run: Runner) -> None:
    faults = [Fault("drip", at=(1,), seconds=0.05), Fault("hang", at=(2,)),
              Fault("slow", at=(3,), seconds=0.3)]  # fmt: skip
    with run(world, faults=faults, timeout=0.5) as caller:
        began = time.monotonic()
        with caller.http.stream(
            "POST", "/platform_api/GetCallHistory",
            data={"from_date": "2026-10-01 00:00:00", "to_date": "2026-11-01 00:00:00"},
            headers={"Authorization": f"Bearer {caller.token}"},
        ) as response:  # fmt: skip
            got = b""
            for piece in response.iter_raw():
                got += piece
                if time.monotonic() - began > 0.8:  # longer than the read timeout
                    break
        assert b'{"result"'.startswith(got[:9])
        assert 5 < len(got) < 40
        with pytest.raises(httpx.ReadTimeout):
            caller.post()
        began = time.monotonic()
        assert caller.page()["count"] == 20
        assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("kind", ["bomb", "gigabytes"])
def test_endless_bodies(world: World, run: Runner, kind: Any) -> None:
    with (
        run(world, faults=[Fault(kind, at=(1,), size=2**30)]) as caller,
        caller.http.stream("POST", "/platform_api/GetCallHistory") as response,
    ):
        seen = 0
        for piece in response.iter_bytes():
            seen += len(piece)
            if seen > 50 * 2**20:
                break
        assert response.num_bytes_downloaded < (2**20 if kind == "bomb" else 2**30)
    assert seen > 50 * 2**20


def test_whole_bomb_inflates_to_its_size(world: World, run: Runner) -> None:
    with (
        run(world, faults=[Fault("bomb", size=2**26)]) as caller,
        caller.http.stream("POST", "/platform_api/GetCallHistory") as response,
    ):
        unpacker = zlib.decompressobj(wbits=31)
        assert sum(len(unpacker.decompress(part)) for part in response.iter_raw()) == 2**26


@pytest.mark.parametrize("kind", ["hang", "drip", "gigabytes", None])
def test_stops_at_once_whatever_is_going_on(world: World, run: Runner, kind: Any) -> None:
    faults = [] if kind is None else [Fault(kind)]
    with run(world, faults=faults, latency=30 if kind is None else 0) as caller:

        def ask() -> None:
            with pytest.raises(httpx.TransportError):
                caller.post()

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        while caller.emulator.counters.in_flight < 3:
            time.sleep(0.01)
        began = time.monotonic()
        caller.emulator.__exit__(None, None, None)
        assert time.monotonic() - began < 1
        for thread in threads:
            thread.join(5)


def test_throttle_parallel(world: World, run: Runner) -> None:
    throttle = Throttle(max_parallel=2, retry_after=1)
    with run(world, throttle=throttle, latency=0.2) as caller:
        codes = []
        threads = [threading.Thread(target=lambda: codes.append(caller.post().status_code))
                   for _ in range(6)]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counters = caller.emulator.counters
    assert codes.count(200) >= 2
    assert counters.statuses[429] == codes.count(429) > 0


def test_throttle_rate_by_an_injected_clock(world: World, run: Runner) -> None:
    now = [0.0]
    with run(world, throttle=Throttle(per_second=2), clock=lambda: now[0]) as caller:
        assert [("error" in caller.post().json()) for _ in range(3)] == [False, False, True]
        assert caller.error()[0] == 340
        now[0] += 1.5
        assert caller.page()["count"] == 20


def test_fault_during_by_an_injected_clock(world: World, run: Runner) -> None:
    now = [0.0]
    with run(world, faults=[Fault("340", during=(0, 60))], clock=lambda: now[0]) as caller:
        assert caller.error()[0] == 340
        now[0] = 61.0
        assert caller.page()["count"] == 20


def test_throttle_same_operation(world: World, run: Runner) -> None:
    now = [0.0]
    with run(world, throttle=Throttle(same_within=2.0), clock=lambda: now[0]) as caller:
        assert caller.page()["count"] == 20
        assert caller.page(offset=1)["count"] == 20
        assert caller.error()[0] == 515
        now[0] = 2.5
        assert caller.page()["count"] == 20


# What is odd inside an answer ------------------------------------------------------


@pytest.mark.parametrize(("absent", "value"), [("null", None), ("empty", "")])
def test_absent_fields(world: World, run: Runner, absent: Any, value: Any) -> None:
    with run(world, behaviour=Behaviour(absent=absent)) as caller:
        sessions = caller.page(**FULL)["result"]
    calls = [c for s in sessions for c in s["calls"] or ()]
    names = {"user_id", "custom_data", "duration", "log_file_url"}
    assert all(names <= set(s) for s in sessions)
    assert any(s["user_id"] == value for s in sessions)
    assert all("diversion_number" in c for c in calls)
    assert any(c["cost"] == value for c in calls)
    assert {type(s["records"]) for s in sessions} == (
        {list, type(None)} if absent == "null" else {list}
    )


def test_absent_mixed(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(absent="mixed")) as caller:
        sessions = caller.page(**FULL)["result"]
    seen = {repr(s.get("log_file_url", "omitted"))[:6] for s in sessions}
    assert {"None", "''", "'omitt"} <= seen
    assert {type(s.get("records", "gone")) for s in sessions} == {list, str, type(None)}


def test_numbers_as_text(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(numbers_as_text=True)) as caller:
        page = caller.page(**FULL)
    assert page["total_count"] == "600"
    for session in page["result"]:
        assert isinstance(session["call_session_history_id"], str)
        for call in session["calls"]:
            assert isinstance(call["incoming"], bool)
            assert isinstance(call.get("cost", ""), str)


def test_unknown_fields_at_every_level(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(extra_fields=True)) as caller:
        page = caller.page(**FULL)
    text = json.dumps(page)
    for name in ("x_api_version", "x_campaign", "x_mos", "x_origin", "x_codec", "x_batch"):
        assert name in text


KINDS = ("number_as_text", "text_as_number", "long_cost", "empty_number", "empty_date",
         "null_lists", "lone_surrogate", "invalid_utf8")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_dirt(world: World, run: Runner, kind: Any) -> None:
    with run(world, behaviour=Behaviour(dirty=0.5, dirt=(kind,))) as caller:
        content = caller.post(**FULL).content
        dirty = {s for s in world.ledger.existed_ever(0, world.now, world.start, world.end)
                 if caller.emulator.dirt_of(s) == kind}  # fmt: skip
    assert 200 < len(dirty) < 400
    if kind == "invalid_utf8":
        with pytest.raises(UnicodeDecodeError):
            content.decode()
    sessions = json.loads(content.decode(errors="replace"))["result"]
    marks = {
        "number_as_text": lambda s: isinstance(s["application_id"], str),
        "text_as_number": lambda s: s.get("custom_data") == 12345,
        "long_cost": lambda _: None,
        "empty_number": lambda s: s.get("duration") == "",
        "empty_date": lambda s: any(u["used_at"] == "" for u in s["other_resource_usage"]),
        "null_lists": lambda s: None if s["records"] else s["records"] is None,
        "lone_surrogate": lambda s: s.get("custom_data") == "caf\ud83d",
        "invalid_utf8": lambda s: s.get("custom_data") == "caf\ufffd",
    }
    for session in sessions:
        if (marked := marks[kind](session)) is not None:
            assert marked is (session["call_session_history_id"] in dirty)
    long = len(re.findall(rb"\.\d{9}00000012\b", content))
    assert long == (len(dirty) if kind == "long_cost" else 0)


def test_all_dirt_at_once_leaves_costs_and_counts(world: World, run: Runner) -> None:
    from decimal import Decimal

    with run(world, behaviour=Behaviour(dirty=1.0)) as caller:
        content = caller.post(**FULL).content
    sessions = json.loads(content.decode(errors="replace"), parse_float=Decimal)["result"]
    cost = sum(round(Decimal(child.get("cost", 0)), 9) for s in sessions for name in
               ("calls", "records", "other_resource_usage") for child in s[name] or ())  # fmt: skip
    assert cost == world.totals().cost


@pytest.mark.parametrize(
    ("poison", "mark"),
    [
        ("nan", b'"cost":NaN'), ("infinity", b'"cost":Infinity'),
        ("minus_infinity", b'"cost":-Infinity'), ("too_big", b'"duration":9223372036854775808'),
        ("impossible_date", b"2026-02-30 25:61:00"), ("null_id", b'"call_session_history_id":null'),
        ("text_id", b'"call_session_history_id":"none"'), ("list_as_text", b'"calls":"none"'),
        ("missing_id", b'{"account_id"'), ("nan_in_unknown", b'"x_ratio":NaN'),
        ("cost_of_40_digits", b'"cost":1' + b"0" * 39), ("year_one", b"0001-01-01 00:00:00"),
    ],
)  # fmt: skip
def test_poison(world: World, run: Runner, poison: Any, mark: bytes) -> None:
    with run(world, behaviour=Behaviour(poison=poison)) as caller:
        content = caller.post(**FULL).content
    assert content.count(mark) == 1


def test_poisoned_cost_is_really_not_a_number(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(poison="nan")) as caller:
        page = caller.page(call_session_history_id=world.landmark)
    assert any(math.isnan(u["cost"]) for u in page["result"][0]["other_resource_usage"])


def test_huge_session_and_deep_nesting(run: Runner) -> None:
    world = World(sessions=20)
    with run(world, behaviour=Behaviour(huge_session=10_000, deep_nesting=1000)) as caller:
        content = caller.post(**FULL).content
    assert b"[" * 1000 + b"]" * 1000 in content
    calls = [c["call_id"] for s in world.expected() for c in s["calls"]]
    assert len(set(calls)) == len(calls) > 10_000
    assert content.count(b'"call_id"') == len(calls)


def test_starting_fails_loudly(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no sockets left")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.create_server", refuse)
    with pytest.raises(OSError, match="no sockets left"), Emulator(world):
        pass
