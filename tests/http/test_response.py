"""What an answer means, from its bytes alone."""

import json

import pytest

from voxframe._http.failure import failure
from voxframe._http.response import Answer, Verdict, classify
from voxframe._http.retry import RetryableError
from voxframe.errors import ApiError, AuthenticationError, PermissionDeniedError, TransportError

AGAIN, THROTTLED, REFUSED = Verdict.AGAIN, Verdict.THROTTLED, Verdict.REFUSED


@pytest.mark.parametrize(
    ("status", "body", "verdict", "code", "words"),
    [
        # The API's own codes decide, whatever the status.
        (200, {"error": {"code": 484, "msg": "busy"}}, AGAIN, 484, "busy"),
        (200, {"error": {"code": 429, "msg": "Invalid resource_type"}}, REFUSED, 429, "resource_"),
        (503, {"error": {"code": 101, "msg": "bad"}}, REFUSED, 101, "bad"),
        (404, {"error": {"code": 103, "msg": "Unknown"}}, REFUSED, 103, "Unknown"),
        (500, {"error": {"code": 340, "msg": "slow"}}, THROTTLED, 340, "slow"),
        # Another code than these, beside a status that may pass.
        (503, {"error": {"code": 1234, "msg": "odd"}}, AGAIN, 1234, "odd"),
        # Without a code of the API's the status decides.
        (429, {"error": "too many parallel requests"}, THROTTLED, 429, "too many parallel"),
        (429, {"error": {"code": 429, "message": "slow down"}}, THROTTLED, 429, "slow down"),
        (503, {"status": 503, "error": "Service Unavailable"}, AGAIN, 503, "Service Unavailable"),
        (502, {"error": "Bad Gateway", "message": "upstream"}, AGAIN, 502, "Bad Gateway: upstream"),
        (408, {"message": "timeout"}, AGAIN, 408, "timeout"),
        (503, {"error": {"code": 503, "message": "away"}}, AGAIN, 503, "away"),
        (500, {"errors": []}, AGAIN, 500, ""),
        (401, {"error": "auth failed"}, Verdict.NOT_AUTHORIZED, 401, "auth failed"),
        (403, {"message": "Forbidden"}, REFUSED, 403, "Forbidden"),
        (404, {"error": "Not Found"}, REFUSED, 404, "Not Found"),
        (404, "<html>", Verdict.UNUSABLE, 404, "check base_url"),
        (302, {"error": "moved"}, Verdict.UNUSABLE, 302, "redirect"),
        (200, {"error": "no"}, REFUSED, 200, "no"),
        (200, {"error": None, "result": []}, Verdict.RESULT, 200, ""),
        (200, "", AGAIN, 200, "empty"),
        # A code may come as any number, or as its digits.
        (200, {"error": {"code": 340.0, "msg": "slow"}}, THROTTLED, 340, "slow"),
        (200, {"error": {"code": "340", "msg": "slow"}}, THROTTLED, 340, "slow"),
        (200, {"error": {"code": 3.4, "msg": "odd"}}, REFUSED, 200, "odd"),
        # Blanks around an answer belong to no value.
        (200, " \r\n" * 100 + '{"result": []}' + "\n" * 100, Verdict.RESULT, 200, ""),
        (200, "x" + " " * 100 + '{"result": []}', AGAIN, 200, "not one whole JSON"),
    ],
)  # fmt: skip
def test_what_an_answer_means(status, body, verdict, code, words):
    body = body if isinstance(body, str) else json.dumps(body)
    said = classify(Answer(status, {}, body.encode()), {})
    assert (said.verdict, said.code) == (verdict, code)
    assert words in said.msg


def test_words_that_were_cut_in_the_middle_of_a_letter_are_still_the_services():
    body = b'{"error": {"code": 101, "msg": "custom_data \xd0 is bad"}}'
    assert classify(Answer(200, {}, body), {}).code == 101


def test_nesting_is_no_trouble():
    body = b'{"error":' * 900 + b'"deep"' + b"}" * 900
    assert classify(Answer(503, {}, body), {}).verdict is AGAIN


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (200, {"error": {"code": 104, "msg": "x"}}, PermissionDeniedError,
         "Owner, Admin, Developer, Supervisor or Support"),
        (200, {"error": {"code": 103, "msg": "x"}}, ApiError, "must not be in it twice"),
        (401, {"error": "auth failed"}, AuthenticationError, "auth failed"),
        (403, {"error": "call \x1b[2J +49 155 5123456"}, ApiError, r"call \x1b[2J [number]"),
        (404, "", TransportError, "check base_url"),
    ],
)  # fmt: skip
def test_an_error_says_what_to_do(status, body, kind, says):
    said = classify(Answer(status, {}, json.dumps(body).encode()), {})
    error = failure(said, status=status, asked="a window", asked_wait=None)
    assert type(error) is kind
    assert says in str(error)
    assert not isinstance(error, RetryableError)
