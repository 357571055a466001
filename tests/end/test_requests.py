"""How many requests a read takes, as the emulator counted them."""

import math
import time

import pytest

from tests.support.exact import FROM, TO
from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe.emulator import Emulator, World

LIGHT = {"with_calls": False, "with_records": False, "with_other_resources": False}


def bound(sessions: int, workers: int) -> float:
    return 1.02 * math.ceil(sessions / 1000) + 3 * workers


@pytest.mark.parametrize("flat", [False, True])
def test_bound_for_a_month_of_50000(flat, read):
    world = World(sessions=50_000, start=FROM, end=TO, seed=11, flat=flat)
    requests = totals = 0
    # What costs time is to write the sessions; each is written once.
    with Emulator(world, cache=True) as emulator:
        for workers in (1, 2, 8, 16):
            history = read(emulator, max_concurrency=workers, **LIGHT)
            counters = emulator.counters
            assert len(history) == 50_000
            requests, before = counters.requests, requests
            assert requests - before == history.receipt.requests <= bound(50_000, workers)
            # The most so far: each read may have more than the one before it.
            assert counters.max_in_flight <= workers
            # The total slows the service down. It is asked for where segments begin and end, and
            # nowhere between: a segment costs two at most.
            totals, before = counters.with_total_count, totals
            assert totals - before <= 2 + 2 * (3 * workers)


@pytest.mark.parametrize("sessions", [1, 20, 999])
def test_one_request_is_enough_for_up_to_a_page(sessions, read):
    world = World(sessions=sessions, start=FROM, end=TO, seed=12)
    with Emulator(world) as emulator:
        assert len(read(emulator)) == sessions
        assert emulator.counters.requests == 1


def test_an_empty_month_takes_one_request_and_gives_typed_tables(read):
    world = World(sessions=1, start="2026-01-01", end="2026-01-02")
    with Emulator(world) as emulator:
        history = read(emulator)
        assert emulator.counters.requests == 1
    assert len(history) == 0
    assert [len(frame) for frame in history.to_pandas().values()] == [0, 0, 0, 0]


def test_an_empty_window_takes_none(read):
    world = World(sessions=10, start=FROM, end=TO)
    with Emulator(world) as emulator:
        assert len(read(emulator, FROM, FROM)) == 0
        assert emulator.counters.requests == 0


def test_parameters_travel_in_the_body_only(read):
    world = World(sessions=1_500, start=FROM, end=TO, seed=13)
    with Emulator(world) as emulator:
        read(emulator, remote_number="+15550100")
        assert {request.sent_by for request in emulator.requests} == {"body"}


def test_requests_leave_while_answers_are_decoded(read, monkeypatch):
    world = World(sessions=20_000, start=FROM, end=TO, seed=12, flat=True)
    left: list[int] = []

    def slowly(raw: RawPage, **options: str) -> Page:
        # After the first page four may be in flight; the fifth leaves when one of them is here.
        until = time.monotonic() + 5
        while left and emulator.counters.requests < 1 + 5 and time.monotonic() < until:
            time.sleep(0.01)
        left.append(emulator.counters.requests)
        return decode(raw, **options)

    monkeypatch.setattr("voxframe._read.reader.decode", slowly)
    with Emulator(world) as emulator:
        history = read(emulator, max_concurrency=4, **LIGHT)
        assert emulator.counters.max_in_flight <= 4
    assert len(history) == 20_000
    assert left[1] >= 1 + 5
