"""What goes wrong, when, and what is sent then."""

import json
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, Literal

from voxframe.emulator._hashing import fraction
from voxframe.emulator._time import Moment, to_second

FaultKind = Literal[
    "500", "502", "503", "html500", "html200", "empty", "not_json", "not_object", "error_string",
    "error_number", "error1", "error2", "error4", "error5", "100", "101", "103", "104", "111",
    "150", "340", "456", "484", "515", "error429", "429", "gateway", "redirect",
    "bomb", "gigabytes", "hang",
    "cut_json", "hole", "cut_gzip", "reset", "short_length", "drip", "slow",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of failure and the requests that it befalls.

    Any of the conditions suffices; with none of them it befalls every request.

    Attributes
    ----------
    kind : str
        ``500``, ``502``, ``503``: a status with a JSON body; ``html500``,
        ``html200``: a gateway's page; ``empty``; ``not_json``; ``not_object``: a
        JSON list; ``error_string``, ``error_number``: an odd ``error``; ``error1``
        to ``error5``, ``100`` to ``515`` and ``error429``: the service's error of
        that code, with status 200; ``429``: the status; ``gateway``: any status with
        the gateway's own JSON; ``redirect``; ``bomb``: gzip of
        gigabytes; ``gigabytes``: the same, not compressed; ``hang``: no answer.
        The rest spoils a true answer: ``cut_json``, ``cut_gzip``: complete to HTTP
        but cut in half; ``hole``: the same without its middle; ``reset``: TCP RST in
        mid-body; ``short_length``: ends before its Content-Length; ``drip``: a byte
        at a time; ``slow``: late.
    at : tuple of int
        These requests, counted from 1.
    every : int
        Every second, third, … one.
    first : int
        The first so many.
    probability, seed : float, int
        This share of them, chosen by the seed and the request's number.
    during : (float, float)
        Seconds since the start of the emulator.
    outage : (moment, moment)
        While the world's clock stands in ``[first, last)``.
    retry_after : str or float
        A ``Retry-After`` header: seconds, ``"date"`` (5 s from now), ``"past"`` (an
        hour ago), ``"day"`` (a day ahead), or any other text as it is.
    seconds : float
        Time between bytes for ``drip``, delay for ``slow``.
    size : int
        Bytes of ``bomb`` and ``gigabytes``, inflated.
    location : str
        Where ``redirect`` points to.
    status : int
        The status of ``gateway``.
    words : {"error", "status", "message"}
        Its body: ``{"error": "text"}``, ``{"status": 503, "error": "text"}`` or
        ``{"message": "text"}``.
    msg : str, optional
        Instead of the usual text of an error code or of ``gateway``.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Fault, World
    >>> with Emulator(World(sessions=50), faults=[Fault("reset", at=(1,))]) as emulator:
    ...     history = voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...         retry=voxframe.RetryPolicy(first_wait=0.1),
    ...     )
    >>> len(history), history.receipt.retries
    (50, 1)
    """

    kind: FaultKind
    _: KW_ONLY
    at: tuple[int, ...] = ()
    every: int = 0
    first: int = 0
    probability: float = 0.0
    seed: int = 0
    during: tuple[float, float] | None = None
    outage: tuple[Moment, Moment] | None = None
    retry_after: str | float | None = None
    seconds: float = 0.2
    size: int = 4 * 2**30
    location: str = "http://voximplant.example.net/platform_api/GetCallHistory"
    status: int = 503
    words: Literal["error", "status", "message"] = "error"
    msg: str | None = None

    @property
    def _salt(self) -> int:
        # The hash adds salt and number: seeds side by side would befall requests side by side.
        return (self.seed + 41) << 32

    def fires(self, number: int, elapsed: float, time: int | None = None) -> bool:
        """Decide for one request, where the world's clock stands at that second."""
        conditions = (
            self.at, self.every, self.first, self.probability, self.during, self.outage,
        )  # fmt: skip
        if not any(conditions):
            return True
        return (
            number in self.at
            or (self.every > 0 and number % self.every == 0)
            or number <= self.first
            or fraction(number, self._salt) < self.probability
            or (self.during is not None and self.during[0] <= elapsed < self.during[1])
            or self._out(time)
        )

    def _out(self, time: int | None) -> bool:
        if self.outage is None or time is None:
            return False
        first, last = map(to_second, self.outage)
        return first <= time < last


