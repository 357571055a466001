"""What the documentation leaves open, a switch at a time."""

import json
import zlib
from typing import Any

import pytest

from tests.support.emulator_caller import FULL, MONTH, Runner
from voxframe.emulator import Behaviour, Changes, ExtraField, World

SECOND = "2026-10-10 12:00:00"
NEXT = "2026-10-10 12:00:01"


@pytest.fixture(scope="module")
def world() -> World:
    return World(sessions=1500, seed=7)


# How many there are ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "step", "total"),
    [
        ("right", 1000, 1500), ("zero", 1000, 0), ("negative", 1000, -1), ("false", 1000, False),
        ("capped", 700, 700), ("rounded_down", 1000, 1000), ("rounded_up", 1000, 2000),
    ],
)  # fmt: skip
def test_total_count(world: World, run: Runner, said: Any, step: int, total: object) -> None:
    with run(world, behaviour=Behaviour(total_count=said, total_step=step)) as caller:
        page = caller.page()
    assert page["total_count"] == total
    assert type(page["total_count"]) is type(total)


def test_total_count_missing(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(total_count="missing")) as caller:
        assert "total_count" not in caller.page()


def test_total_count_late(run: Runner) -> None:
    world = World(sessions=100)
    changes = Changes(add_every=1, size=10)
    behaviour = Behaviour(total_count="late", total_lag=2, changes=changes)
    with run(world, behaviour=behaviour) as caller:
        pages = [caller.page(count=1000) for _ in range(4)]
    assert [page["count"] for page in pages] == [100, 110, 120, 130]
    assert [page["total_count"] for page in pages] == [100, 100, 100, 110]


@pytest.mark.parametrize(("counted", "apart"), [("together", 0), ("first", -3), ("last", 3)])
def test_counted_apart_from_selecting(run: Runner, counted: Any, apart: int) -> None:
    world = World(sessions=100)
    changes = Changes(add_every=1, size=3, between=True)
    day = {"from_date": "2026-10-10 00:00:00", "to_date": "2026-10-11 00:00:00"}
    with run(world, behaviour=Behaviour(counted=counted, changes=changes)) as caller:
        for _ in range(3):
            page = caller.page(count=1000, **day)
            assert page["total_count"] - page["count"] == apart
    assert len(world) == 109


def test_changes_end(run: Runner) -> None:
    world = World(sessions=100)
    with run(world, behaviour=Behaviour(changes=Changes(add_every=1, last=2))) as caller:
        totals = [caller.page()["total_count"] for _ in range(4)]
    assert totals == [100, 105, 110, 110]


def test_changes_within_one_second(run: Runner) -> None:
    world = World(sessions=100, burst=(SECOND, 50))
    changes = Changes(add_every=1, purge_every=1, size=10, within=(SECOND, NEXT))
    with run(world, behaviour=Behaviour(changes=changes)) as caller:
        for _ in range(5):
            there = caller.ids(count=1000, from_date=SECOND, to_date=NEXT)
            assert len(there) == 50
        assert caller.page()["total_count"] == 150
    ever = world.ledger.existed_ever(0, world.now, SECOND, NEXT)
    assert len(ever) == 50 + 6 * 10


# Windows ---------------------------------------------------------------------------


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("fractions", [True, False])
def test_fractions(run: Runner, fractions: bool, inclusive: bool) -> None:
    world = World(sessions=0, burst=(SECOND, 3000))
    behaviour = Behaviour(fractions=fractions, to_date_inclusive=inclusive)
    with run(world, behaviour=behaviour) as caller:
        alone = caller.page(from_date=SECOND, to_date=SECOND)["total_count"]
        whole = caller.page(from_date=SECOND, to_date=NEXT)["total_count"]
        ids = [i for at in (0, 1000, 2000) for i in
               caller.ids(from_date=SECOND, to_date=NEXT, count=1000, offset=at)]  # fmt: skip
        back = caller.ids(from_date=SECOND, to_date=NEXT, count=1000, desc_order="true")
    assert whole == 3000
    if not inclusive:
        assert alone == 0
    elif fractions:
        assert 0 < alone < 30  # one in a thousand
    else:
        assert alone == 3000
    assert (ids == sorted(ids)) is not fractions
    assert len(set(ids)) == 3000
    assert back == ids[::-1][:1000]


@pytest.mark.parametrize("kept", ["first", "last"])
def test_a_long_window_is_shortened_in_silence(world: World, run: Runner, kept: Any) -> None:
    with run(world, behaviour=Behaviour(window_limit=7, window_kept=kept)) as caller:
        page = caller.page()
        week = caller.page(to_date="2026-10-08 00:00:00")["total_count"]
    window = ("2026-10-01", "2026-10-08") if kept == "first" else ("2026-10-25", "2026-11-01")
    assert page["total_count"] == len(world.expected(*window))
    assert week == len(world.expected("2026-10-01", "2026-10-08"))
    assert "warnings" not in page


