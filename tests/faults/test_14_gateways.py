"""Rows 31, 32, 48 and 49: words of gateways and codes of the API, as they come over a socket."""

import json

import pytest

from tests.support.faulty import FROM, QUICK, TO
from tests.support.gateway import EMPTY, answering
from voxframe import Client
from voxframe.emulator import Emulator, World
from voxframe.errors import ApiError, CredentialsError, VoxframeError


@pytest.fixture(scope="module")
def key() -> dict[str, object]:
    with Emulator(World(sessions=1, start=FROM, end=TO)) as emulator:
        return dict(emulator.credentials)


def read(key, *answers):
    """Read; return the receipt, or the error, and how many requests it took."""
    with answering(*answers) as (url, asked), Client(key, base_url=url, retry=QUICK) as client:
        try:
            return client.read_call_history(FROM, TO).receipt, len(asked)
        except VoxframeError as error:
            return error, len(asked)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"error": "too many parallel requests"}),
        (503, {"status": 503, "error": "Service Unavailable"}),
        (408, {"message": "timeout"}),
        (502, {"error": "Bad Gateway", "message": "upstream"}),
        (200, {"error": {"code": 484, "msg": "busy"}}),
    ],
)
def test_what_passes_is_asked_again(key, status, body):
    receipt, _ = read(key, (status, json.dumps(body).encode()), EMPTY)
    assert not isinstance(receipt, VoxframeError)
    assert receipt.retries == 1


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (403, {"error": "not from here"}, "HTTP 403: not from here"),
        (400, {"message": "bad request"}, "HTTP 400: bad request"),
        (200, {"error": {"code": 429, "msg": "Invalid resource_type"}}, "error 429: Invalid"),
    ],
)
def test_what_does_not_pass_fails_at_once_and_is_quoted(key, status, body, says):
    error, requests = read(key, (status, json.dumps(body).encode()))
    assert isinstance(error, ApiError)
    assert says in str(error)
    assert requests == 1


def test_the_services_words_are_shown_harmlessly(key):
    words = "x \x1b[2J\x07\r\ndone; +49\u2013155\u200b5123456 in campaign-2026-10-01"
    error, _ = read(key, (200, json.dumps({"error": {"code": 101, "msg": words}}).encode()))
    assert str(error).isprintable()
    assert "[number] in campaign-2026-10-01" in str(error)
    assert "5123456" not in str(error)


def test_a_keys_text_is_taken_and_a_pem_is_named(key):
    receipt, _ = read(json.dumps({"result": key}), EMPTY)
    assert not isinstance(receipt, VoxframeError)
    with pytest.raises(CredentialsError, match="key alone") as refused:
        Client(key["private_key"])
    assert "PRIVATE" not in str(refused.value)
