"""One day that is read again, what is held of it beside what comes."""

from datetime import datetime
from typing import TYPE_CHECKING

from voxframe._dataset.day import DayWriter
from voxframe._dataset.held import HeldDay
from voxframe._dataset.layout import DAY, STORED, Tables, day_name, stored
from voxframe._dataset.loss import Loss, Recount
from voxframe._dataset.manifest import Day
from voxframe._dataset.merge import merge
from voxframe._dataset.report import DayChange

if TYPE_CHECKING:
    from voxframe._dataset.sync import Store


class OpenDay:
    """A day under way.

    Parameters
    ----------
    store : Store
        What is there of it.
    day : int
        Counted from 1970.
    moment : datetime
        When the reading of it began.
    keep : bool
        Whether sessions that the service no longer gives stay.
    """

    def __init__(self, store: "Store", day: int, moment: datetime, *, keep: bool) -> None:
        self.day, self._keep = day, keep
        self._writer = DayWriter(day, store.staging, store.run, moment, lasting=store.staged_lasts)
        self._old = store.manifest.days.get(day_name(day))
        none = {name: iter(()) for name in STORED}
        self._held = HeldDay(store.held(day_name(day)) if self._old else none)
        self._faults = store.damaged.get(day_name(day), [])
        self._recount = Recount(self._old) if self._old and self._faults and keep else None
        reads = [
            s.read_at.timestamp() for s in store.manifest.read
            if s.first < (day + 1) * DAY and s.end > day * DAY
        ]  # fmt: skip
        self._read_before = min(reads, default=None)
        self._sessions_known = True
        self._vanished = self._added = self._changed = 0
        self._changed_after = 0.0

    @property
    def new(self) -> bool:
        """Whether nothing is held of it."""
        return self._old is None

    def add(self, tables: Tables | None, until: int) -> None:
        """Take in all of the day that starts before a second and did not come yet."""
        new = {
            name: schema.empty_table() if tables is None else stored(tables[name], name)
            for name, schema in STORED.items()
        }
        old = self._held.until(until)
        self._sessions_known = "sessions" in old
        merged = merge(old, new, keep=self._keep)
        self._writer.add(merged.tables)
        if self._recount is not None:
            self._recount.add(old, merged.tables)
        self._vanished += merged.vanished
        self._added += len(merged.added)
        self._changed += len(merged.changed)
        if self._read_before is not None:
            for ends in (merged.added, merged.changed):
                latest = self._read_before - min(ends.tolist(), default=self._read_before)
                self._changed_after = max(self._changed_after, latest)

    def loss(self) -> Loss | None:
        """Return what of a damaged day cannot be had again; None if it is whole."""
        if self._recount is None or (self._sessions_known and not self._vanished):
            return None
        left = {} if self._sessions_known else self._held.until(0)
        rows, cost = self._recount.missing(left)
        return Loss(day_name(self.day), rows, cost, self._faults) if rows or cost else None

    def close(self) -> tuple[Day | None, DayChange]:
        """Return what is staged of it, None of a day without a session, and what is new."""
        self._held.close()
        old, kept = self._old, self._vanished if self._keep else 0
        before, after = old.rows["sessions"] if old else 0, self._writer.rows["sessions"]
        if not self._sessions_known:
            # Which sessions there were is not known, only how many.
            self._added = max(after - before, 0)
        change = DayChange(
            day=day_name(self.day),
            sessions_before=before,
            sessions_after=after,
            cost_before=old.cost if old else self._writer.cost * 0,
            cost_after=self._writer.cost,
            added=self._added,
            changed=self._changed,
            vanished=max(self._vanished - (old.vanished if old else 0), 0),
            changed_after=int(self._changed_after) or None,
            damaged=bool(self._faults),
        )
        if not after:
            self._writer.abandon()
            return None, change
        return self._writer.close(kept), change

    def abandon(self) -> None:
        """Let go of files that will not be whole."""
        self._held.close()
        self._writer.abandon()