def test_dates_left_out_are_one_month(run: Runner) -> None:
    world = World(sessions=900, start="2026-08-20", end="2026-10-20")
    cases = {
        ("2026-09-20", "2026-10-20"): {"from_date": None, "to_date": None},
        ("2026-09-01", "2026-10-01"): {"from_date": "2026-09-01 00:00:00", "to_date": None},
        ("2026-08-28", "2026-09-30"): {"from_date": None, "to_date": "2026-09-30 00:00:00"},
    }
    with run(world) as caller:
        for window, params in cases.items():
            page = caller.page(**params)
            assert page["total_count"] == len(world.expected(*window))
            assert all(name in page["warnings"][0] for name, value in params.items() if not value)
    with run(world, behaviour=Behaviour(dates="required")) as caller:
        for name in MONTH:
            code, message = caller.error(**{name: None})
            assert code == 101
            assert name in message


@pytest.mark.parametrize(
    ("asked_in", "text"),
    [
        ("same", "2026-10-10 14:00:00"), ("utc", SECOND),
        ("America/New_York", "2026-10-10 08:00:00"),
    ],
)  # fmt: skip
def test_in_which_timezone_dates_are_read(run: Runner, asked_in: str, text: str) -> None:
    world = World(sessions=0, burst=(SECOND, 3))
    behaviour = Behaviour(timezone="Europe/Berlin", request_timezone=asked_in)
    with run(world, behaviour=behaviour) as caller:
        page = caller.page(from_date=text, to_date=text.replace("00:00", "00:01"))
    assert {s["start_date"] for s in page["result"]} == {"2026-10-10 14:00:00"}


@pytest.mark.parametrize(("fold", "found"), [("wide", 2), ("first", 1), ("second", 1)])
def test_an_hour_that_the_clocks_repeat(run: Runner, fold: Any, found: int) -> None:
    world = World(sessions=0, burst=("2026-10-25 00:30:00", 1))
    world.add(1, start="2026-10-25 01:30:00")
    hour = {"from_date": "2026-10-25 02:00:00", "to_date": "2026-10-25 02:59:59"}
    with run(world, behaviour=Behaviour(timezone="Europe/Berlin", fold=fold)) as caller:
        page = caller.page(**hour)
    assert page["total_count"] == found
    assert {s["start_date"] for s in page["result"]} == {"2026-10-25 02:30:00"}


# Parameters ------------------------------------------------------------------------


def test_all_child_accounts(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(children="on_request")) as caller:
        assert caller.page(child_account_id="all")["total_count"] == 1500
        assert caller.page()["total_count"] < 1500


def test_one_unknown_id_refuses_the_list(world: World, run: Runner) -> None:
    known = [s["call_session_history_id"] for s in world.expected("2026-10-01", "2026-10-10")]
    day = {"from_date": "2026-10-01 00:00:00", "to_date": "2026-10-10 00:00:00"}
    other = world.expected("2026-10-20")[0]["call_session_history_id"]
    with run(world, behaviour=Behaviour(unknown_ids="refused")) as caller:
        for odd in (17, other):
            listed = ";".join(map(str, [*known[:3], odd]))
            assert caller.error(call_session_history_id=listed, **day)[0] == 150
        listed = ";".join(map(str, known[:3]))
        assert caller.ids(call_session_history_id=listed, **day) == known[:3]
    with run(world, behaviour=Behaviour(unknown_ids="left_out")) as caller:
        assert caller.ids(call_session_history_id=f"{known[0]};17", **day) == known[:1]


def test_parameters_of_which_this_service_has_not_heard(world: World, run: Runner) -> None:
    old = ("min_duration", "timezone")
    with run(world, behaviour=Behaviour(unknown_parameters=old)) as caller:
        assert caller.error(min_duration=5)[0] == 101
        assert caller.page(max_duration=5)["total_count"] < 1500
    for what in ("ignored", "warned"):
        behaviour = Behaviour(unknown_parameters=old, on_unknown_parameter=what)
        with run(world, behaviour=behaviour) as caller:
            page = caller.page(min_duration=500)
            assert page["total_count"] == 1500
            assert ("min_duration" in str(page.get("warnings"))) is (what == "warned")
            assert caller.error(colour="red")[0] == 101


def test_the_timezone_of_newer_references(run: Runner) -> None:
    world = World(sessions=0, burst=(SECOND, 3))
    with run(world, behaviour=Behaviour(timezone="Europe/Berlin")) as caller:
        assert caller.error(timezone="Etc/GMT")[0] == 101
    behaviour = Behaviour(timezone="Europe/Berlin", unknown_parameters=())
    with run(world, behaviour=behaviour, cache=True) as caller:
        for zone, hour in (("Etc/GMT", 12), ("auto", 14), ("Asia/Tokyo", 21)):
            text = f"2026-10-10 {hour}:00:00"
            page = caller.page(timezone=zone, from_date=text, to_date=text[:-1] + "1")
            assert [s["start_date"] for s in page["result"]] == [text] * 3
            assert page["timezone"] == ("Europe/Berlin" if zone == "auto" else zone)
        assert caller.error(timezone="Nowhere/Town")[0] == 101
        assert caller.error(timezone="../etc")[0] == 101


