"""Rows 15 to 21: what the service answers is right, and yet not what was asked for."""

from collections import Counter
from decimal import Decimal

import pytest

from tests.support.faulty import FROM, LIGHT, TO, at_most, check, ids, serving
from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._plan.model import Limits
from voxframe._plan.plan import Plan
from voxframe.emulator import Behaviour, Changes, World
from voxframe.errors import IncompleteHistoryError

CHANGES = Changes(add_every=2, purge_every=3, cost_every=2, size=15)


@pytest.mark.parametrize("order", ["start_date", "almost", "random-stable"])
def test_rows_added_and_purged_while_reading(order):
    world = World(sessions=3_000, start=FROM, end=TO, seed=41)
    behaviour = Behaviour(page_cap=200, order=order, ties="random", changes=CHANGES)
    with serving(world, behaviour=behaviour) as service:
        since = world.now
        history = service.read(**LIGHT)
        until = world.now
    got = ids(history)
    assert len(set(got)) == len(got)
    assert set(got) >= world.ledger.existed_throughout(since, until, FROM, TO)
    assert set(got) <= world.ledger.existed_ever(since, until, FROM, TO)


def test_of_two_answers_with_the_same_session_the_later_one_wins(monkeypatch):
    world = World(sessions=1_500, start=FROM, end=TO, seed=42)
    pages: list[Page] = []

    def keeping(raw: RawPage, **options: str) -> Page:
        pages.append(decode(raw, **options))
        return pages[-1]

    monkeypatch.setattr("voxframe._read.reader.decode", keeping)
    # Every session gets dearer with every request.
    behaviour = Behaviour(page_cap=300, changes=Changes(cost_every=1, size=1_500))
    with serving(world, behaviour=behaviour, max_concurrency=1) as service:
        history = service.read()
        moments = [request.moment for request in service.emulator.requests]
    assert history.receipt.duplicates > 0
    last: dict[int, int] = {}
    for page, moment in zip(pages, moments, strict=True):
        for session in page.tables["sessions"]["call_session_history_id"].to_pylist():
            last[session] = moment
    assert len(last) == len(history) == 1_500
    usage = history.tables["resource_usage"]
    got: dict[int, list[Decimal]] = {}
    for row in usage.select(["call_session_history_id", "cost"]).to_pylist():
        got.setdefault(row["call_session_history_id"], []).append(row["cost"])
    for session, moment in last.items():
        then = world.session(session, moment=moment)["other_resource_usage"]
        assert got.get(session, []) == [use["cost"] for use in then]


@pytest.mark.parametrize(
    ("order", "inclusive"),
    [
        ("start_date", True),
        ("id", False),
        ("almost", True),
        ("end", False),
        ("random-stable", True),
        ("descending", False),
    ],
)
def test_the_same_rows_whatever_the_order_and_the_end(order, inclusive):
    world = World(sessions=1_500, start=FROM, end=TO, seed=43)
    world.add(3, start=FROM)
    world.add(3, start="2026-10-31 23:59:59")
    world.add(3, start=TO)
    behaviour = Behaviour(page_cap=400, order=order, ties="random", to_date_inclusive=inclusive)
    with serving(world, behaviour=behaviour) as service:
        check(service.read(**LIGHT).tables, world, light=True)


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(short_pages=True), Behaviour(page_cap=150), Behaviour(offset_ignored=True)],
    ids=["short pages", "a cap", "offset ignored"],
)
def test_what_counts_is_what_was_received(behaviour, month):
    with serving(month, behaviour=behaviour) as service, at_most(20.0):
        check(service.read(**LIGHT).tables, month, light=True)


@pytest.mark.parametrize("order", ["start_date", "random-stable"])
def test_the_same_page_for_ever_ends_in_an_error(order, month):
    with serving(month, behaviour=Behaviour(repeat_page=True, order=order)) as service:
        with at_most(10.0), pytest.raises(IncompleteHistoryError, match="2026-10-"):
            service.read(**LIGHT)
        assert service.requests < 60