SPOILS: Final = frozenset({"cut_json", "hole", "cut_gzip", "reset", "short_length", "drip", "slow"})
"""Kinds that need a true answer first."""

STREAMS: Final = frozenset({"bomb", "gigabytes", "hang"})
"""Kinds that are not a message of known length."""

MESSAGES: Final = {
    1: "Fatal error.",
    2: "Internal error.",
    4: "DB error.",
    5: "Billing error.",
    100: "Authorization failed.",
    101: "Invalid argument: from_date: a fault was asked for.",
    103: "Unknown command.",
    104: "Forbidden command: the service account lacks a role.",
    111: "Invalid date format: from_date.",
    150: "Invalid call_session_history_id: an id of the list is unknown.",
    340: "Rate limit exceeded.",
    429: "Invalid resource_type.",
    456: "Token has expired.",
    484: "Temporarily unavailable.",
    515: "The same operation was repeated too fast.",
}

_PAGE: Final = b"<html><head><title>Bad gateway</title></head><body><h1>nginx</h1></body></html>"
_FIXED: Final[dict[str, tuple[int, str, bytes]]] = {
    "500": (500, "application/json", b'{"message":"Internal Server Error"}'),
    "502": (502, "text/html", _PAGE),
    "503": (503, "application/json", b'{"message":"Service Unavailable"}'),
    "429": (429, "application/json", b'{"message":"Too Many Requests"}'),
    "html500": (500, "text/html", _PAGE),
    "html200": (200, "text/html", _PAGE),
    "empty": (200, "application/json", b""),
    "not_json": (200, "application/json", b"OK"),
    "not_object": (200, "application/json", b'["result"]'),
    "error_string": (200, "application/json", b'{"error":"something went wrong"}'),
    "error_number": (200, "application/json", b'{"error":{"code":"2","msg":null}}'),
    "redirect": (307, "text/plain", b""),
}


def chosen(
    faults: Sequence[Fault], number: int, elapsed: float, time: int | None = None
) -> Fault | None:
    """Return the first fault that befalls a request."""
    return next((fault for fault in faults if fault.fires(number, elapsed, time)), None)


def code_of(kind: str) -> int | None:
    """Return the service's error code of a kind of fault, if it is one of those."""
    digits = kind.removeprefix("error")
    # "429" is the HTTP status; the code is "error429".
    known = kind != "429" and digits.isdigit() and int(digits) in MESSAGES
    return int(digits) if known else None


def _gateway(fault: Fault) -> tuple[int, str, bytes]:
    text = fault.msg or HTTPStatus(fault.status).phrase
    body = {
        "error": {"error": text},
        "status": {"status": fault.status, "error": text},
        "message": {"message": text},
    }[fault.words]
    return fault.status, "application/json", json.dumps(body).encode()


def fixed(fault: Fault) -> tuple[int, str, bytes]:
    """Return status, content type and body of a fault that needs no true answer."""
    return _gateway(fault) if fault.kind == "gateway" else _FIXED[fault.kind]


def retry_after(value: str | float | None, now: float) -> dict[str, str]:
    """Write a ``Retry-After`` header, or none."""
    if value is None:
        return {}
    ahead = {"date": 5.0, "past": -3600.0, "day": 86_400.0}
    if isinstance(value, str):
        text = formatdate(now + ahead[value], usegmt=True) if value in ahead else value
    else:
        text = f"{value:g}"
    return {"retry-after": text}
