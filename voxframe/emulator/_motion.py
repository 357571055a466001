"""How an account moves on with its clock: what has appeared, settled, gone at a second."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._generate import Columns
from voxframe.emulator._hashing import mix
from voxframe.emulator._time import DAY

SETTLED: Final = 2
STAGE: Final = 3
"""The bits of a state that hold how far billing is: 0, 1 or `SETTLED`."""
NO_LOG: Final = 4
NO_RECORD: Final = 8
ACTIVE: Final = 16

_LOG_LIFE: Final = 30 * DAY
_RECORD_LIFE: Final = 90 * DAY
_MINUTES: Final = 300
_FIRST_BILL: Final = (15, 120)  # seconds after the end in which there is a first price


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What takes its time in an account whose clock moves.

    All of it is a function of a session's id and of the clock, so that
    ``World.expected(at=…)`` says what a read at any second has to give.

    Attributes
    ----------
    late : float
        Share of sessions that appear late instead of as soon as they have ended.
    late_by : (int, int)
        How late those are, at least and at most, in seconds.
    slow_bills : float
        Share of sessions whose other resources settle late; those of the others
        settle within five minutes after the end.
    slow_by : (int, int)
        How late those settle, in seconds. Until then they cost less, first nothing.
    active : bool
        Sessions are shown from their start: ``active``, with neither duration nor
        prices until they end.
    retention : int, optional
        Seconds after their start at which sessions are purged.

    Examples
    --------
    >>> from voxframe.emulator import Motion, World
    >>> slow = World(sessions=500, now="2026-10-16", motion=Motion(late=0.5, late_by=(3600, 86400)))
    >>> before = len(slow)
    >>> slow.advance(86400)
    >>> len(slow) > before
    True
    """

    late: float = 0.02
    late_by: tuple[int, int] = (3600, 2 * DAY)
    slow_bills: float = 0.05
    slow_by: tuple[int, int] = (3600, 3 * DAY)
    active: bool = False
    retention: int | None = None


def _share(ids: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    return np.asarray((mix(ids, salt) >> np.uint64(11)) / 2.0**53, dtype=np.float64)


def _some(
    ids: NDArray[np.int64], salt: int, share: float, between: tuple[int, int], others: int
) -> NDArray[np.int64]:
    """Draw seconds for a share of sessions; the others get up to so many."""
    first, last = between
    drawn = _share(ids, salt + 1)
    slow = _share(ids, salt) < share
    seconds = np.where(slow, first + drawn * (last - first), drawn * others)
    return np.asarray(seconds, dtype=np.int64)


def _ends(columns: Columns) -> NDArray[np.int64]:
    return columns.start + np.maximum(columns.duration, 0).astype(np.int64)


def appears(columns: Columns, motion: Motion) -> NDArray[np.int64]:
    """Return the second from which each session is in the answers."""
    if motion.active:
        return columns.start
    # The first second in which a session can be seen is the one after its end.
    return _ends(columns) + 1 + _some(columns.id, 51, motion.late, motion.late_by, 0)


def shown(columns: Columns, begun: int, left: int, motion: Motion) -> NDArray[np.bool_]:
    """Mark the sessions that have appeared by one second and are not purged at another."""
    # What was added by hand is there at once.
    mask = (columns.born > 0) | (appears(columns, motion) <= begun)
    if motion.retention is not None:
        mask &= columns.start + motion.retention > left
    return np.asarray(mask, dtype=np.bool_)


def states(columns: Columns, time: int | None, newest: int, motion: Motion) -> NDArray[np.int64]:
    """Return what of each session has happened at a second, as bits.

    Where time stands still everything has, but for links younger than a month.
    """
    until = newest if time is None else time
    state = np.where(columns.start <= until - _LOG_LIFE, NO_LOG, 0)
    if time is None:
        return np.asarray(state | SETTLED, dtype=np.int64)
    ends = _ends(columns)
    first = ends + _FIRST_BILL[0] + (_share(columns.id, 55) * _FIRST_BILL[1]).astype(np.int64)
    last = ends + _FIRST_BILL[0] + _some(
        columns.id, 53, motion.slow_bills, motion.slow_by, _MINUTES - _FIRST_BILL[0]
    )  # fmt: skip
    last = np.maximum(first, last)
    state |= (time >= first).astype(np.int64) + (time >= last)
    state |= np.where(columns.start <= time - _RECORD_LIFE, NO_RECORD, 0)
    if motion.active:
        state |= np.where(time <= ends, ACTIVE, 0)
    return np.asarray(state, dtype=np.int64)