def test_an_ignored_offset_in_a_crowded_second_gives_all_or_an_error():
    world = World(sessions=200, start=FROM, end=TO, burst=("2026-10-07 10:00:00", 900), seed=44)
    for cap in (300, 600):
        behaviour = Behaviour(offset_ignored=True, page_cap=cap)
        with serving(world, behaviour=behaviour, cache=True) as service, at_most(20.0):
            try:
                history = service.read(**LIGHT)
            except IncompleteHistoryError as error:
                assert "2026-10-07 10:00:00" in str(error)  # noqa: PT017 - either will do
            else:
                check(history.tables, world, light=True)
            assert service.requests < 400


def test_more_sessions_than_offsets_reach():
    # 11,500 in the window, and 1,200 of them in one second.
    burst = ("2026-10-07 10:00:00", 1_200)
    world = World(sessions=10_300, start=FROM, end=TO, burst=burst, seed=45)
    with serving(world) as service:
        history = service.read(**LIGHT)
    check(history.tables, world, light=True)
    assert history.receipt.mended["crowded_seconds"] >= 1


def test_more_sessions_in_one_second_than_offsets_reach_from_both_ends(full, monkeypatch):
    scale = 1 if full else 10
    if not full:
        # The service at a tenth of its size: pages of 100, offsets up to 1000.
        small = Limits(page=100, offset=1000)
        monkeypatch.setitem(Plan.__init__.__kwdefaults__, "limits", small)
        monkeypatch.setattr("voxframe.emulator._query.MAX_COUNT", small.page)
        monkeypatch.setattr("voxframe.emulator._query.MAX_OFFSET", small.offset)
    burst = ("2026-10-07 10:00:00", 22_500 // scale)
    world = World(sessions=50, start=FROM, end=TO, burst=burst, seed=46)
    with serving(world, cache=True) as service:
        history = service.read(**LIGHT)
        deepest = max(int(r.params.get("offset", 0)) for r in service.emulator.requests)
        split = sum("application_id" in r.params for r in service.emulator.requests)
    assert deepest == 10_000 // scale
    assert split > 0
    assert ids(history) == [s["call_session_history_id"] for s in world.expected()]
    assert history.receipt.mended["crowded_seconds"] == 1


def test_what_no_filter_can_split_is_an_error_and_never_fewer_rows():
    world = World(sessions=200, start=FROM, end=TO, burst=("2026-10-07 10:00:00", 900), seed=47)
    # Everything by which a second could be split is taken.
    sessions = world.expected()
    filters = {
        "application_id": Counter(s["application_id"] for s in sessions).most_common(1)[0][0],
        "user_id": tuple({s["user_id"] for s in sessions if "user_id" in s}),
        "min_duration": 0,
    }
    crowd = [s for s in world.expected(**filters) if s["start_date"] == "2026-10-07 10:00:00"]
    assert len(crowd) > 50
    behaviour = Behaviour(offset_ignored=True, page_cap=20, desc_order="ignored")
    with serving(world, behaviour=behaviour) as service:
        with at_most(10.0), pytest.raises(IncompleteHistoryError) as told:
            service.read(**filters, **LIGHT)
        assert service.requests < 100
    assert "2026-10-07 10:00:00" in str(told.value)
    assert f"counts {len(crowd)} sessions" in str(told.value)


@pytest.mark.parametrize("asked_in", ["same", "utc"])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
def test_a_service_in_another_timezone(zone, asked_in, month):
    window = ("2026-10-10", "2026-10-20 12:00:00")
    behaviour = Behaviour(timezone=zone, request_timezone=asked_in)
    with serving(month, behaviour=behaviour) as service:
        history = service.read(*window)
    check(history.tables, month, *window)
    assert history.receipt.timezone == zone
    starts = history.tables["sessions"]["start_date"].to_pylist()
    assert [f"{start:%Y-%m-%d %H:%M:%S}" for start in starts] == [
        session["start_date"] for session in month.expected(*window)
    ]
