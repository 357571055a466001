"""What the emulator was asked and what it answered."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SentBy = Literal["body", "query", "both", "nothing"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its outcome.

    Attributes
    ----------
    number : int
        Counted from 1 in the order of arrival.
    moment : int
        The world's event counter that the answer is about.
    started, ended : float
        By the emulator's monotonic clock.
    method : str
        The HTTP method.
    sent_by : {"body", "query", "both", "nothing"}
        Where the parameters were.
    params : dict
        As they came, as text.
    status : int
        HTTP status; 0 if there was no answer.
    code : int or None
        The service's error code.
    rows : int
        Sessions answered.
    fault : str or None
        The fault that befell it.
    time : int or None
        Where the world's clock stood, in epoch seconds, if it has one.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, World
    >>> with Emulator(World(sessions=50)) as emulator:
    ...     count = voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    ...     sent = emulator.requests[0]
    >>> sent.method, sent.status, sent.rows, sent.params["from_date"]
    ('POST', 200, 50, '2026-10-01 00:00:00')
    """

    number: int
    moment: int
    started: float
    ended: float
    method: str
    sent_by: SentBy
    params: Mapping[str, str]
    status: int
    code: int | None
    rows: int
    fault: str | None
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """Sums over all requests so far; a snapshot.

    Attributes
    ----------
    requests : int
        Answered, or given up.
    ok : int
        Answered with a whole result.
    errors, statuses, faults : dict
        How many of each error code, HTTP status and kind of fault.
    rows, bytes : int
        Sessions and body bytes of whole results.
    in_flight, max_in_flight : int
        Requests being handled now, and at most at any time.
    with_total_count : int
        Requests that asked for the total.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, World
    >>> with Emulator(World(sessions=50)) as emulator:
    ...     count = voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    ...     counters = emulator.counters
    >>> counters.requests, counters.rows, dict(counters.errors)
    (1, 50, {})
    """

    requests: int
    ok: int
    errors: Mapping[int, int]
    statuses: Mapping[int, int]
    faults: Mapping[str, int]
    rows: int
    bytes: int
    in_flight: int
    max_in_flight: int
    with_total_count: int


class Books:
    """Keeps both; safe to read from any thread."""

    def __init__(self, keep: int) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=keep)
        self._arrived = self._ended = self._ok = self._rows = self._bytes = 0
        self._in_flight = self._max_in_flight = self._totals = 0
        self._errors: Counter[int] = Counter()
        self._statuses: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()

    def arrive(self) -> tuple[int, int]:
        """Open a request; return its number and how many are in flight with it."""
        with self._lock:
            self._arrived += 1
            self._in_flight += 1
            self._max_in_flight = max(self._max_in_flight, self._in_flight)
            return self._arrived, self._in_flight

    def leave(self, request: Request, size: int, *, asked_total: bool) -> None:
        """Close a request."""
        whole = request.status == 200 and request.code is None and request.fault in (None, "slow")  # noqa: PLR2004
        with self._lock:
            self._in_flight -= 1
            self._ended += 1
            self._ok += whole
            self._rows += request.rows if whole else 0
            self._bytes += size if whole else 0
            self._totals += asked_total
            self._statuses[request.status] += 1
            if request.code is not None:
                self._errors[request.code] += 1
            if request.fault is not None:
                self._faults[request.fault] += 1
            self._requests.append(request)

    @property
    def requests(self) -> list[Request]:
        """The last requests in the order in which they ended."""
        with self._lock:
            return list(self._requests)

    @property
    def counters(self) -> Counters:
        """The sums as they are now."""
        with self._lock:
            return Counters(
                self._ended, self._ok, dict(self._errors), dict(self._statuses),
                dict(self._faults), self._rows, self._bytes, self._in_flight,
                self._max_in_flight, self._totals,
            )  # fmt: skip
