"""Laws of the planner, under every reading of what is not documented at once."""

import random
from dataclasses import replace

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.support.simulated import (
    Change,
    Readings,
    Row,
    Service,
    any_of,
    bound,
    drive,
    fits_in_reach,
    inside,
)
from voxframe._plan.model import Limits
from voxframe._plan.plan import Plan
from voxframe.errors import IncompleteHistoryError

# The laws are of all that can vary at once: many arguments, each a name.
# ruff: noqa: PLR0917

SPLITTERS = ("application_id", "user_id", "duration")

laws = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    # To shrink a world of sixty rows takes minutes and shows no more than its seed does.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

seeds = st.integers(0, 1 << 16)
limits = st.builds(Limits, page=st.integers(3, 10), offset=st.integers(20, 40))


@st.composite
def sessions(draw: st.DrawFn, *, most: int = 70, seconds: int = 40) -> list[Row]:
    """Sessions in and around a window from 0 to ``seconds``, some seconds crowded."""
    rng = random.Random(draw(seeds))
    starts = [rng.randint(-3, seconds + 3) for _ in range(draw(st.integers(0, most)))]
    starts += [rng.randint(0, seconds)] * draw(st.sampled_from([0, 0, 12, 30, 60]))
    # Ids follow the starts, or nearly so, or not at all.
    drift = draw(st.sampled_from([0, 0, 2, 6, 1000]))
    starts.sort(key=lambda start: start + rng.randint(0, drift))
    jitter = draw(st.sampled_from([0, 1, 3, 10]))
    absent = draw(st.sampled_from([0.0, 0.0, 0.1]))
    return [
        Row(
            id=i,
            start=start,
            application_id=rng.randrange(1, 5),
            user_id=-1 if rng.random() < absent else rng.randrange(10, 20),
            duration=-1 if rng.random() < absent else rng.randrange(0, 30),
            rank=start * 4 + rng.randint(0, jitter),
        )
        for i, start in enumerate(starts, 1)
    ]


ORDERS = ["start", "id", "rank", "end", "descending", "random"]

truthful = st.builds(
    Readings,
    inclusive=st.booleans(),
    equal_dates=st.sampled_from(["as others", "refused", "empty"]),
    order=st.sampled_from(ORDERS),
    ties=st.sampled_from(["id", "reversed", "random"]),
    desc_turns_ties=st.booleans(),
    cap=st.sampled_from([None, None, 2, 5]),
    short=st.sampled_from([False, False, True]),
    ignores_offset=st.sampled_from([False, False, False, True]),
    ignores=st.sets(
        st.sampled_from(["application_id", "user_id", "min_duration", "max_duration"]), max_size=2
    ).map(frozenset),
)
frees = st.sampled_from([(), SPLITTERS, ("duration",), ("user_id",), ("application_id", "user_id")])
workers = st.integers(1, 6)
# How many sessions a plan may have been told of beforehand, rightly or not.
expectations = st.sampled_from([0, 0, 3, 40, 1000])


@laws
@given(
    sessions(), truthful, limits, workers, frees, seeds, st.sampled_from([40, 7, 1]), expectations
)
def test_a_world_that_stands_still_is_read_exactly(
    rows: list[Row],
    readings: Readings,
    limits: Limits,
    workers: int,
    free: tuple[str, ...],
    seed: int,
    seconds: int,
    expected: int,
) -> None:
    service = Service(rows, readings, limits, seed)
    steps = Plan(0, seconds, workers=workers, splittable_by=free, limits=limits, expected=expected)
    try:
        settled, told = drive(
            steps,
            service,
            choose=any_of(seed),
            window=(0, seconds),
            at_most=bound(service, seconds),
            most_workers=8,
        )
    except IncompleteHistoryError:
        event("incomplete")
        assert not fits_in_reach(service, seconds)
        return
    event(settled.how.split(",")[0].split(";")[0].split(":")[0])
    assert told == inside(rows, seconds)


@st.composite
def changes(draw: st.DrawFn, rows: list[Row], seconds: int, answers: int = 30) -> list[Change]:
    """Rows that come late or at the end, and rows that go, before some of the answers."""
    rng = random.Random(draw(seeds))
    number = draw(st.integers(0, 25))
    happened = []
    for new in range(10_001, 10_001 + number):
        at = rng.randint(1, answers)
        if rng.random() < 0.5 and rows:
            happened.append(Change(at, purge=(rng.choice(rows).id,)))
        else:
            start = rng.randint(0, seconds) if rng.random() < 0.7 else seconds - 1
            late = Row(new, start, rng.randrange(1, 6), rng.randrange(10, 22), rng.randrange(40))
            happened.append(Change(at, add=(late,)))
    return happened


