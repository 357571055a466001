"""A month, exactly, under every reading of what is not documented.

With --full: 50,000 sessions, and 15,000 in one second.
"""

import pytest

from tests.support.exact import EVERYTHING, FROM, READINGS, TO, Truth, ids
from voxframe.emulator import Behaviour, Changes, Emulator, World

# Each reading has its own way through the planner; what costs time is the emulator's rendering.
LIGHT = {"with_calls": False, "with_records": False, "with_other_resources": False}
# What a session holds is written otherwise under these; the others only choose and order.
WRITTEN = {
    "documented", "Berlin", "gzip", "null", "empty", "mixed", "numbers as text", "unknown fields",
}  # fmt: skip


@pytest.mark.parametrize("reading", READINGS)
def test_every_reading_alone(reading, month, read, truth, full):
    light = not full and reading not in WRITTEN
    with Emulator(month, behaviour=READINGS[reading]) as emulator:
        history = read(emulator, **(LIGHT if light else {}))
    truth.check(history, light=light)


def test_every_reading_at_once(read, full):
    world = World(sessions=50_000 if full else 3_000, start=FROM, end=TO, seed=7)
    with Emulator(world, behaviour=EVERYTHING) as emulator:
        history = read(emulator)
    Truth(world, FROM, TO).check(history)


@pytest.mark.parametrize("inclusive", ["left", "both", "right", "neither"])
@pytest.mark.parametrize("to_date_inclusive", [False, True])
def test_ends_belong_as_asked(inclusive, to_date_inclusive, read):
    world = World(sessions=300, start="2026-10-01", end="2026-10-02", seed=1)
    for end in ("2026-10-01 06:00:00", "2026-10-01 18:00:00"):
        world.add(3, start=end)
    window = ("2026-10-01 06:00:00", "2026-10-01 18:00:00")
    behaviour = Behaviour(to_date_inclusive=to_date_inclusive)
    with Emulator(world, behaviour=behaviour) as emulator:
        history = read(emulator, *window, inclusive=inclusive)
    Truth(world, *window, inclusive=inclusive).check(history)


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(to_date_inclusive=True),
        Behaviour(ties="random"),
        Behaviour(ties="random", from_equals_to="error", desc_order="ignored"),
        Behaviour(order="id"),
        EVERYTHING,
    ],
    ids=["documented", "inclusive", "random", "random, from = to refused", "by id", "everything"],
)
def test_more_sessions_in_one_second_than_fit_in_an_answer(behaviour, read, full):
    burst = ("2026-10-15 12:00:00", 15_000 if full else 2_500)
    world = World(sessions=1_500, start=FROM, end=TO, seed=2, burst=burst)
    with Emulator(world, behaviour=behaviour) as emulator:
        history = read(emulator, **LIGHT)
    assert ids(history) == [s["call_session_history_id"] for s in world.expected(FROM, TO)]
    assert history.receipt.mended["crowded_seconds"] >= 1


@pytest.mark.parametrize("order", ["start_date", "id", "almost", "end", "random-stable"])
@pytest.mark.parametrize("inclusive", [False, True])
def test_rows_added_and_purged_while_reading(order, inclusive, read, full):
    world = World(sessions=20_000 if full else 8_000, start=FROM, end=TO, seed=3)
    behaviour = Behaviour(
        order=order,
        to_date_inclusive=inclusive,
        ties="random",
        changes=Changes(add_every=3, purge_every=4, cost_every=5, size=20),
    )
    with Emulator(world, behaviour=behaviour) as emulator:
        since = world.now
        history = read(emulator, **LIGHT)
        until = world.now
    got = ids(history)
    assert len(set(got)) == len(got)
    assert set(got) >= world.ledger.existed_throughout(since, until, FROM, TO)
    assert set(got) <= world.ledger.existed_ever(since, until, FROM, TO)


def test_adjacent_months_share_nothing_and_lose_nothing(read):
    world = World(sessions=3_000, start="2026-09-15", end="2026-10-15", seed=4)
    world.add(5, start="2026-10-01 00:00:00")
    with Emulator(world, behaviour=Behaviour(to_date_inclusive=True)) as emulator:
        september = read(emulator, "2026-09-01", "2026-10-01")
        october = read(emulator, "2026-10-01", "2026-11-01")
    both = ids(september) + ids(october)
    assert both == [s["call_session_history_id"] for s in world.expected()]


def test_newest_first(read):
    world = World(sessions=2_500, start=FROM, end=TO, seed=5)
    with Emulator(world) as emulator:
        assert ids(read(emulator, desc_order=True)) == ids(read(emulator))[::-1]
