"""Rows 1 to 4: the service asks for less, or for later."""

import logging
import time

import pytest

from tests.support.faulty import LIGHT, QUICK, FastTime, at_most, check, serving
from voxframe import RetryPolicy
from voxframe.emulator import Behaviour, Fault, Throttle
from voxframe.errors import RateLimitError, TransportError

# Thirty answers instead of three, so that there is something to do side by side.
MANY_PAGES = Behaviour(page_cap=100)


def test_too_many_at_once_slows_down_and_speeds_up_again(month):
    throttle = Throttle(max_parallel=3)
    with serving(month, behaviour=MANY_PAGES, throttle=throttle, latency=0.01) as service:
        history = service.read()
        requests = service.emulator.requests
    check(history.tables, month)
    refused = [request.status == 429 for request in requests]
    assert history.receipt.retries == sum(refused) > 0
    # Far fewer than a client that keeps all eight going, and it still works side by side.
    assert sum(refused) < len(requests) / 3
    assert service.emulator.counters.max_in_flight > 3


def test_one_at_a_time_is_reached_and_left(month):
    # Waves of eight, four and two are refused, and then three that come alone.
    faults = [Fault("429", at=tuple(range(3, 20)))]
    # So late that a slow machine still has them side by side.
    with serving(month, behaviour=MANY_PAGES, faults=faults, latency=0.2) as service:
        history = service.read()
        requests = sorted(service.emulator.requests, key=lambda request: request.number)
    check(history.tables, month)
    side_by_side = [
        sum(other.started <= one.started < other.ended for other in requests) for one in requests
    ]
    assert max(side_by_side[:10]) >= 6
    assert side_by_side[16:20] == [1, 1, 1, 1]
    assert max(side_by_side[20:]) >= 4


def test_retry_after_in_seconds_is_waited_for_by_everybody(month):
    faults = [Fault("429", at=(4,), retry_after=2)]
    with serving(month, behaviour=MANY_PAGES, faults=faults) as service:
        history = service.read(**LIGHT)
        requests = sorted(service.emulator.requests, key=lambda request: request.started)
    check(history.tables, month, light=True)
    refused = next(request for request in requests if request.number == 4)
    # Whatever was already on its way may still arrive.
    later = [r.started - refused.ended for r in requests if r.started > refused.ended + 1.0]
    assert min(later) >= 1.9


@pytest.mark.parametrize(
    ("kind", "value", "least"), [("429", 7, 7), ("340", "date", 4), ("503", "007", 7)]
)
def test_retry_after_is_honoured(kind, value, least, small):
    fast = FastTime(50)
    faults = [Fault(kind, at=(1,), retry_after=value)]
    with serving(small, faults=faults, time_=fast, retry=RetryPolicy()) as service:
        history = service.read()
        first, second = service.emulator.requests
    check(history.tables, small)
    assert history.receipt.retries == 1
    assert second.started - first.ended >= least


@pytest.mark.parametrize("value", ["past", 0, "-5", "soon", "Mon, 01 Jan 99999999999 00:00 GMT"])
def test_retry_after_that_says_nothing_leaves_our_own_wait(value, small):
    faults = [Fault("429", first=2, retry_after=value)]
    slow = RetryPolicy(first_wait=0.2, longest_wait=0.4)
    with serving(small, faults=faults, retry=slow) as service:
        history = service.read()
        first, second, third = service.emulator.requests
    check(history.tables, small)
    assert history.receipt.retries == 2
    # Half of it at least is waited; how late a busy machine wakes up is not ours.
    assert second.started - first.ended >= 0.1
    assert third.started - second.ended >= 0.2


@pytest.mark.parametrize(
    ("kind", "value"), [("429", "day"), ("503", 86_400), ("340", "99999999999999999999")]
)
def test_retry_after_past_the_deadline_says_when(kind, value, small):
    error = TransportError if kind == "503" else RateLimitError
    with serving(small, faults=[Fault(kind, retry_after=value)]) as service:
        with at_most(1.0), pytest.raises(error, match=r"wait until \d{4}-\d\d-\d\d ") as told:
            service.read()
        assert service.requests == 1
    if value != "99999999999999999999":
        tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
        assert f"until {tomorrow}" in str(told.value)


def test_a_minute_of_340_is_outlasted_by_default_and_by_all_together(month):
    fast = FastTime(40)
    faults = [Fault("340", during=(1.0, 61.0))]
    with serving(
        month, retry=RetryPolicy(), behaviour=MANY_PAGES, faults=faults, time_=fast, latency=0.01
    ) as service:
        history = service.read()
        requests = sorted(service.emulator.requests, key=lambda request: request.started)
    check(history.tables, month)
    refused = [request for request in requests if request.code == 340]
    assert requests[-1].ended > 61
    assert history.receipt.retries == len(refused) >= 5
    # Eight workers that each waited for themselves would ask some sixty times.
    assert len(refused) <= 8 + 24


def test_340_for_ever_is_an_error_within_the_policy(small):
    with serving(small, faults=[Fault("340")]) as service:
        with (
            at_most(10.0),
            pytest.raises(RateLimitError, match="try again later, or pass a RetryPolicy") as told,
        ):
            service.read()
        assert service.requests == QUICK.max_attempts
    assert told.value.code == 340
    assert told.value.msg == "Rate limit exceeded."


def test_the_same_too_fast_is_spaced_out(month):
    throttle = Throttle(same_within=0.5)
    faults = [Fault("515", at=(2, 3))]
    with serving(month, throttle=throttle, faults=faults) as service:
        history = service.read()
        requests = [r for r in service.emulator.requests if r.code == 515]
    check(history.tables, month)
    assert history.receipt.retries == len(requests) >= 2


def test_throttled_for_a_second_with_real_waits(month):
    faults = [Fault("340", during=(0.05, 1.0))]
    retry = RetryPolicy(first_wait=0.05, longest_wait=0.5)
    with serving(month, behaviour=MANY_PAGES, faults=faults, retry=retry) as service:
        history = service.read(**LIGHT)
    check(history.tables, month, light=True)
    assert history.receipt.retries > 0


def test_being_throttled_is_said_with_how_long(small, caplog):
    caplog.set_level(logging.INFO, "voxframe")
    with serving(small, faults=[Fault("429", at=(1,), retry_after=1)]) as service:
        service.read(**LIGHT)
    told = [r.getMessage() for r in caplog.records if "throttles" in r.getMessage()]
    assert len(told) == 1
    assert "nothing is sent for 1.0 s, then at most 4 at once" in told[0]
