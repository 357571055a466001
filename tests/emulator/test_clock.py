"""A clock that can be moved, and the ledger that says what a read at any second has to give."""

import threading
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.support.emulator_caller import FULL, Runner
from voxframe.emulator import Behaviour, Fault, Motion, World

NOON = "2026-10-10 12:00:00"
DAY = 86_400


def ids(sessions: list[dict[str, Any]]) -> list[int]:
    return [s["call_session_history_id"] for s in sessions]


def usage(session: dict[str, Any]) -> Any:
    return sum(u["cost"] for u in session["other_resource_usage"])


def ended(session: dict[str, Any]) -> str:
    from datetime import datetime

    start = datetime.fromisoformat(session["start_date"])
    return str(start + timedelta(seconds=session.get("duration", 0)))


def test_sessions_appear_once_they_have_ended(run: Runner) -> None:
    world = World(sessions=900, seed=3, now=NOON, motion=Motion(late=0))
    everything = World(sessions=900, seed=3).expected()
    with run(world) as caller:
        for hours in (0, 1, 30):
            caller.emulator.advance(hours * 3600)
            now = str(timedelta(hours=hours))
            answered = caller.ids(count=1000)
            stands = caller.emulator.requests[-1].time
            text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(stands))
            assert answered == [i for s, i in zip(everything, ids(everything), strict=True)
                                if ended(s) < text], now  # fmt: skip
            assert answered == ids(world.expected()) == ids(world.expected(at=stands))
            assert len(world) == len(answered)
    assert ids(world.expected(at="2026-12-01")) == ids(everything)
    assert world.totals(at=NOON).sessions == len(world.expected(at=NOON)) < 900


def test_some_appear_late() -> None:
    motion = Motion(late=0.3, late_by=(3600, 2 * DAY))
    world = World(sessions=900, seed=3, now=NOON, motion=motion)
    before = ids(world.expected())
    prompt = ids(World(sessions=900, seed=3, now=NOON, motion=Motion(late=0)).expected())
    late = set(prompt) - set(before)
    assert 3 < len(late) < len(prompt) / 2
    assert set(before) < set(prompt)
    world.advance(timedelta(days=2, hours=3))
    assert late <= set(ids(world.expected()))
    assert ids(world.expected(at=NOON)) == before


def test_bills_settle_and_only_grow() -> None:
    motion = Motion(late=0, slow_bills=0.5, slow_by=(3600, 3 * DAY))
    world = World(sessions=1500, seed=3, now="2026-11-01", motion=motion)
    (one,) = world.expected("2026-10-31")[:1]
    end = ended(one)
    final = {s["call_session_history_id"]: s for s in World(sessions=1500, seed=3).expected()}
    last: dict[int, Any] = {}
    unsettled = []
    for seconds in (0, 300, 4000, DAY, 4 * DAY):
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(world.time + seconds))
        sessions = world.expected(at=at)
        costs = {s["call_session_history_id"]: usage(s) for s in sessions}
        assert all(cost >= last.get(i, 0) for i, cost in costs.items())
        unsettled.append(sum(cost < usage(final[i]) for i, cost in costs.items()))
        last = costs
    assert unsettled[0] > unsettled[-2] > unsettled[-1] == 0
    assert last == {i: usage(s) for i, s in final.items()}
    from datetime import datetime

    there = datetime.fromisoformat(end)
    early = world.expected(at=there + timedelta(seconds=1))
    (fresh,) = [s for s in early if s["call_session_history_id"] == one["call_session_history_id"]]
    assert [u["cost"] for u in fresh["other_resource_usage"]] == [0]


def test_log_links_are_cleared_and_recordings_expire() -> None:
    world = World(sessions=300, seed=3, now="2026-11-01")
    first = world.expected("2026-10-01", "2026-10-10")
    assert all("log_file_url" in s for s in first if s["start_date"] > "2026-10-02 00:00:00")
    there = {r["record_id"]: r["is_removed"] for s in first for r in s["records"]}
    world.advance(timedelta(days=20))
    assert not any("log_file_url" in s for s in world.expected("2026-10-01", "2026-10-10"))
    world.advance(timedelta(days=90))
    later = world.expected("2026-10-01", "2026-10-10")
    assert all(r["is_removed"] for s in later for r in s["records"])
    assert len(there) > sum(there.values())
    again = world.expected("2026-10-01", "2026-10-10", at="2026-11-01")
    assert again == first


