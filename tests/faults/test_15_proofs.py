"""Rows 34 to 39: what proves that nothing is missing, where little can be trusted."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import voxframe
from tests.support.faulty import FROM, LIGHT, TO, check, ids, serving
from tests.support.raw_service import RawService, raw_client, session
from voxframe._timezones import utc_to_wall, wall_to_utc
from voxframe.emulator import Behaviour, Changes, Emulator, World
from voxframe.errors import IncompleteHistoryError

# Where clocks go back in 2026, in UTC.
BACK = {
    "Europe/Berlin": "2026-10-25 01:00:00",
    "Europe/London": "2026-10-25 01:00:00",
    "America/New_York": "2026-11-01 06:00:00",
    "Australia/Lord_Howe": "2026-04-04 15:00:00",
}
# Where clocks go forward.
FORWARD = {"Europe/Berlin": "2026-03-29 01:00:00", "America/New_York": "2026-03-08 07:00:00"}
HOUR = 3600
# Hours from the change; into the hour before it, the hour after it, and far from both.
WINDOWS = [(-8, 8), (-0.5, 8), (0.5, 8), (-8, -0.5), (-8, 0.5), (-0.75, 0.75), (0.25, 0.75), (0, 1)]


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def shown(starts: np.ndarray, zone: str) -> np.ndarray:
    """The instants that dates in a timezone have: in a repeated hour the first."""
    return wall_to_utc(utc_to_wall(starts, ZoneInfo(zone)), ZoneInfo(zone))[0]


def expected(world: World, zone: str, first: float, last: float) -> list[int]:
    sessions = world.expected()
    starts = shown(np.array([second(each["start_date"]) for each in sessions]), zone)
    numbers = [each["call_session_history_id"] for each in sessions]
    return sorted(n for n, at in zip(numbers, starts, strict=True) if first <= at < last)


def found(history) -> list[int]:
    return sorted(history.tables["sessions"]["call_session_history_id"].to_pylist())


def read_as_a_stranger(service: Emulator, first: float, last: float) -> voxframe.CallHistory:
    """Read with a client that knows nothing of the service yet."""
    with voxframe.Client(service.credentials, base_url=service.base_url) as client:
        return client.read_call_history(text(first), text(last), **LIGHT)


@pytest.mark.parametrize(
    ("asked_in", "fold"), [("same", "wide"), ("same", "first"), ("same", "second"), ("utc", "wide")]
)
@pytest.mark.parametrize("zone", BACK)
def test_an_hour_that_clocks_repeat(zone, fold, asked_in):
    at = second(BACK[zone])
    world = World(sessions=400, start=text(at - 6 * HOUR), end=text(at + 6 * HOUR), seed=38)
    behaviour = Behaviour(timezone=zone, request_timezone=asked_in, fold=fold, page_cap=60)
    with Emulator(world, behaviour=behaviour) as service:
        for first, last in WINDOWS:
            window = at + first * HOUR, at + last * HOUR
            history = read_as_a_stranger(service, *window)
            assert found(history) == expected(world, zone, *window)
    assert history.receipt.mended["ambiguous_local_time"] > 0


@pytest.mark.parametrize("asked_in", ["same", "utc"])
@pytest.mark.parametrize("zone", FORWARD)
def test_an_hour_that_clocks_skip(zone, asked_in):
    at = second(FORWARD[zone])
    world = World(sessions=400, start=text(at - 6 * HOUR), end=text(at + 6 * HOUR), seed=39)
    behaviour = Behaviour(timezone=zone, request_timezone=asked_in, page_cap=60)
    with Emulator(world, behaviour=behaviour) as service:
        for first, last in WINDOWS[:5]:
            window = at + first * HOUR, at + last * HOUR
            history = read_as_a_stranger(service, *window)
            assert found(history) == expected(world, zone, *window)


@pytest.mark.parametrize("asked_in", ["same", "utc"])
def test_30000_sessions_on_the_day_the_clocks_go_back(asked_in):
    world = World(sessions=30_000, start="2026-10-25", end="2026-10-26", seed=40)
    behaviour = Behaviour(timezone="Europe/Berlin", request_timezone=asked_in)
    with serving(world, behaviour=behaviour) as service:
        history = service.read("2026-10-25", "2026-10-26", **LIGHT)
        hours = [
            n
            for hour in range(24)
            for n in found(
                service.read(*(text(second("2026-10-25") + h * HOUR) for h in (hour, hour + 1)),
                             **LIGHT)
            )
        ]  # fmt: skip
    assert len(history) == 30_000
    # Adjacent windows neither share nor lose one, wherever its date is placed.
    assert sorted(hours) == found(history)


class LocalService(RawService):
    """Answers in Berlin's time and reads dates in it, as text, or in UTC."""

    reads_utc = False

    def answer(self, form):
        if self.reads_utc:
            zone = ZoneInfo("Europe/Berlin")
            for name in ("from_date", "to_date"):
                wall = utc_to_wall(np.array([second(form[name])]), zone)
                form = {**form, name: text(int(wall[0]))}
        return super().answer(form)


