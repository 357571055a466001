"""What an answer to a GET for a file means where it is not the file: pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from voxframe._http.response import Answer, Verdict, classify
from voxframe._recordings.names import media_type

ERRORS = {
    "cut short": "fewer bytes came than were announced, again and again",
    "failed": "the service answered with an error of its own (5xx)",
    "forbidden": "the link has expired, or the account may not have it (403)",
    "gone": "it is not there any more (404, 410), or removed",
    "longer than announced": "it is there, and larger than its `file_size`",
    "no answer": "the network failed",
    "no link": "the record has none",
    "not a file": "a page of HTML, a JSON object or nothing came instead",
    "not authorized": "the service does not accept the token (401)",
    "not ready": "the transcription is in progress",
    "refused": "the service said no in another way (4xx)",
    "refused host": "the link, or a redirect, is not https, or leads to this machine",
    "throttled": "the service asked for less until every retry was spent (429)",
    "too large": "larger than a file of its kind can be",
}
"""Whatever `error` can be."""

_HTML = re.compile(rb"\s*<(!doctype\s+html|html)", re.IGNORECASE)
_JSON_ERROR = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"error"')
_MEDIA = ("records", "calls")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an answer is not the file.

    Attributes
    ----------
    kind : str
        One of `ERRORS`.
    again : bool
        Whether another attempt may mend it.
    """

    kind: str
    again: bool = False


NOT_AUTHORIZED = Trouble("not authorized")
THROTTLED = Trouble("throttled", again=True)

_BY_VERDICT = {
    Verdict.AGAIN: Trouble("failed", again=True),
    Verdict.THROTTLED: THROTTLED,
    Verdict.TOKEN_EXPIRED: NOT_AUTHORIZED,
    Verdict.NOT_AUTHORIZED: NOT_AUTHORIZED,
    Verdict.FORBIDDEN: Trouble("forbidden"),
}
_BY_STATUS = {
    HTTPStatus.FORBIDDEN: Trouble("forbidden"),
    HTTPStatus.NOT_FOUND: Trouble("gone"),
    HTTPStatus.GONE: Trouble("gone"),
}
_NOT_A_FILE = Trouble("not a file", again=True)


def looks_odd(table: str, headers: Mapping[str, str], first: bytes | None) -> bool:
    """Return whether an answer with a status of success has to be looked at before it is taken.

    Its first bytes are None where they are compressed and tell nothing.
    """
    kind = media_type(headers.get("content-type", ""))
    return (
        first == b""
        or (first is not None and (_HTML.match(first) or _JSON_ERROR.match(first)) is not None)
        or kind == "text/html"
        or (table in _MEDIA and kind in ("application/json", "application/problem+json"))
    )


def judge(status: int, headers: Mapping[str, str], body: bytes) -> Trouble:
    """Return what is wrong with an answer that is not the file.

    Parameters
    ----------
    status : int
        Its status.
    headers : Mapping of str
        Its headers.
    body : bytes
        Its beginning, which is all of it where it says what is wrong.
    """
    said = classify(Answer(status, headers, body), {})
    by_status = said.code == status
    if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT) and by_status:
        return _NOT_A_FILE
    if by_status and status in _BY_STATUS:
        return _BY_STATUS[HTTPStatus(status)]
    return _BY_VERDICT.get(said.verdict, Trouble("refused"))