@laws
@given(st.data(), sessions(), truthful, limits, workers, frees, seeds, expectations)
def test_a_world_that_moves_loses_no_session_that_existed_throughout(
    data: st.DataObject,
    rows: list[Row],
    readings: Readings,
    limits: Limits,
    workers: int,
    free: tuple[str, ...],
    seed: int,
    expected: int,
) -> None:
    moves = data.draw(changes(rows, 40))
    service = Service(rows, readings, limits, seed, moves)
    steps = Plan(0, 40, workers=workers, splittable_by=free, limits=limits, expected=expected)
    try:
        settled, told = drive(
            steps, service, choose=any_of(seed), window=(0, 40), at_most=bound(service, 40)
        )
    except IncompleteHistoryError:
        event("incomplete")
        assert not fits_in_reach(service, 40)
        return
    # An order that looks like one by start and is none is what no bounded number of questions
    # can see through while the world moves; here pages are so small that it often looks so.
    if readings.order == "start" or settled.mended["order_not_by_start_date"]:
        event("sound")
        assert inside(service.throughout.values(), 40) <= told


@st.composite
def swaps(draw: st.DrawFn, rows: list[Row]) -> list[Change]:
    """Rows that go while as many come, so that no count of the whole gives it away."""
    rng = random.Random(draw(seeds))
    moves = []
    for number in range(draw(st.integers(1, 12))):
        gone = rng.choice(rows)
        start = rng.choice([gone.start, rng.choice(rows).start])
        come = replace(gone, id=10_001 + number, start=start)
        moves.append(Change(rng.randint(1, 40), add=(come,), purge=(gone.id,)))
    return moves


@settings(laws, max_examples=500)
@given(
    st.data(), limits, workers, seeds, st.booleans(), st.sampled_from([0, 0, 0, 20]), expectations
)
def test_no_session_is_lost_while_the_count_stays_the_same(
    data: st.DataObject, limits: Limits, workers: int, seed: int, short: bool, crowd: int,
    expected: int,
) -> None:  # fmt: skip
    rng = random.Random(seed)
    starts = [0] * crowd + [rng.randrange(30) for _ in range(40)]
    rows = [Row(i, start) for i, start in enumerate(starts, 1)]
    service = Service(rows, Readings(short=short), limits, seed, data.draw(swaps(rows)))
    try:
        _, told = drive(
            Plan(0, 30, workers=workers, limits=limits, expected=expected),
            service,
            choose=any_of(seed),
            window=(0, 30),
            at_most=bound(service, 30),
        )
    except IncompleteHistoryError:
        assert not fits_in_reach(service, 30)
        return
    assert inside(service.throughout.values(), 30) <= told


liars = st.sampled_from(
    [
        Readings(repeats_page=True),
        Readings(repeats_page=True, totals="absent"),
        Readings(totals="absent"),
        Readings(totals="too high"),
        Readings(totals="too high", order="random"),
        Readings(totals="too high", ignores_offset=True),
    ]
)


@laws
@given(sessions(), liars, limits, workers, frees, seeds, st.sampled_from([40, 3_000_000]))
def test_a_service_that_lies_is_found_out_soon(
    rows: list[Row],
    readings: Readings,
    limits: Limits,
    workers: int,
    free: tuple[str, ...],
    seed: int,
    seconds: int,
) -> None:
    service = Service(rows, readings, limits, seed)
    steps = Plan(0, seconds, workers=workers, splittable_by=free, limits=limits)
    # One second that never adds up is the worst of it: sixty passes over its offsets.
    most = 500 + 60 * (2 + 2 * limits.offset // limits.page)
    try:
        _, told = drive(steps, service, choose=any_of(seed), window=(0, seconds), at_most=most)
    except IncompleteHistoryError:
        return
    assert readings.repeats_page
    # Of more than a month, each four weeks are counted again.
    assert len(service.asked) <= (1 if seconds == 40 else 3)
    assert told == inside(rows, seconds)
