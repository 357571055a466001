"""Rows 6 to 9: what is wrong with the token, the clock, the key or the query."""

import concurrent.futures

import pytest

from tests.support.faulty import FROM, LIGHT, TO, at_most, check, serving
from voxframe.emulator import Behaviour, Fault
from voxframe.errors import ApiError, AuthenticationError, PermissionDeniedError

MANY_PAGES = Behaviour(page_cap=100)


def test_an_expired_token_in_the_middle_is_renewed_once(month):
    with serving(month, behaviour=MANY_PAGES, faults=[Fault("456", at=(9,))]) as service:
        history = service.read()
    check(history.tables, month)
    assert history.receipt.mended["token_renewed"] == 1
    assert history.receipt.retries == 1


def test_tokens_that_really_end_are_renewed(month):
    # Tokens of a second at most, since they are back-dated by five, for a read of more than two.
    behaviour = Behaviour(page_cap=100, token_lifetime=6.2)
    with serving(month, behaviour=behaviour, latency=0.1, max_concurrency=1) as service:
        history = service.read(**LIGHT)
        assert service.emulator.counters.errors[456] == history.receipt.retries
    check(history.tables, month, light=True)
    assert history.receipt.mended["token_renewed"] >= 1


def test_a_second_456_is_an_error_at_once(small):
    with serving(small, faults=[Fault("456")]) as service:
        with at_most(2.0), pytest.raises(AuthenticationError, match="machine's clock") as told:
            service.read()
        assert service.requests == 2
    assert told.value.code == 456


def test_100_is_an_error_at_once(small):
    with serving(small, faults=[Fault("100")]) as service:
        with at_most(2.0), pytest.raises(AuthenticationError, match="key file is its own") as told:
            service.read()
        assert service.requests == 1
    assert told.value.code == 100


def test_a_key_of_another_account_is_an_error_at_once(small):
    from voxframe import Client

    with serving(small) as service:
        stranger = {**service.emulator.credentials, "account_id": 1}
        url = service.emulator.base_url
        with Client(stranger, base_url=url) as client, pytest.raises(AuthenticationError):
            client.read_call_history(FROM, TO)
        assert service.requests == 1


@pytest.mark.parametrize(
    ("skew", "kind"), [(90, "behind"), (-90, "ahead"), (7200, "behind"), (-7200, "ahead")]
)
def test_a_clock_that_is_wrong_is_learned_from_the_answer(skew, kind, small):
    with serving(small, behaviour=Behaviour(clock_skew=skew)) as service:
        history = service.read()
        refused = sum(service.emulator.counters.errors.values())
        again = service.read()
        assert sum(service.emulator.counters.errors.values()) == refused
    check(history.tables, small)
    assert history.receipt.retries == refused <= 1
    # A token may be 60 s in the future and live half an hour; further than that it is refused.
    assert refused == (skew != 90)
    assert history.receipt.mended[f"clock_{kind}_s"] == pytest.approx(abs(skew), abs=2)
    assert again.receipt.mended.get("token_renewed", 0) == 0


def test_a_clock_that_is_wrong_is_learned_by_all_workers_at_once(small):
    # Five queries leave side by side with the same token, and all are refused.
    behaviour = Behaviour(clock_skew=-90)
    with serving(small, behaviour=behaviour, latency=0.1) as service:
        with concurrent.futures.ThreadPoolExecutor(5) as threads:
            runs = [threads.submit(service.read) for _ in range(5)]
        histories = [run.result() for run in runs]
        assert service.emulator.counters.errors[100] > 1
    for history in histories:
        check(history.tables, small)


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("101", ApiError, "from_date"),
        ("111", ApiError, "from_date"),
        ("104", PermissionDeniedError, "Owner, Admin, Developer, Supervisor or Support"),
    ],
)
def test_a_no_that_is_final_is_an_error_at_once(kind, error, says, small):
    with serving(small, faults=[Fault(kind)]) as service:
        with at_most(2.0), pytest.raises(error, match=says) as told:
            service.read()
        assert service.requests == 1
    assert type(told.value) is error
    assert told.value.code == int(kind)


def test_a_no_in_the_middle_stops_all_workers(month):
    faults = [Fault("104", at=tuple(range(5, 100)))]
    with serving(month, behaviour=MANY_PAGES, faults=faults, latency=0.05) as service:
        with at_most(3.0), pytest.raises(PermissionDeniedError):
            service.read()
        # None beyond those that were on their way.
        assert service.requests <= 4 + 8 + 1


def test_errors_that_nobody_documented_are_errors_at_once(small):
    with serving(small, faults=[Fault("error_string")]) as service:
        with pytest.raises(ApiError, match="something went wrong"):
            service.read()
        assert service.requests == 1