def test_old_sessions_are_purged_and_the_ledger_knows() -> None:
    world = World(sessions=300, seed=3, now="2026-11-01", motion=Motion(retention=40 * DAY))
    since = world.now
    assert len(world) == len(world.ledger.existed_throughout(since, since, *WINDOW))
    world.advance(timedelta(days=20))
    left = ids(world.expected())
    assert left == ids(World(sessions=300, seed=3).expected("2026-10-12 00:00:01"))
    assert world.ledger.existed_throughout(since, world.now, *WINDOW) == set(left)
    assert len(world.ledger.existed_ever(since, world.now, *WINDOW)) == 300


WINDOW = ("2026-10-01", "2026-11-01")


def test_what_is_done_by_hand_is_in_the_ledger_at_its_second() -> None:
    world = World(sessions=300, seed=3, now="2026-11-01", motion=Motion(late=0))
    world.advance(DAY * 10)
    (one, two) = world.some(2)
    world.raise_cost([one])
    new = world.add(3, start="2026-10-05 10:00:00")
    world.purge([two])
    world.advance(DAY)
    then, now = (
        {s["call_session_history_id"]: s for s in world.expected(at=at)}
        for at in ("2026-11-10", "2026-11-11")
    )
    assert set(now) - set(then) == set(new)
    assert set(then) - set(now) == {two}
    assert usage(now[one]) > usage(then[one])


def test_sessions_that_are_still_going_on(run: Runner) -> None:
    world = World(sessions=3000, seed=3, now="2026-10-08 10:00:00", motion=Motion(active=True))
    with run(world) as caller:
        latest = {"desc_order": "true", **FULL}
        before = caller.page(**latest)["result"]
        caller.emulator.advance(3 * 3600)
        after = {s["call_session_history_id"]: s for s in caller.page(**latest)["result"]}
    active = [s for s in before if s["active"]]
    assert 0 < len(active) < 50
    for session in active:
        assert not {"duration", "finish_reason"} & session.keys()
        assert not any({"duration", "cost"} & call.keys() for call in session["calls"])
        assert session["records"] == session["other_resource_usage"] == []
        assert after[session["call_session_history_id"]]["active"] is False


def test_the_clock_of_the_answers(run: Runner) -> None:
    world = World(sessions=10, now=NOON)
    with run(world) as caller:
        assert parsedate_to_datetime(caller.post().headers["date"]).strftime("%F %T") == NOON
        caller.emulator.advance(90)
        assert caller.post().headers["date"].endswith("12:01:30 GMT")
        page = caller.page(from_date=None, to_date=None)
        window = ("2026-09-10 12:01:30", "2026-10-10 12:01:30")
        assert page["total_count"] == len(world.expected(*window))
    with run(world, behaviour=Behaviour(date="true")) as caller:
        sent = parsedate_to_datetime(caller.post().headers["date"]).timestamp()
        assert abs(sent - time.time()) < 10


def test_an_outage_by_the_clock(run: Runner) -> None:
    world = World(sessions=10)
    fault = Fault("503", outage=("2026-10-10 13:00:00", "2026-10-10 14:00:00"))
    with run(world, now=NOON, faults=[fault]) as caller:
        seen = []
        for _ in range(4):
            seen.append(caller.post().status_code)
            caller.emulator.advance(1800)
        assert seen == [200, 200, 503, 503]
        assert caller.post().status_code == 200
    with run(World(sessions=10), faults=[fault]) as caller:
        assert caller.post().status_code == 200


def test_the_clock_moves_while_it_is_read(run: Runner) -> None:
    world = World(sessions=400, seed=3, now=NOON)
    with run(world, cache=True) as caller:
        stop = threading.Event()

        def tick() -> None:
            while not stop.is_set():
                caller.emulator.advance(3600)

        thread = threading.Thread(target=tick)
        thread.start()
        for _ in range(15):
            page = caller.page(**FULL)["result"]
            request = caller.emulator.requests[-1]
            assert ids(page) == ids(world.expected(at=request.time))
            costs = [len(s["other_resource_usage"]) for s in page]
            assert costs == [len(s["other_resource_usage"]) for s in
                             world.expected(at=request.time)]  # fmt: skip
        stop.set()
        thread.join()


def test_a_clock_has_to_be_there_and_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="no clock"):
        World(sessions=1).advance(1)
    with pytest.raises(ValueError, match="no clock"):
        World(sessions=1).expected(at=NOON)
    with pytest.raises(ValueError, match="does not go back"):
        World(sessions=1, now=NOON).set_clock("2026-10-10")
