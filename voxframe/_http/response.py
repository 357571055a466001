"""What an answer means, from its status, headers and body alone: pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from voxframe._http.redact import redact

_OK = 200

# An error is a short text. Whatever is longer and holds rows is not parsed twice to make sure.
_LONGEST_ERROR = 1 << 16

# Some send blanks for as long as they work on an answer, so that nothing in between gives up.
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")

# Where a gateway puts its words, most telling first.
_WORDS = ("error", "message", "msg", "detail", "title", "reason")


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


# https://voximplant.com/docs/references/httpapi/errors, and what runs against the live service.
# Every other code is a no; 429 too, which says that a parameter is invalid.
_BY_CODE = {
    1: Verdict.AGAIN,
    2: Verdict.AGAIN,
    4: Verdict.AGAIN,
    5: Verdict.AGAIN,
    100: Verdict.NOT_AUTHORIZED,
    101: Verdict.REFUSED,
    103: Verdict.REFUSED,
    104: Verdict.FORBIDDEN,
    111: Verdict.REFUSED,
    150: Verdict.REFUSED,
    340: Verdict.THROTTLED,
    456: Verdict.TOKEN_EXPIRED,
    484: Verdict.AGAIN,
    515: Verdict.THROTTLED,
}


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
    """Classify an answer by the API's code in its body, and by its status where there is none.

    Parameters
    ----------
    answer : Answer
        As received. Most of the API's errors come with HTTP 200.
    form : Mapping of str
        What was asked, so that the service's words do not repeat what is a person's.

    Returns
    -------
    Classification
        The verdict. ``RESULT`` means that it looks like a result; whether it
        can be read is for the decoder to say.
    """
    status, said = answer.status, _error_in(answer)
    if said is None and status == _OK:
        if looks_whole(answer.body):
            return Classification(Verdict.RESULT)
        return Classification(Verdict.AGAIN, _OK, _describe(answer.body))
    words = redact(_words_of(said), form)
    code = _code_of(said)
    # A gateway may repeat its status as a code; only another number is a code of the API's.
    if code is None or code == status:
        return _by_status(status, words)
    words = words or "no reason given"
    if code not in _BY_CODE and _worth_another_try(status):
        return Classification(_by_status(status, words).verdict, code, words)
    return Classification(_BY_CODE.get(code, Verdict.REFUSED), code, words)


def _by_status(status: int, words: str) -> Classification:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        words = (
            "a redirect, which is not followed because the token must go nowhere else; "
            "check base_url"
        )
        return Classification(Verdict.UNUSABLE, status, words)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Classification(Verdict.THROTTLED, status, words or "too many parallel requests")
    if _worth_another_try(status):
        return Classification(Verdict.AGAIN, status, words)
    if status == HTTPStatus.UNAUTHORIZED:
        return Classification(Verdict.NOT_AUTHORIZED, status, words)
    if words:
        return Classification(Verdict.REFUSED, status, words)
    return Classification(Verdict.UNUSABLE, status, "not an answer of the API's; check base_url")


def _worth_another_try(status: int) -> bool:
    again = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
    return status in again or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def looks_whole(body: bytes) -> bool:
    """Return whether a body can be a JSON object with a result, by its two ends."""
    return _OBJECT.match(body) is not None and body.rstrip().endswith(b"}") and b'"result"' in body


def is_json(body: bytes) -> bool:
    """Return whether a body is one whole JSON value; slow, for when reading it failed."""
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


def _error_in(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object of an answer that says what went wrong, or None."""
    body = answer.body
    if len(body) > _LONGEST_ERROR or (answer.status == _OK and b'"error"' not in body):
        return None
    try:
        # The service's words may repeat text that was cut in the middle of a letter.
        value: Any = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or (answer.status == _OK and not value.get("error")):
        return None
    return value


def _code_of(said: Mapping[str, Any] | None) -> int | None:
    error = said.get("error") if said else None
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:9])
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _words_of(said: Any, depth: int = 3) -> str:
    """Return what an error says, wherever gateways and the API put their words."""
    if isinstance(said, list):
        said = {"error": said[0]} if said else {}
    if not isinstance(said, dict):
        return "" if said is None else str(said)
    if not depth:
        return ""
    found = (_words_of(said[name], depth - 1) for name in _WORDS if said.get(name))
    return ": ".join(dict.fromkeys(words for words in found if words))


def _describe(body: bytes) -> str:
    if not body.strip():
        return "an empty answer"
    if body.lstrip()[:1] == b"<":
        return "a page of HTML instead of JSON"
    return "an answer that is not one whole JSON object with a result"
