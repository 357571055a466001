"""Sessions as compact columns: when they start, what they are, who is in them.

Nothing is rendered here. A session costs about forty bytes; everything else about
it is derived from its id when it is asked for.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._catalogue import AGENTS, APPLICATIONS, TAGS, TALK, customers
from voxframe.emulator._time import DAY

NEVER: Final = 2**31 - 1
NO_DURATION: Final = -1
FIRST_ID: Final = 3_100_000_000

IdOrder = Literal["almost", "exact", "random"]

_HOURS: Final = np.array(
    [4, 3, 2, 2, 3, 8, 20, 48, 88, 108, 112, 104, 90, 98, 110, 106, 96, 78, 52, 36, 26, 18, 11, 6],
    dtype=np.float64,
)
_WEEKDAYS: Final = (1.18, 1.05, 1.0, 0.98, 0.92, 0.34, 0.22)
_HOLIDAYS: Final = {(1, 1): 0.15, (5, 1): 0.3, (12, 25): 0.1, (12, 26): 0.2, (12, 31): 0.45,
                    (11, 1): 0.5, (10, 3): 0.6}  # fmt: skip
_OFFICE: Final = (7, 18)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Columns:
    """Sessions sorted by start second, then id; one entry a session in each array."""

    id: NDArray[np.int64]
    start: NDArray[np.int64]
    duration: NDArray[np.int32]
    application: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    pattern: NDArray[np.uint8]
    customer: NDArray[np.uint16]
    agent: NDArray[np.uint8]
    local: NDArray[np.uint8]
    tag: NDArray[np.uint16]
    born: NDArray[np.int32]
    died: NDArray[np.int32]
    version: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.id)

    def part(self, index: slice | NDArray[np.intp]) -> "Columns":
        """Return some of the sessions."""
        return Columns(*(getattr(self, f.name)[index] for f in fields(self)))

    def insert(self, other: Self) -> "Columns":
        """Return both, still sorted."""
        at = np.searchsorted(self.start, other.start, side="right")
        merged = [np.insert(getattr(self, f.name), at, getattr(other, f.name))
                  for f in fields(self)]  # fmt: skip
        return Columns(*merged).sorted()

    def sorted(self) -> "Columns":
        """Return the same sessions in order of start second, then id."""
        order = np.lexsort((self.id, self.start))
        return self.part(order)


def _day_factor(day: int) -> float:
    moment = datetime.fromtimestamp(day * DAY, tz=UTC)
    holiday = _HOLIDAYS.get((moment.month, moment.day), 1.0)
    return _WEEKDAYS[moment.weekday()] * holiday


def start_seconds(
    rng: np.random.Generator, sessions: int, first: int, last: int, *, flat: bool
) -> NDArray[np.int64]:
    """Draw start seconds in ``[first, last)`` that follow hours, weekdays and holidays."""
    if flat:
        return np.sort(rng.integers(first, last, sessions, dtype=np.int64))
    hours = np.arange(first // 3600, (last - 1) // 3600 + 1)
    days = {day: _day_factor(int(day)) for day in np.unique(hours // 24)}
    weights = _HOURS[hours % 24] * np.array([days[day] for day in hours // 24])
    low = np.maximum(hours * 3600, first)
    high = np.minimum(hours * 3600 + 3600, last)
    edges = np.concatenate(([0.0], np.cumsum(weights * (high - low))))
    drawn = np.sort(rng.random(sessions)) * edges[-1]
    hour = np.clip(np.searchsorted(edges, drawn, side="right") - 1, 0, len(hours) - 1)
    share = (drawn - edges[hour]) / (edges[hour + 1] - edges[hour])
    second = low[hour] + (share * (high - low)[hour]).astype(np.int64)
    return np.asarray(np.clip(second, first, last - 1), dtype=np.int64)


def session_ids(
    rng: np.random.Generator, start: NDArray[np.int64], base: int, order: IdOrder
) -> NDArray[np.int64]:
    """Return the sessions' ids; ``almost`` lets neighbours within two minutes change places."""
    sessions = len(start)
    if order == "random":
        rank = rng.permutation(sessions)
    else:
        noise = 120.0 if order == "almost" else 0.0
        rank = np.empty(sessions, dtype=np.int64)
        rank[np.argsort(start + rng.random(sessions) * noise, kind="stable")] = np.arange(sessions)
    return np.asarray(base + rank * 4 + rng.integers(0, 4, sessions), dtype=np.int64)


def _choose(rng: np.random.Generator, weights: tuple[float, ...], size: int) -> NDArray[np.intp]:
    edges = np.cumsum(weights)
    chosen = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.asarray(chosen, dtype=np.intp)


def sessions_at(
    rng: np.random.Generator, start: NDArray[np.int64], ids: NDArray[np.int64], born: int
) -> Columns:
    """Draw everything else about sessions whose start and id are known."""
    n = len(start)
    hour, weekday = start // 3600 % 24, (start // DAY + 3) % 7
    office = (hour >= _OFFICE[0]) & (hour < _OFFICE[1]) & (weekday < _SATURDAY)
    application = np.where(
        office,
        _choose(rng, tuple(a.shares[0] for a in APPLICATIONS), n),
        _choose(rng, tuple(a.shares[1] for a in APPLICATIONS), n),
    ).astype(np.uint8)
    rule, local, pattern = (np.zeros(n, dtype=np.uint8) for _ in range(3))
    for number, app in enumerate(APPLICATIONS):
        rows = np.flatnonzero(application == number)
        rule[rows] = rng.random(len(rows)) ** 2 * len(app.rules)
        local[rows] = rng.random(len(rows)) ** 1.5 * len(app.locals)
        kinds = np.array([kind for kind, _ in app.patterns], dtype=np.uint8)
        pattern[rows] = kinds[_choose(rng, tuple(w for _, w in app.patterns), len(rows))]
    median, spread = np.array(TALK, dtype=np.float64).T
    talk = np.exp(np.log(median)[pattern] + spread[pattern] * rng.standard_normal(n))
    duration = np.clip(talk, 1, 7200).astype(np.int32)
    duration[rng.random(n) < 0.004] = NO_DURATION  # noqa: PLR2004
    # A few customers call often, most seldom.
    customer = rng.random(n) ** 2.2 * len(customers())
    values: dict[str, NDArray[Any]] = {
        "id": ids,
        "start": start,
        "duration": duration,
        "application": application,
        "rule": rule,
        "pattern": pattern,
        "customer": customer.astype(np.uint16),
        "agent": rng.integers(0, len(AGENTS), n, dtype=np.uint8),
        "local": local,
        "tag": rng.integers(0, TAGS, n, dtype=np.uint16),
        "born": np.full(n, born, dtype=np.int32),
        "died": np.full(n, NEVER, dtype=np.int32),
        "version": np.zeros(n, dtype=np.uint16),
    }
    return Columns(**values).sorted()
