"""A dataset that follows the service: which days are read again, and what becomes of them.

A day is read whole and replaced whole. It is settled once it was read so long after
it ended that nothing of it changes any more; when each was read is kept with the data, so
what a run has to read follows from what is there.
"""

import contextlib
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from voxframe._dataset.at_once import at_once
from voxframe._dataset.disk import is_delta, is_url, local_path, writing
from voxframe._dataset.layout import DAY, Tables, by_day, day_number
from voxframe._dataset.loss import Loss
from voxframe._dataset.manifest import Day, Manifest, Stretch
from voxframe._dataset.open_day import OpenDay
from voxframe._dataset.report import DayChange, SyncReport, report
from voxframe._receipt import Receipt
from voxframe._timezones import instant
from voxframe.errors import InvalidQueryError

logger = logging.getLogger("voxframe")

# The service tells its time in whole seconds, and telling it takes a moment.
_CLOCKS_DIFFER = 2
# An export is judged by what a sync would do by default.
_LOOKBACK = 3 * DAY
_WHOLE = "; the days finished so far are whole, and the next sync goes on from there"


class Interval(Protocol):
    """A stretch of time: seconds since 1970 in UTC, half-open."""

    @property
    def first(self) -> int: ...
    @property
    def end(self) -> int: ...


class Store(Protocol):
    """Where a dataset lies, held by one sync.

    Attributes
    ----------
    manifest : Manifest
        What is there.
    root : Path or str
        Where it is.
    run : str
        The name of this run.
    staging : Path
        A folder of this machine for days on their way.
    staged_lasts : bool
        Whether the files of those are what the dataset will be made of.
    again : sequence of int
        Days, counted from 1970, that are seen to be damaged, and have to be read again.
    damaged : dict of list of str
        What was found to be wrong with the days that were held.
    """

    manifest: Manifest
    run: str
    again: Sequence[int]
    damaged: dict[str, list[str]]

    @property
    def root(self) -> Path | str: ...
    @property
    def staging(self) -> Path: ...
    @property
    def staged_lasts(self) -> bool: ...

    def held(self, day: str) -> Mapping[str, Iterator[pa.Table]]:
        """Return a day's stored tables, in pieces, in order; a damaged one is left out."""

    def publish(self, stretch: Stretch, days: Mapping[str, Day], given_up: Collection[str]) -> None:
        """Let days that are staged be what is there of a stretch; keep files of those given up."""

    def begin(self) -> None:
        """Keep what a first sync is asked for, so that the same call goes on with it."""

    def finish(self) -> None:
        """Leave something to be read even where there is nothing."""


def read_at(receipt: Receipt) -> datetime:
    """Return when a read began, by this machine's clock and by the service's: the earlier."""
    began = receipt.read_at or datetime.now(UTC)
    ahead = timedelta(seconds=receipt.mended.get("clock_ahead_s", 0))
    return (began - ahead).replace(microsecond=0)


def settled(stretch: Stretch, lookback: int, now: float) -> int:
    """Return the first second of a stretch that has to be read again; its end if none has to."""
    moment = stretch.read_at.timestamp()
    if moment > now + _CLOCKS_DIFFER:
        # It was read by a clock that was ahead, or this one is behind: nobody knows.
        return stretch.first
    days = int(moment + _CLOCKS_DIFFER - lookback) // DAY
    return max(stretch.first, min(stretch.end, days * DAY))


def unsettled(manifest: Manifest, now: float) -> list[tuple[int, int]]:
    """Return the stretches that are held and not settled, as whole days."""
    return to_read(manifest, manifest.end, now)


