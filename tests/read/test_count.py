"""How many sessions there are, and about what a read would take, from one request."""

import pytest

import voxframe
from tests.support.faulty import FROM, TO, serving
from voxframe.emulator import Behaviour, World

MONTH = World(sessions=12_000, start=FROM, end=TO, seed=41)


def test_a_count_is_one_request_and_near_what_the_read_takes():
    with serving(MONTH) as service:
        count = service.client.count_call_history(FROM, TO)
        assert service.emulator.counters.requests == 1
        receipt = service.read().receipt
    assert count.sessions == receipt.sessions == 12_000
    assert count.receipt.requests == 1
    assert count.receipt.address == receipt.address
    assert 0.7 <= count.requests / receipt.requests <= 1.6
    assert 0.7 <= count.bytes / receipt.bytes <= 1.6
    assert count.seconds > 0
    with pytest.raises(AttributeError):
        count.sessions = 1


@pytest.mark.parametrize("inclusive", ["left", "both", "right", "neither"])
def test_what_one_answer_holds_is_counted_exactly(inclusive):
    world = World(sessions=300, start=FROM, end="2026-10-01 00:05:00", seed=42)
    window = ("2026-10-01 00:01:00", "2026-10-01 00:02:00")
    with serving(world) as service:
        options = {"inclusive": inclusive, "with_calls": False}
        count = service.client.count_call_history(*window, **options)
        assert count.sessions == len(world.expected(*window, inclusive=inclusive))
        assert count.receipt.unread == ("calls",)
        assert (count.requests, count.bytes) == (1, count.receipt.bytes)


def test_a_page_limit_of_the_service_is_seen():
    with serving(MONTH, behaviour=Behaviour(page_cap=100)) as service:
        count = service.client.count_call_history(FROM, TO, with_calls=False)
    assert count.sessions == 12_000
    assert 120 <= count.requests <= 170


def test_nothing_is_counted_without_a_request():
    with serving(MONTH) as service:
        count = service.client.count_call_history(FROM, FROM)
        assert service.requests == 0
    assert (count.sessions, count.requests, count.bytes) == (0, 0, 0)
    assert isinstance(count, voxframe.Count)


def test_the_function_is_the_method_on_a_connection_of_its_own():
    with serving(MONTH) as service:
        count = voxframe.count_call_history(
            FROM,
            "2026-10-03",
            credentials=service.emulator.credentials,
            base_url=service.emulator.base_url,
        )
        assert count.sessions == len(MONTH.expected(FROM, "2026-10-03"))


def test_a_read_is_not_promised_faster_than_its_first_and_last_request_take():
    with serving(World(sessions=1_500, start=FROM, end=TO, seed=43)) as service:
        count = service.client.count_call_history(FROM, TO, with_calls=False)
    # Three at once, and one each before and after.
    assert count.requests == 3
    assert count.seconds == pytest.approx(3 * count.receipt.seconds)
