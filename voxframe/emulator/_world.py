"""The emulated account: its sessions, what happens to them, and the exact truth."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._filters import Children, Filters
from voxframe.emulator._generate import (
    FIRST_ID,
    NEVER,
    Columns,
    IdOrder,
    session_ids,
    sessions_at,
    start_seconds,
)
from voxframe.emulator._ledger import Inclusive, Ledger, window
from voxframe.emulator._motion import Motion, shown, states
from voxframe.emulator._oracle import accepts
from voxframe.emulator._render import Links, Money, Renderer, Row, exact, rows_at
from voxframe.emulator._time import Moment, to_second, writer

_CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Totals:
    """Exact counts and sums over a window, from the present state of a world.

    Examples
    --------
    >>> from voxframe.emulator import World
    >>> totals = World(sessions=500).totals()
    >>> totals.sessions, totals.cost == totals.call_cost + totals.record_cost + totals.resource_cost
    (500, True)
    """

    sessions: int
    calls: int
    records: int
    resource_usage: int
    call_cost: Decimal
    record_cost: Decimal
    resource_cost: Decimal

    @property
    def cost(self) -> Decimal:
        """The full price: calls + records + other resources."""
        return self.call_cost + self.record_cost + self.resource_cost


class World:
    """A deterministic account with its call history, held as compact columns.

    Parameters
    ----------
    sessions : int
        How many sessions there are at first.
    start, end : str, date, datetime or int
        Sessions start in ``[start, end)``; naive means UTC, integers are epoch seconds.
    seed : int
        The same arguments and seed give the same world on every machine.
    flat : bool
        Spread the traffic evenly instead of by hours, weekdays and holidays.
    burst : tuple of (moment, int), optional
        So many more sessions that all start within that one second.
    id_order : {"almost", "exact", "random"}
        How the order of ids relates to that of start dates. ``almost``: ids of
        sessions within two minutes of each other may have changed places.
    huge_session : int
        Gives the session `landmark` so many more calls.
    calls_each : int
        Gives every session so many more calls, as a dialer's have.
    live_fields : bool
        Whether there is what every real answer has and no reference: ``active`` of
        a session, ``direction`` and ``audio_quality`` of a call, ``is_removed`` and
        ``expiration_date`` of a record, and no ``transaction_id`` of a failed call.
    plus : bool
        Whether numbers are kept, and shown, with ``+``. The number filters compare
        literally.
    now : moment, optional
        Where its clock stands, which `advance` moves: what is later has not happened
        yet. By default there is no clock and everything has happened.
    motion : Motion, optional
        How it moves on.

    Attributes
    ----------
    ledger : Ledger
        What was there when.
    now : int
        Event counter: grows by one with every change and every request.
    time : int or None
        Where the clock stands, in epoch seconds, if there is one.
    landmark : int
        The id of the session in the middle, where peculiarities are placed.

    Examples
    --------
    >>> from voxframe.emulator import World
    >>> world = World(sessions=500, seed=7)
    >>> totals = world.totals("2026-10-05", "2026-10-12")
    >>> totals.sessions, totals.cost
    (109, Decimal('4.186640099'))

    What is done to it is seen by the next read:

    >>> added = world.add(3, start="2026-10-06")
    >>> len(world)
    503
    """

    def __init__(
        self,
        *,
        sessions: int = 20_000,
        start: Moment = "2026-10-01",
        end: Moment = "2026-11-01",
        seed: int = 0,
        flat: bool = False,
        burst: tuple[Moment, int] | None = None,
        id_order: IdOrder = "almost",
        huge_session: int = 0,
        calls_each: int = 0,
        live_fields: bool = True,
        plus: bool = True,
        now: Moment | None = None,
        motion: Motion | None = None,
    ) -> None:
        self.start, self.end, self.seed = to_second(start), to_second(end), seed
        if self.end <= self.start:
            raise ValueError("end must be later than start")
        self.lock: Final = threading.RLock()
        self.now = 0
        self.huge_session = huge_session
        self.calls_each, self.live_fields, self.plus = calls_each, live_fields, plus
        self.motion = motion or Motion()
        self.time: int | None = None
        self._turns: list[tuple[int, int]] = []
        if now is not None:
            self.set_clock(now)
        self._next_id = FIRST_ID
        rng = np.random.default_rng([seed, 0])
        starts = start_seconds(rng, sessions, self.start, self.end, flat=flat)
        if burst is not None:
            extra = np.full(burst[1], to_second(burst[0]), dtype=np.int64)
            starts = np.sort(np.concatenate((starts, extra)))
        self._columns = self._grown(rng, starts, id_order)
        self._sorted: tuple[Columns | None, NDArray[np.intp]] = (None, np.empty(0, np.intp))
        self.landmark = int(self._columns.id[len(self._columns) // 2]) if len(starts) else 0
        self.ledger: Final = Ledger(lambda: self._columns, self.lock, self._clocked)

    def __len__(self) -> int:
        with self.lock:
            return int(np.count_nonzero(self.there(self._columns)))

    def __repr__(self) -> str:
        return f"<World of {len(self):,} sessions, seed {self.seed}, event {self.now}>"

    @property
    def columns(self) -> Columns:
        """The sessions as they are held, purged ones included."""
        return self._columns

    def _grown(
        self, rng: np.random.Generator, starts: NDArray[np.int64], order: IdOrder
    ) -> Columns:
        ids = session_ids(rng, starts, self._next_id, order)
        self._next_id += 4 * len(starts)
        return sessions_at(rng, starts, ids, self.now)

    def tick(self) -> int:
        """Count one event and return its number; the service calls this for a request."""
        with self.lock:
            self.now += 1
            return self.now

    # The clock ---------------------------------------------------------------------

    def set_clock(self, time: Moment) -> None:
        """Move the clock to a second; it does not go back."""
        with self.lock:
            second = to_second(time)
            if self.time is not None and second < self.time:
                raise ValueError("the clock of a world does not go back")
            self.now += bool(self._turns)  # a world begins at event 0
            self.time = second
            self._turns.append((second, self.now))

    def advance(self, by: float | timedelta) -> None:
        """Move the clock on, by seconds or a timedelta."""
        with self.lock:
            if self.time is None:
                raise ValueError("this world has no clock; give it one with now=")
            seconds = by.total_seconds() if isinstance(by, timedelta) else by
            self.set_clock(self.time + round(seconds))

    def time_of(self, moment: int) -> int | None:
        """Return where the clock stood at an event, if there is one."""
        turns = [second for second, event in self._turns if event <= moment]
        return turns[-1] if turns else None

    def _moment_of(self, time: int) -> int:
        """Return the last event at which the clock stood no later than this."""
        later = [event for second, event in self._turns if second > time]
        # Before its clock began to move the world was as it was then.
        return max(later[0] - 1, self._turns[0][1]) if later else self.now

    def there(
        self, columns: Columns, moment: int | None = None, time: int | None = None
    ) -> NDArray[np.bool_]:
        """Mark those of these sessions that are visible, now or at an event or second."""
        if time is None:
            time = self.time if moment is None else self.time_of(moment)
        if moment is None:
            mask = columns.died == NEVER
        else:
            mask = (columns.born <= moment) & (columns.died > moment)
        if time is not None:
            mask &= shown(columns, time, time, self.motion)
        return np.asarray(mask, dtype=np.bool_)

    def _clocked(self, columns: Columns, begun: int, left: int) -> NDArray[np.bool_]:
        """Mark the sessions that had appeared by one event and were not purged at another."""
        first, last = self.time_of(begun), self.time_of(left)
        if first is None or last is None:
            return np.ones(len(columns), dtype=np.bool_)
        return shown(columns, first, last, self.motion)

    # Changes -----------------------------------------------------------------------

    def add(self, n: int, *, start: Moment | tuple[Moment, Moment] | None = None) -> list[int]:
        """Let sessions appear now that started in the past.

        Parameters
        ----------
        n : int
            How many.
        start : moment or pair of moments, optional
            When they started: that second, or anywhere in ``[first, last)``; by
            default anywhere in the world's window.

        Returns
        -------
        list of int
            Their ids, all greater than any before.
        """
        if start is None:
            start = (self.start, self.end)
        if not isinstance(start, tuple):
            start = (to_second(start), to_second(start) + 1)
        with self.lock:
            self.now += 1
            rng = np.random.default_rng([self.seed, self.now])
            starts = np.sort(rng.integers(to_second(start[0]), to_second(start[1]), n))
            new = self._grown(rng, starts, "exact")
            self._columns = self._columns.insert(new)
            return [int(i) for i in new.id]

    def purge(self, ids: Iterable[int]) -> None:
        """Let sessions disappear now."""
        with self.lock:
            self.now += 1
            here = self.places(ids)
            here = here[self._columns.died[here] == NEVER]
            self._columns.died[here] = self.now

    def raise_cost(self, ids: Iterable[int]) -> None:
        """Let billing settle: the CALLSESSION usage of these sessions costs more from now on."""
        with self.lock:
            self.now += 1
            here = np.unique(self.places(ids))
            self._columns.version[here] += 1
            pairs = zip(self._columns.id[here], self._columns.version[here], strict=True)
            self.ledger.note_versions(self.now, ((int(i), int(v)) for i, v in pairs))

    def some(self, n: int, *, start: tuple[Moment, Moment] | None = None) -> list[int]:
        """Pick visible sessions, deterministically for the seed and the present event."""
        with self.lock:
            first, last = start or (self.start, self.end + 1)
            part = window(self._columns, to_second(first), to_second(last))
            columns = self._columns.part(part)
            visible = columns.id[self.there(columns)]
            rng = np.random.default_rng([self.seed, self.now, 1])
            return [int(i) for i in rng.choice(visible, min(n, len(visible)), replace=False)]

    # The truth ---------------------------------------------------------------------

    def places(self, ids: Iterable[int]) -> NDArray[np.intp]:
        """Find sessions in the columns; unknown ids raise KeyError."""
        wanted = np.fromiter(ids, dtype=np.int64)
        if self._sorted[0] is not self._columns:
            self._sorted = (self._columns, np.argsort(self._columns.id, kind="stable"))
        order = self._sorted[1]
        at = np.searchsorted(self._columns.id, wanted, sorter=order)
        found = order[np.minimum(at, len(order) - 1)] if len(order) else at
        if len(wanted) and (not len(order) or (self._columns.id[found] != wanted).any()):
            raise KeyError("no such session")
        return np.asarray(found, dtype=np.intp)

    def renderer(
        self, money: Money, timezone: str = "Etc/GMT", links: Links | None = None, **shown: bool
    ) -> Renderer:
        """Return a renderer for this world's sessions."""
        extra = (self.landmark, self.huge_session) if self.huge_session else None
        return Renderer(
            money, writer(timezone), **shown, extra_calls=extra,
            calls_each=self.calls_each, live_fields=self.live_fields, plus=self.plus, links=links,
        )  # fmt: skip

    def rows(self, places: NDArray[np.intp], time: int | None = None) -> list[Row]:
        """Read sessions out of the columns, as they are at a second (None: now)."""
        time = self.time if time is None else time
        state = states(self._columns.part(places), time, self.end, self.motion)
        return rows_at(self._columns, places, self.seed, state)

    def session(self, session_id: int, *, moment: int | None = None) -> dict[str, Any]:
        """Return one session in full, with exact decimal costs and dates in UTC.

        Parameters
        ----------
        session_id : int
            Purged sessions can be looked at too.
        moment : int, optional
            As billing had it at that event; by default as it is now.
        """
        with self.lock:
            time = None if moment is None else self.time_of(moment)
            row = self.rows(self.places([session_id]), time)[0]
            if moment is not None:
                row = row._replace(version=self.ledger.version(session_id, moment))
            return self.renderer(exact).session(row)

    def _matching(  # noqa: PLR0917 - only passes on what two public methods were given
        self,
        money: Callable[[int], Any],
        from_date: Moment | None,
        to_date: Moment | None,
        inclusive: Inclusive,
        children: Children,
        at: Moment | None,
        filters: dict[str, Any],
    ) -> Iterator[dict[str, Any]]:
        first = self.start if from_date is None else to_second(from_date)
        last = self.end + 1 if to_date is None else to_second(to_date)
        with self.lock:
            if at is not None and self.time is None:
                raise ValueError("this world has no clock; give it one with now=")
            time = None if at is None else to_second(at)
            moment = None if time is None else self._moment_of(time)
            part = window(self._columns, first, last, inclusive)
            alive = np.flatnonzero(self.there(self._columns.part(part), moment, time)) + part.start
            rows = [r for i in range(0, len(alive), _CHUNK) for r in
                    self.rows(alive[i : i + _CHUNK], time)]  # fmt: skip
            if moment is not None:
                rows = [r._replace(version=self.ledger.version(r.id, moment)) if r.version else r
                        for r in rows]  # fmt: skip
        session = self.renderer(money).session
        asked = Filters(**filters)
        for row in rows:
            one = session(row)
            if accepts(one, asked, children):
                yield one

    def expected(
        self,
        from_date: Moment | None = None,
        to_date: Moment | None = None,
        *,
        inclusive: Inclusive = "left",
        children: Children = "included",
        at: Moment | None = None,
        **filters: Any,
    ) -> list[dict[str, Any]]:
        """Return exactly the sessions that a read of the present state has to give.

        Filters are judged on the rendered sessions, one by one, not with the masks
        that the service uses.

        Parameters
        ----------
        from_date, to_date : moment, optional
            The window; by default everything.
        inclusive : {"left", "right", "both", "neither"}
            Which ends belong to the window.
        children : {"included", "on_request"}
            As in `Behaviour`.
        at : moment, optional
            As a read had to give it when the clock stood there, after all that was
            done to the world by then; in the future as it will be if nothing is.
        **filters
            The filters of the API by their names; lists as tuples.

        Returns
        -------
        list of dict
            Sorted by start second, then id. Costs are `Decimal`, dates UTC text.
        """
        return list(self._matching(exact, from_date, to_date, inclusive, children, at, filters))

    def totals(
        self,
        from_date: Moment | None = None,
        to_date: Moment | None = None,
        *,
        inclusive: Inclusive = "left",
        children: Children = "included",
        at: Moment | None = None,
        **filters: Any,
    ) -> Totals:
        """Return exact counts and sums of what `expected` would give.

        Parameters are as in `expected`.
        """
        lists = ("calls", "records", "other_resource_usage")
        counts, sums, sessions = [0, 0, 0], [0, 0, 0], 0
        for one in self._matching(int, from_date, to_date, inclusive, children, at, filters):
            sessions += 1
            for i, name in enumerate(lists):
                counts[i] += len(one[name])
                sums[i] += sum(child.get("cost", 0) for child in one[name])
        calls, records, resources = (exact(nano) for nano in sums)
        return Totals(sessions, counts[0], counts[1], counts[2], calls, records, resources)
