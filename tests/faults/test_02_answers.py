"""Rows 5 and 10 to 13: an answer that is none, or not whole, or too late, or too large."""

import gzip
import json
import subprocess
import sys
import time

import httpx
import pytest

from tests.support.faulty import FROM, LIGHT, TO, at_most, check, serving
from tests.support.gateway import answering
from voxframe import Client, RetryPolicy
from voxframe.emulator import Behaviour, Fault
from voxframe.errors import ApiError, TransportError

BY_BODY = ("error1", "error2", "error4", "error5", "error_number")
BY_STATUS = ("500", "502", "503", "html500")
NO_ANSWER = ("html200", "empty", "not_json", "not_object", "cut_json", "hole")
NOT_WHOLE = ("reset", "short_length", "cut_gzip")
TWICE = RetryPolicy(max_attempts=2, first_wait=0.01, longest_wait=0.01)
MANY_PAGES = Behaviour(page_cap=300)


@pytest.mark.parametrize("kind", BY_BODY + BY_STATUS + NO_ANSWER + NOT_WHOLE)
def test_once_is_mended_and_for_ever_is_an_error(kind, small):
    # The second request is the repetition of the first; from the third on nothing works.
    faults = [Fault(kind, at=(1, *range(3, 40)))]
    says = r"after 2 attempts .*; try again later"
    with serving(small, faults=faults, retry=TWICE) as service:
        history = service.read()
        assert history.receipt.requests == 2
        assert history.receipt.retries == 1
        error = ApiError if kind in BY_BODY else TransportError
        with at_most(2.0), pytest.raises(error, match=says) as told:
            service.read()
        assert service.requests == 4
    check(history.tables, small)
    assert type(told.value) is error
    if kind in BY_BODY:
        assert told.value.code == int(kind.removeprefix("error").replace("_number", "2"))


@pytest.mark.parametrize("kind", ["error1", "html200", "cut_json", "503"])
def test_now_and_then_among_many_pages(kind, month):
    with serving(month, behaviour=MANY_PAGES, faults=[Fault(kind, every=3)]) as service:
        history = service.read()
        failed = service.emulator.counters.faults[kind]
    check(history.tables, month)
    assert history.receipt.retries == failed > 2


def test_the_body_is_believed_before_the_status():
    # The service's own error in an answer of a gateway's status.
    from voxframe._http.response import Answer, Verdict, classify

    body = json.dumps({"error": {"code": 340, "msg": "Rate limit exceeded."}}).encode()
    for status in (200, 400, 403, 500, 502):
        assert classify(Answer(status, {}, body), {}).verdict is Verdict.THROTTLED


@pytest.mark.parametrize("kind", NOT_WHOLE)
def test_a_page_that_breaks_off_is_read_again_whole(kind, month):
    faults = [Fault(kind, at=(2, 3, 5, 8))]
    with serving(month, behaviour=MANY_PAGES, faults=faults) as service:
        history = service.read()
    check(history.tables, month)
    assert history.receipt.retries == 4


@pytest.mark.parametrize("kind", ["drip", "hang"])
def test_a_request_has_a_deadline_in_all(kind, small):
    # A byte every 50 ms trips no timeout of a single read.
    retry = RetryPolicy(max_attempts=2, request_timeout=0.5, first_wait=0.01, longest_wait=0.01)
    with serving(small, faults=[Fault(kind, seconds=0.05)], retry=retry) as service:
        began = time.monotonic()
        said = r"no (whole answer within 0\.5 s|answer in time)"
        with at_most(1.5), pytest.raises(TransportError, match=said):
            service.read()
        assert time.monotonic() - began >= 1.0
        assert service.requests == 2


def test_a_page_has_a_deadline_in_all(small):
    retry = RetryPolicy(max_attempts=1000, timeout=1.0, request_timeout=0.3, first_wait=0.1)
    with (
        serving(small, faults=[Fault("hang")], retry=retry) as service,
        at_most(1.5),
        pytest.raises(TransportError, match=r"after \d+ attempts in \d+ s"),
    ):
        service.read()


@pytest.mark.parametrize("kind", ["drip", "hang", "slow"])
def test_late_once_is_mended(kind, month):
    retry = RetryPolicy(request_timeout=1.0, first_wait=0.01, longest_wait=0.01)
    faults = [Fault(kind, at=(2, 4), seconds=0.05 if kind == "drip" else 60.0)]
    with serving(month, faults=faults, retry=retry) as service, at_most(5.0):
        history = service.read(**LIGHT)
    check(history.tables, month, light=True)
    # Of a busy machine other answers may be late as well.
    assert history.receipt.retries >= 2


def test_gzip_of_two_members(small):
    # As a proxy does that packs what comes piece by piece: two files in one, to RFC 1952.
    with serving(small) as service:
        form = {"from_date": f"{FROM} 00:00:00", "to_date": f"{TO} 00:00:00", "count": "1000"}
        token = service.client._tokens.token()
        whole = httpx.post(
            f"{service.emulator.base_url}/platform_api/GetCallHistory",
            data={**form, "with_calls": "true", "with_records": "true"},
            headers={"Authorization": f"Bearer {token}"},
        ).content
    half = len(whole) // 2
    packed = gzip.compress(whole[:half]) + gzip.compress(whole[half:])
    head = {"Content-Encoding": "gzip"}
    with (
        answering((200, packed), headers=head) as (url, _),
        Client(service.emulator.credentials, base_url=url) as client,
    ):
        check(client.read_call_history(FROM, TO).tables, small)


MEASURE = """
import resource, sys
import voxframe
from voxframe import Client
from voxframe.errors import TransportError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for url in sys.argv[2:]:
    try:
        with Client(sys.argv[1], base_url=url) as client:
            client.read_call_history("2026-10-01", "2026-11-01")
    except TransportError as error:
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, error)
"""


def test_a_bomb_is_refused_at_once_in_bounded_memory(small, tmp_path):
    with (
        serving(small, faults=[Fault("bomb")]) as bomb,
        serving(small, faults=[Fault("gigabytes")]) as gigabytes,
    ):
        key = bomb.emulator.write_credentials(tmp_path / "key.json")
        urls = [bomb.emulator.base_url, gigabytes.emulator.base_url]
        command = [sys.executable, "-W", "error", "-c", MEASURE, str(key), *urls]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        assert (bomb.requests, gigabytes.requests) == (1, 1)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        # The limit is 128 MiB; its pieces are never joined.
        assert int(line.partition(" ")[0]) < 192
        assert "more than 128 MiB was refused; read a shorter window" in line
    assert done.stderr == ""