@pytest.mark.parametrize("reads_utc", [False, True])
@pytest.mark.parametrize("n", [0, 1, 30, 2500])
def test_the_reading_of_dates_is_shown_by_rows_that_fit_one_only(n, reads_utc):
    first = second("2026-07-01 00:00:00")
    starts = first + np.arange(n) * 30 + 5 * HOUR
    walls = utc_to_wall(starts, ZoneInfo("Europe/Berlin")).tolist()
    service = LocalService(
        [session(i, text(wall)) for i, wall in enumerate(walls, 1)], {"timezone": "Europe/Berlin"}
    )
    service.reads_utc = reads_utc
    with raw_client(service) as client:
        history = client.read_call_history("2026-07-01", "2026-07-02")
        assert found(history) == [i for i, at in enumerate(starts, 1) if at < first + 24 * HOUR]
        begun = len(service.asked)
        client.read_call_history("2026-07-01", "2026-07-01 12:00:00")
    # What is known is not asked for again.
    assert len(service.asked) - begun <= 3 + n // 1000


DENSE = "2026-10-07 10:00:00"
NEWER = ("timezone", "min_duration", "max_duration")


@pytest.mark.parametrize("on_unknown", ["refused", "ignored", "warned"])
def test_a_service_that_does_not_know_what_only_the_plan_asks(on_unknown):
    world = World(sessions=200, start=FROM, end=TO, burst=(DENSE, 700), seed=34)
    behaviour = Behaviour(
        page_cap=50, unknown_parameters=NEWER, on_unknown_parameter=on_unknown, ties="random"
    )
    with serving(world, behaviour=behaviour) as service:
        history = service.read(**LIGHT)
    check(history.tables, world, light=True)


def test_where_only_unknown_filters_would_split_a_second_it_is_an_error():
    world = World(sessions=200, start=FROM, end=TO, burst=(DENSE, 700), seed=34)
    behaviour = Behaviour(
        page_cap=50, unknown_parameters=NEWER, offset_ignored=True, desc_order="ignored"
    )
    sessions = world.expected()
    users = tuple({s["user_id"] for s in sessions if "user_id" in s})
    (application, _), *_ = Counter(s["application_id"] for s in sessions).most_common(1)
    with serving(world, behaviour=behaviour) as service, pytest.raises(IncompleteHistoryError):
        service.read(application_id=application, user_id=users, **LIGHT)


@pytest.mark.parametrize(("n", "cap"), [(1000, 0), (3000, 0), (1001, 300)])
@pytest.mark.parametrize("total", ["zero", "negative", "false", "capped", "rounded_down", "late"])
def test_a_count_that_is_wrong(total, n, cap):
    world = World(sessions=n, start=FROM, end=TO, seed=35)
    with serving(world, behaviour=Behaviour(total_count=total, page_cap=cap)) as service:
        try:
            history = service.read(**LIGHT)
        except IncompleteHistoryError:
            # Without any count that is true nothing can be proven.
            assert total != "capped"
            return
    check(history.tables, world, light=True)


@pytest.mark.parametrize("counted", ["first", "last"])
@pytest.mark.parametrize("cap", [0, 100])
def test_rows_and_their_count_of_two_moments(counted, cap):
    world = World(sessions=2_000, start=FROM, end=TO, seed=36)
    changes = Changes(add_every=1, purge_every=1, size=1, between=True)
    behaviour = Behaviour(counted=counted, page_cap=cap, changes=changes)
    with serving(world, behaviour=behaviour) as service:
        since = world.now
        history = service.read(**LIGHT)
        until = world.now
    assert set(ids(history)) >= world.ledger.existed_throughout(since, until, FROM, TO)
    assert len(set(ids(history))) == len(history)


@pytest.mark.parametrize("behaviour", [
    Behaviour(page_cap=37), Behaviour(page_cap=100), Behaviour(page_cap=500),
    Behaviour(page_cap=100, short_pages=True),
])  # fmt: skip
def test_pages_that_are_smaller_than_asked_for(behaviour, month):
    with serving(month, behaviour=behaviour) as service:
        history = service.read(**LIGHT)
    check(history.tables, month, light=True)


@pytest.mark.parametrize("short", [False, True])
def test_a_second_whose_rows_come_and_go(short):
    world = World(sessions=100, start=FROM, end=TO, burst=(DENSE, 400), seed=37)
    within = (DENSE, second(DENSE) + 1)
    changes = Changes(add_every=3, purge_every=4, size=3, last=60, within=within)
    behaviour = Behaviour(page_cap=40, short_pages=short, changes=changes)
    with serving(world, behaviour=behaviour) as service:
        since = world.now
        history = service.read(**LIGHT)
        until = world.now
    assert set(ids(history)) >= world.ledger.existed_throughout(since, until, FROM, TO)


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("n", [999, 1001, 3000])
def test_parts_of_a_second_that_are_not_shown(n, inclusive):
    world = World(sessions=300, start=FROM, end=TO, burst=(DENSE, n), seed=38)
    behaviour = Behaviour(fractions=True, to_date_inclusive=inclusive)
    with serving(world, behaviour=behaviour) as service:
        history = service.read(**LIGHT)
        part = service.read(FROM, DENSE, **LIGHT)
        rest = service.read(DENSE, TO, **LIGHT)
    check(history.tables, world, light=True)
    assert sorted(ids(part) + ids(rest)) == sorted(ids(history))


@pytest.mark.parametrize("kept", ["first", "last"])
@pytest.mark.parametrize("n", [5, 60, 3000])
def test_a_long_window_that_is_shortened_in_silence(n, kept):
    world = World(sessions=n, start="2025-09-01", end="2026-10-05", seed=39)
    behaviour = Behaviour(window_limit=30, window_kept=kept)
    with serving(world, behaviour=behaviour) as service:
        history = service.read("2025-09-01", "2026-10-05", **LIGHT)
    check(history.tables, world, "2025-09-01", "2026-10-05", light=True)