def to_read(
    manifest: Manifest, until: int, now: float, damaged: Sequence[int] = ()
) -> list[tuple[int, int]]:
    """Return the stretches that have to be read, as whole days.

    Parameters
    ----------
    manifest : Manifest
        What is held.
    until : int
        The second before which what is new or not settled is wanted.
    now : float
        Seconds since 1970.
    damaged : sequence of int
        Days that are wanted in any case.
    """
    first, gaps = manifest.first, []
    lookback = _LOOKBACK if manifest.lookback is None else manifest.lookback
    if until % DAY:
        # The day in which the read ends is not made shorter than it is.
        night = (until // DAY + 1) * DAY
        ends = [min(s.end, night) for s in manifest.read if s.first < night and s.end > until]
        until = max(until, *ends) if ends else until
    at = first
    for stretch in manifest.read:
        if stretch.first > at:
            gaps.append((at, stretch.first))
        again = settled(stretch, lookback, now)
        if again < stretch.end:
            gaps.append((again, stretch.end))
        at = max(at, stretch.end)
    if at < until:
        gaps.append((at, until))
    whole = [(max(a // DAY * DAY, first), min(-(-b // DAY) * DAY, until)) for a, b in gaps]
    whole += [(max(d * DAY, first), min((d + 1) * DAY, manifest.end)) for d in damaged]
    return joined(sorted((begin, end) for begin, end in whole if begin < end))


def joined(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return stretches, in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for first, end in stretches:
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found


class Sync:
    """A sync under way.

    Parameters
    ----------
    store : Store
        What is there already; what is written is added.
    keep : bool
        Whether sessions that the service no longer gives stay.
    give_up : bool
        Whether a damaged day is replaced although not all of it can be had again.
    """

    def __init__(self, store: Store, *, keep: bool, give_up: bool = False) -> None:
        self._store, self._keep, self._give_up = store, keep, give_up
        self._spent_before = store.manifest.receipt
        self._ends: set[int] = set()
        self._from: int | None = None
        self._read_at: datetime | None = None
        self._open: OpenDay | None = None
        self._ended: list[OpenDay] = []
        self._whole: dict[str, Day] = {}
        self._changes: list[DayChange] = []
        self._lost: list[Loss] = []
        self._receipts: list[Receipt] = []

    @property
    def manifest(self) -> Manifest:
        """What is there."""
        return self._store.manifest

    def to_read(self, until: int, now: float) -> list[tuple[int, int]]:
        """Return the stretches that are new, not settled or damaged, as whole days."""
        return to_read(self.manifest, until, now, self._store.again)

    @property
    def behind(self) -> int:
        """Seconds that this machine's clock was seen to be behind the service's."""
        return max((r.mended.get("clock_behind_s", 0) for r in self._receipts), default=0)

    def begin(self, intervals: Sequence[Interval]) -> None:
        """Announce the intervals that will be read, in order.

        Raises
        ------
        ExportError
            The place cannot be written.
        """
        self._ends = {interval.end for interval in intervals}
        manifest = self.manifest
        if manifest.lookback is not None and intervals:
            manifest.asked = max(manifest.asked or 0, *self._ends)
            if manifest.begun_only:
                self._store.begin()

    def write(self, interval: Interval, tables: Tables, receipt: Receipt) -> None:
        """Take in a part of an announced interval, the next one after the last.

        Raises
        ------
        ExportError
            The place cannot be written.
        """
        with writing(self._store.root, _WHOLE):
            self._write(interval, tables, receipt)

    def _write(self, interval: Interval, tables: Tables, receipt: Receipt) -> None:
        self._receipts.append(receipt)
        moment = read_at(receipt)
        self._from = interval.first if self._from is None else self._from
        self._read_at = min(self._read_at or moment, moment)
        last = interval.end in self._ends
        new = dict(by_day(tables))
        for day in sorted({*new, *self._held_days(interval)}):
            if self._open is None:
                self._open = OpenDay(self._store, day, moment, keep=self._keep)
            night = (day + 1) * DAY
            stop = min(night, interval.end)
            self._open.add(new.get(day), stop if stop < night and not last else night)
            if stop == night or last:
                self._end_day()
        self._close_days()
        until = interval.end if last else interval.end // DAY * DAY
        if until > self._from:
            self._publish(Stretch(self._from, until, self._read_at, self._store.run))
            self._read_at = None if until == interval.end else moment
            self._from = None if last else until

    def _held_days(self, interval: Interval) -> set[int]:
        days = (day_number(name) for name in self.manifest.days)
        found = {d for d in days if d * DAY < interval.end and (d + 1) * DAY > interval.first}
        return found | ({self._open.day} if self._open else set())

    def _end_day(self) -> None:
        if self._open is None:
            return
        if (loss := self._open.loss()) is not None:
            self._lost.append(loss)
        if loss is None or self._give_up:
            self._ended.append(self._open)
            # Days that are merged with what is held are copies, and not kept longer than needed.
            if not self._open.new:
                self._close_days()
        else:
            self._open.abandon()
        self._open = None

    def _close_days(self) -> None:
        ended, self._ended = self._ended, []
        for day, change in at_once(OpenDay.close, ended):
            self._changes.append(change)
            if day is not None:
                self._whole[change.day] = day

    def _publish(self, stretch: Stretch) -> None:
        manifest = self.manifest
        manifest.end = max(manifest.end, stretch.end)
        if manifest.lookback is not None:
            manifest.query = {
                **manifest.query,
                "from_date": instant(manifest.first).isoformat(),
                "to_date": instant(manifest.end).isoformat(),
                "inclusive": "left",
            }
        spent = [r for r in (self._spent_before, *self._receipts) if r is not None]
        manifest.receipt = Receipt.sum(spent)
        lost = [each.day for each in self._lost]
        # A day that cannot be made whole stays as it is: what is missing may be put back.
        for part in [stretch] if self._give_up else _without(stretch, lost):
            inside = {name: day for name, day in self._whole.items() if part.has(name)}
            self._store.publish(part, inside, lost)
        self._whole = {}

    def finish(self, nothing: Receipt) -> SyncReport:
        """Say what was done.

        Parameters
        ----------
        nothing : Receipt
            Of a run that had nothing to read.
        """
        self._store.finish()
        receipt = Receipt.sum(self._receipts) if self._receipts else nothing
        left = set() if self._give_up else {each.day for each in self._lost}
        if whole := self._store.damaged.keys() - left:
            mended = dict(receipt.mended)
            mended["damaged_days"] = len(whole)
            receipt = replace(receipt, mended=mended)
        made = report(self._changes, self._lost, receipt)
        if (after := made.changed_after) is not None:
            settled = f"{receipt.settled}; sessions still changed {after} after their end"
            made = replace(made, receipt=replace(receipt, settled=settled))
        logger.info("%s: %r", self._store.root, made)
        return made

    def close(self) -> None:
        """Let go of a day that is not whole."""
        for day in (*self._ended, *([self._open] if self._open else ())):
            day.abandon()
        self._ended, self._open = [], None


def _without(stretch: Stretch, days: Sequence[str]) -> Iterator[Stretch]:
    """Cut days out of a stretch."""
    at = stretch.first
    for name in sorted(day for day in days if stretch.has(day)):
        begins = day_number(name) * DAY
        if at < begins:
            yield replace(stretch, first=at, end=begins)
        at = begins + DAY
    if at < stretch.end:
        yield replace(stretch, first=at)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dataset lies, as a person names it; ``format`` None is what is there."""

    path: str | os.PathLike[str]
    format: str | None = None
    storage_options: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def delta(self) -> bool:
        """Whether it is, or will be, Delta tables."""
        if self.format is not None:
            return self.format == "delta"
        return is_url(self.path) or is_delta(local_path(self.path))


def _opened(
    place: Place, query: Mapping[str, Any], first: int | None, *, give_up: bool
) -> contextlib.AbstractContextManager[Store]:
    if place.delta:
        from voxframe._dataset import delta  # noqa: PLC0415 - an extra

        return delta.opened(place.path, query, first, place.storage_options, give_up=give_up)
    from voxframe._dataset import folder  # noqa: PLC0415 - not needed for Delta

    if place.storage_options is not None:
        raise InvalidQueryError("storage_options: are for Delta tables in an object store only")
    return folder.opened(place.path, query, first, give_up=give_up)


@contextlib.contextmanager
def syncing(
    place: Place,
    query: Mapping[str, Any],
    first: int | None,
    *,
    lookback: int | None,
    keep: bool,
    give_up: bool = False,
) -> Iterator[Sync]:
    """Open a dataset for a sync, new or where it was left.

    Parameters
    ----------
    place : Place
        Where.
    query : Mapping
        As in :class:`Manifest`; its window does not count.
    first : int, optional
        The first second that is wanted; None is what is there.
    lookback : int, optional
        Seconds, kept with the dataset; None is what is there.
    keep : bool
        Whether sessions that the service no longer gives stay.
    give_up : bool
        Whether what cannot be had again of damaged days is given up.

    Yields
    ------
    Sync
        Takes the data.

    Raises
    ------
    ExportError
        It cannot be written, is in use, or holds something else; or all of a table is away.
    InvalidQueryError
        There is nothing yet, and no `first`.
    """
    with _opened(place, query, first, give_up=give_up) as store:
        manifest = store.manifest
        if first is not None and manifest.begun_only:
            # Nothing is there of what was asked for before.
            manifest.first, manifest.end = first, first
        manifest.first = manifest.first if first is None else min(manifest.first, first)
        if lookback is not None:
            # What is asked for now takes the place of what was before; a repair asks for nothing.
            manifest.lookback, manifest.asked = lookback, None
        sync = Sync(store, keep=keep, give_up=give_up)
        try:
            yield sync
        finally:
            sync.close()
