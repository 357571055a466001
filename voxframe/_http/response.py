"""What an answer means, from its status, headers and body alone: pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any

from voxframe._http.redact import redact

# https://voximplant.com/docs/references/httpapi/errors, and what runs against the live service.
_SERVER_FAULTS = {1, 2, 4, 5}
_THROTTLES = {340, 515}
_NOT_AUTHORIZED = 100
_FORBIDDEN = 104
_TOKEN_EXPIRED = 456
_TOO_MANY = 429
_OK = 200

# An error is a short text. Whatever is longer and holds rows is not parsed twice to make sure.
_LONGEST_ERROR = 1 << 16


class Verdict(Enum):
    """What to do about an answer."""

    RESULT = auto()
    AGAIN = auto()
    THROTTLED = auto()
    TOKEN_EXPIRED = auto()
    NOT_AUTHORIZED = auto()
    FORBIDDEN = auto()
    REFUSED = auto()
    UNUSABLE = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read whole and inflated."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Classification:
    """What an answer says.

    Attributes
    ----------
    verdict : Verdict
        What to do about it.
    code : int
        The service's error code, or the HTTP status where it gave none.
    msg : str
        The service's words, or ours for what it sent instead; fit for a log.
    """

    verdict: Verdict
    code: int = _OK
    msg: str = ""


def classify(answer: Answer, form: Mapping[str, str]) -> Classification:
    """Classify an answer by its body first: most errors come with HTTP 200.

    Parameters
    ----------
    answer : Answer
        As received.
    form : Mapping of str
        What was asked, so that the service's words do not repeat what is a person's.

    Returns
    -------
    Classification
        The verdict. ``RESULT`` means that it looks like a result; whether it
        can be read is for the decoder to say.
    """
    error = _error_in(answer.body, form)
    if error is not None:
        return _judge(*error)
    if answer.status == _OK:
        if looks_whole(answer.body):
            return Classification(Verdict.RESULT)
        return Classification(Verdict.AGAIN, _OK, _describe(answer.body))
    return _judge_status(answer.status)


def _judge_status(status: int) -> Classification:
    if status == _TOO_MANY:
        return Classification(Verdict.THROTTLED, status, "too many parallel requests")
    if status >= 500 or status == 408:  # noqa: PLR2004
        return Classification(Verdict.AGAIN, status, f"HTTP {status}")
    if 300 <= status < 400:  # noqa: PLR2004
        return Classification(
            Verdict.UNUSABLE,
            status,
            "a redirect, which is not followed because the token must go nowhere else; "
            "check base_url",
        )
    return Classification(
        Verdict.UNUSABLE, status, f"HTTP {status} and no error of the API's; check base_url"
    )


def looks_whole(body: bytes) -> bool:
    """Say whether a body can be a JSON object with a result, by its two ends."""
    return (
        body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        and body[-64:].rstrip().endswith(b"}")
        and b'"result"' in body
    )


def is_json(body: bytes) -> bool:
    """Say whether a body is one whole JSON value; slow, for when reading it failed."""
    try:
        json.loads(body.decode("utf-8-sig", "replace"), parse_int=len, parse_float=len)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read a ``Retry-After`` in either form, in seconds from ``now``.

    Returns
    -------
    float or None
        Never negative; None if there is none that can be read.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    moment = _http_date(text)
    return None if moment is None else max(moment - now, 0.0)


def server_time(headers: Mapping[str, str]) -> float | None:
    """Read the ``Date`` of an answer, in seconds since 1970."""
    return _http_date(headers.get("date", ""))


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()


def _error_in(body: bytes, form: Mapping[str, str]) -> tuple[int, str] | None:
    if len(body) > _LONGEST_ERROR or b'"error"' not in body:
        return None
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("error") is None:
        return None
    error = value["error"]
    if not isinstance(error, dict):
        return 0, redact(str(error), form)
    code = error.get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:9])
    msg = redact(str(error.get("msg") or "no reason given"), form)
    return code if isinstance(code, int) else 0, msg


def _judge(code: int, msg: str) -> Classification:
    if code in _THROTTLES or code == _TOO_MANY:
        return Classification(Verdict.THROTTLED, code, msg)
    if code in _SERVER_FAULTS:
        return Classification(Verdict.AGAIN, code, msg)
    verdict = {
        _TOKEN_EXPIRED: Verdict.TOKEN_EXPIRED,
        _NOT_AUTHORIZED: Verdict.NOT_AUTHORIZED,
        _FORBIDDEN: Verdict.FORBIDDEN,
    }.get(code, Verdict.REFUSED)
    return Classification(verdict, code, msg)


def _describe(body: bytes) -> str:
    if not body.strip():
        return "an empty answer"
    if body.lstrip()[:1] == b"<":
        return "a page of HTML instead of JSON"
    return "an answer that is no whole JSON object with a result"