@pytest.mark.parametrize("field", ["remote_number", "local_number"])
def test_numbers_are_compared_as_they_are_kept(run: Runner, field: str) -> None:
    world = World(sessions=1500, seed=7, plus=False)
    numbers = {c[field] for s in world.expected() for c in s["calls"]}
    number = min(n for n in numbers if n.isdigit())
    with run(world) as caller:
        page = caller.page(count=1000, **FULL_CALLS, **{field: number})
        assert page["total_count"] == len(world.expected(**{field: (number,)})) > 0
        assert all(number in {c[field] for c in s["calls"]} for s in page["result"])
        assert caller.page(**{field: f"+{number}"})["total_count"] == 0
        assert caller.page(**{field: f"+{number};{number}"})["total_count"] == page["total_count"]


FULL_CALLS = {"with_calls": "true"}


# The answer ------------------------------------------------------------------------


def test_gzip_of_two_members(world: World, run: Runner) -> None:
    with run(world) as caller:
        whole = caller.post().content
    with (
        run(world, behaviour=Behaviour(gzip="two")) as caller,
        caller.http.stream(
            "POST", "/platform_api/GetCallHistory", data=MONTH,
            headers={"Authorization": f"Bearer {caller.token}"},
        ) as response,
    ):  # fmt: skip
        assert response.headers["content-encoding"] == "gzip"
        packed = b"".join(response.iter_raw())
    first = zlib.decompressobj(wbits=31)
    begin = first.decompress(packed)
    second = zlib.decompressobj(wbits=31)
    assert begin + second.decompress(first.unused_data) == whole
    assert second.eof
    assert 0 < len(begin) < len(whole)


def test_what_the_service_warns_of(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(warnings=("a", "b"))) as caller:
        assert caller.page()["warnings"] == ["a", "b"]
    with run(world) as caller:
        assert "warnings" not in caller.page()


def test_escaped_slashes(world: World, run: Runner) -> None:
    with run(world) as caller:
        page = caller.page(**FULL)
    for cache in (False, True):
        with run(world, behaviour=Behaviour(escaped_slashes=True), cache=cache) as caller:
            content = caller.post(**FULL).content
            assert content.count(b"/") == content.count(rb"\/") > 100
            assert json.loads(content) == page


def test_end_reason_as_text(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(end_reason="text")) as caller:
        sessions = caller.page(**FULL)["result"]
    reasons = {call["end_reason"] for s in sessions for call in s["calls"] if "end_reason" in call}
    assert {"480 User offline", "603", "200 Normal call clearing"} <= reasons


def test_custom_data_is_cut_in_the_middle_of_a_letter(world: World, run: Runner) -> None:
    with run(world, behaviour=Behaviour(custom_data_limit=200)) as caller:
        content = caller.post(**FULL).content
    with pytest.raises(UnicodeDecodeError):
        content.decode()
    sessions = json.loads(content.decode(errors="surrogateescape"))["result"]
    sizes = [len(s.get("custom_data", "").encode(errors="surrogateescape")) for s in sessions]
    assert max(sizes) == 200
    assert 20 < sizes.count(200) < 200
    kept = {s["call_session_history_id"]: s.get("custom_data") for s in world.expected()}
    short = [s for s, size in zip(sessions, sizes, strict=True) if size < 200]
    assert all(s.get("custom_data") == kept[s["call_session_history_id"]] for s in short)


def test_fields_that_begin_end_and_change_their_type(world: World, run: Runner) -> None:
    fields = (
        ExtraField("start_day", kind="text"),
        ExtraField("x_mos", level="calls", since="2026-10-05", until="2026-10-10"),
        ExtraField("x_mos", level="calls", kind="float", since="2026-10-10"),
        ExtraField("x_tags", kind="list", until="2026-10-03"),
        ExtraField("x_codec", level="records", kind="object"),
        ExtraField("x_late", level="other_resource_usage", kind="boolean"),
        ExtraField("x_none", kind="null"),
    )
    with run(world, behaviour=Behaviour(fields=fields)) as caller:
        sessions = caller.page(**FULL)["result"]
        again = caller.page(**FULL)["result"]
    assert sessions == again
    for session in sessions:
        day = session["start_date"][:10]
        assert session["start_day"].startswith("text ")
        assert session["x_none"] is None
        assert isinstance(session.get("x_tags", []), list)
        assert ("x_tags" in session) is (day < "2026-10-03")
        kind = type(None) if day < "2026-10-05" else int if day < "2026-10-10" else float
        assert all(type(call.get("x_mos")) is kind for call in session["calls"])
        assert all(isinstance(record["x_codec"], dict) for record in session["records"])
        assert all(type(u["x_late"]) is bool for u in session["other_resource_usage"])
