"""What was there when: the judge of every result."""

import threading
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._generate import Columns
from voxframe.emulator._time import Moment, to_second

Inclusive = Literal["left", "right", "both", "neither"]
Side = Literal["left", "right"]


def window(columns: Columns, first: int, last: int, inclusive: Inclusive = "left") -> slice:
    """Find the sessions that start within a window; the columns are sorted by start."""
    low: Side = "left" if inclusive in ("left", "both") else "right"
    high: Side = "right" if inclusive in ("right", "both") else "left"
    begin = int(np.searchsorted(columns.start, first, side=low))
    end = int(np.searchsorted(columns.start, last, side=high))
    return slice(begin, max(begin, end))


class Ledger:
    """The history of a world, by its event counter ``world.now``.

    A session exists at event ``n`` if ``born <= n < died``. Requests count as
    events too, so the moments in ``emulator.requests`` can be used here.

    Examples
    --------
    >>> from voxframe.emulator import World
    >>> world = World(sessions=500)
    >>> before = world.now
    >>> world.purge(world.some(5))
    >>> there = world.ledger.existed_throughout(before, world.now, "2026-10-01", "2026-11-01")
    >>> len(there)
    495
    """

    def __init__(
        self,
        columns: Callable[[], Columns],
        lock: threading.RLock,
        clocked: Callable[[Columns, int, int], NDArray[np.bool_]],
    ) -> None:
        self._columns = columns
        self._lock = lock
        self._clocked = clocked
        self._versions: dict[int, list[tuple[int, int]]] = {}

    def existed_throughout(
        self,
        since: int,
        until: int,
        from_date: Moment,
        to_date: Moment,
        *,
        inclusive: Inclusive = "left",
    ) -> set[int]:
        """Return the ids in a window that were visible at every event of an interval.

        Parameters
        ----------
        since, until : int
            First and last event, both belonging to the interval.
        from_date, to_date : str, date, datetime or int
            The window of start dates.
        inclusive : {"left", "right", "both", "neither"}
            Which ends belong to the window.
        """
        with self._lock:
            columns = self._columns()
            part = window(columns, to_second(from_date), to_second(to_date), inclusive)
            some = columns.part(part)
            there = (some.born <= since) & (some.died > until)
            there &= self._clocked(some, since, until)
            return set(some.id[there].tolist())

    def existed_ever(
        self,
        since: int,
        until: int,
        from_date: Moment,
        to_date: Moment,
        *,
        inclusive: Inclusive = "left",
    ) -> set[int]:
        """Return the ids in a window that were visible at some event of an interval.

        Parameters are as in `existed_throughout`.
        """
        with self._lock:
            columns = self._columns()
            part = window(columns, to_second(from_date), to_second(to_date), inclusive)
            some = columns.part(part)
            there = (some.born <= until) & (some.died > since)
            there &= self._clocked(some, until, since)
            return set(some.id[there].tolist())

    def version(self, session_id: int, moment: int) -> int:
        """Return how often billing had changed a session up to an event."""
        with self._lock:
            history = self._versions.get(session_id, [])
            return max((version for at, version in history if at <= moment), default=0)

    def note_versions(self, now: int, changed: Iterable[tuple[int, int]]) -> None:
        """Record new versions; the world calls this."""
        for session_id, version in changed:
            self._versions.setdefault(session_id, []).append((now, version))
