"""Reads of services that are wrong in every way at once: all is there, or an error says not.

With --full: 10,000 reads, which take minutes.
"""

import random
from collections import Counter

from tests.support.simulated import (
    NAMES,
    Change,
    EndlessError,
    Readings,
    Row,
    Service,
    any_of,
    drive,
    fits_in_reach,
    inside,
)
from voxframe._plan.model import Limits
from voxframe._plan.plan import Plan
from voxframe.errors import IncompleteHistoryError

DAY = 86_400
MINUTES = 200
QUICK, FULL = 250, 10_000


def service_of(seed: int) -> tuple[Service, int]:
    """Make a service, and how many seconds long the window is that is read of it."""
    rng = random.Random(seed)
    limits = Limits(page=rng.randint(3, 12), offset=rng.randint(20, 60))
    seconds = rng.choice([1, 7, 40, 200, 40 * DAY, 300 * DAY])
    starts = [rng.randint(0, seconds) for _ in range(rng.randint(0, 90))]
    starts += [rng.randint(0, seconds)] * rng.choice([0, 0, 12, 30])
    fractions = rng.random() < 0.3

    def row(number: int, start: int) -> Row:
        return Row(
            number,
            start,
            application_id=rng.randrange(1, 5),
            user_id=rng.randrange(10, 20),
            duration=rng.randrange(30),
            rank=4 * start + rng.randint(0, 10),
            part=rng.choice([0, rng.randrange(1000)]) if fractions else 0,
        )

    rows = [row(number, start) for number, start in enumerate(sorted(starts), 1)]
    short = rng.random() < 0.25
    readings = Readings(
        inclusive=rng.random() < 0.5,
        order=rng.choice([*["start"] * 5, "id", "rank", "end", "descending", "random"]),
        ties=rng.choice(["id", "reversed", "random"]),
        cap=rng.choice([None, None, 2, 5]),
        short=short,
        ignores_offset=rng.random() < 0.1,
        totals=rng.choice([*["true"] * 5, "zero", "capped", "rounded"]),
        # An answer that is short at random and counted at another moment looks whole by chance.
        counted="together" if short else rng.choice(["together", "first", "last"]),
        shortens=rng.choice([None, None, None, 31 * DAY]),
        shortened_at=rng.choice(["start", "end"]),
    )
    changes = []
    for number in range(10_000, 10_000 + rng.choice([0, 0, 10, 25])):
        come = (row(number, rng.randint(0, seconds)),) if rng.random() < 0.6 else ()
        gone = (rng.choice(rows).id,) if rows and rng.random() < 0.5 else ()
        changes.append(Change(rng.randint(1, 40), come, gone))
    return Service(rows, readings, limits, seed, changes), seconds


def outcome(seed: int) -> str:
    """Read it; return how that ended."""
    service, seconds = service_of(seed)
    rng = random.Random(-seed)
    readings = service.readings
    plan = Plan(
        0,
        seconds,
        workers=rng.randint(1, 6),
        limits=service.limits,
        splittable_by=rng.choice([(), NAMES]),
        expected=rng.choice([0, 0, 1, 3]) * len(service.rows),
    )
    true = readings.totals == "true" and readings.counted == "together" and not readings.shortens
    try:
        settled, told = drive(
            plan,
            service,
            choose=any_of(seed),
            window=(0, seconds),
            at_most=60_000,
            most_workers=(1, 8)[seed % 2],
        )
    except IncompleteHistoryError:
        needless = true and seconds <= MINUTES and fits_in_reach(service, seconds)
        return "needless error" if needless else f"error, counts {readings.totals}"
    except EndlessError:
        return "endless"
    if inside(service.throughout.values(), seconds) <= told:
        return "all, while rows came and went" if service.changes else "all"
    if readings.order != "start" and not settled.mended["order_not_by_start_date"]:
        # No bounded number of questions sees through it while the world moves; pages are small.
        return "hidden by an order that looked right"
    return "LOST"


def test_nothing_is_lost_whatever_is_wrong(full: bool) -> None:
    outcomes = Counter(outcome(seed) for seed in range(FULL if full else QUICK))
    assert not {"LOST", "endless", "needless error"} & set(outcomes), outcomes
    assert outcomes["all"] > outcomes.total() / 4
    assert outcomes["all, while rows came and went"] > outcomes.total() / 4
    assert outcomes["hidden by an order that looked right"] < outcomes.total() / 100
