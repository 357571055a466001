"""A Parquet dataset that grows by whole days and is whole at every moment.

::

    path/sessions/start_day=2026-10-01/part-0.parquet    and calls, records, resource_usage
    path/_voxframe/manifest.json                         what is asked for, what was written, when
    path/_voxframe/manifest.json.bak                     the same, as the last whole run left it
    path/_voxframe/staging/<run>/                        days on their way to their place
    path/_voxframe/lock                                  held by the export that is under way

A day is written aside, brought to the disk, and named in the manifest: from that
moment it is there. Then its files are moved to their places, children before
sessions; a run that is killed in between is made good by the next one, and
whoever reads by the manifest finds them where they are. Nothing is moved,
replaced or removed that the manifest does not name.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from voxframe._dataset.at_once import at_once
from voxframe._dataset.damage import check, check_strangers
from voxframe._dataset.day import DayWriter
from voxframe._dataset.disk import is_delta, local_path, locked, of_the_system, writing
from voxframe._dataset.files import written_by
from voxframe._dataset.identity import difference
from voxframe._dataset.layout import (
    DAY,
    Tables,
    by_day,
    day_name,
    day_number,
    stored,
)
from voxframe._dataset.manifest import (
    HOUSEKEEPING,
    Day,
    Manifest,
    Stretch,
    check_not_lost,
    staging,
)
from voxframe._dataset.placing import announce, clear_staging, settle
from voxframe._receipt import Receipt
from voxframe.errors import ExportError

_GOES_ON = "; the days finished so far are whole, and the same call goes on from there"


class Interval(Protocol):
    """A stretch of time: seconds since 1970 in UTC, half-open."""

    @property
    def first(self) -> int: ...
    @property
    def end(self) -> int: ...


@contextlib.contextmanager
def exporting(
    path: str | os.PathLike[str], query: Mapping[str, Any], window: Interval, *, overwrite: bool
) -> Iterator["ParquetFolder"]:
    """Open a folder for an export, begun anew or where it was left.

    Parameters
    ----------
    path : path
        The folder.
    query : Mapping
        As in :class:`Manifest`.
    window : Interval
        All that is to be read.
    overwrite : bool
        Write aside, and replace what is there once all is written.

    Yields
    ------
    ParquetFolder
        Takes the data.

    Raises
    ------
    ExportError
        The folder cannot be written, is in use, or holds something else.
    """
    target = local_path(path)
    with contextlib.ExitStack() as held:
        with writing(target):
            _check_target(target, query, overwrite=overwrite)
            (target / HOUSEKEEPING).mkdir(parents=True, exist_ok=True)
            refusal = f"{target} is being written by another export or sync"
            held.enter_context(locked(target / HOUSEKEEPING / "lock", refusal))
            # Another export may have begun, and ended, before the lock was had.
            _check_target(target, query, overwrite=overwrite)
            folder = _open(target, query, window, overwrite=overwrite)
        try:
            yield folder
        finally:
            folder.close()


def _check_target(target: Path, query: Mapping[str, Any], *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file; name a folder")
    old = _there(target)
    if old is None and is_delta(target):
        raise ExportError(f"{target} holds Delta tables of a sync; name another folder")
    if old is None:
        check_not_lost(target)
        names = [entry.name for entry in target.iterdir()]
        if strangers := [n for n in names if n != HOUSEKEEPING and not of_the_system(n)]:
            raise ExportError(
                f"{target} holds other data ({min(strangers)}); name a folder of its own",
            )
    elif old.lookback is not None and (overwrite or old.query != query):
        same = old.query["fingerprint"] == query["fingerprint"]
        raise ExportError(
            f"{target} is kept by sync_call_history"
            + (", which adds what is new," if same else f" ({difference(old, query)})")
            + " and may hold what the service no longer gives, so no export replaces it; name "
            "another folder for an export",
        )
    elif old.query != query and not overwrite:
        window = f"({old.query['from_date']} to {old.query['to_date']})"
        if old.query["fingerprint"] == query["fingerprint"]:
            raise ExportError(
                f"{target} holds an export of another query, the same but for its window {window}; "
                "sync_call_history keeps it and adds what is new; name another folder for a window "
                "of its own, or pass overwrite=True to replace it",
            )
        raise ExportError(
            f"{target} holds an export of another query, account or address {window}: "
            f"{difference(old, query)}; name another folder, or pass overwrite=True to replace it",
        )


def _open(
    target: Path, query: Mapping[str, Any], window: Interval, *, overwrite: bool
) -> "ParquetFolder":
    old = _there(target)
    new = Manifest(query, window.first, window.end)
    if old is None:
        new.save(target)
        return ParquetFolder(target, new)
    settle(target, old)
    clear_staging(target)
    if old.query == query and not (overwrite and old.covered) and _goes_on(old):
        try:
            check(old, target)
        except ExportError:
            if not overwrite:
                raise
        else:
            return ParquetFolder(target, old)
    check_strangers(old, target)
    for file in (target / name for day in old.days.values() for name in day.files):
        run = written_by(file)
        if run is not None and run not in {day.run for day in old.days.values()}:
            raise ExportError(f"{file} was not written by this export; move it elsewhere")
    return ParquetFolder(target, new, replaces=old)


def _there(target: Path) -> Manifest | None:
    """Return the manifest of what is there; a sync that was only begun has left nothing."""
    manifest = Manifest.load(target)
    return None if manifest is None or manifest.begun_only else manifest


def _goes_on(old: Manifest) -> bool:
    """Return whether days can be added: those of the first form have other columns."""
    return old.version > 1 or old.resume_from() is None


class ParquetFolder:
    """A dataset being written, interval after interval.

    Parameters
    ----------
    root : Path
        Where.
    manifest : Manifest
        What is there already; what is written is added.
    replaces : Manifest, optional
        What is there until :meth:`finish`, and not after it. None publishes each
        day as soon as it is whole.
    """

    def __init__(self, root: Path, manifest: Manifest, *, replaces: Manifest | None = None) -> None:
        self._root, self._manifest, self._replaces = root, manifest, replaces
        self._run = uuid.uuid4().hex[:12]  # a name in a folder of few runs
        self._opened_at = datetime.now(UTC)
        self._read_at: datetime | None = None
        self._open: DayWriter | None = None
        self._whole: dict[str, Day] = {}
        self._from: int | None = manifest.resume_from()
        self._settled = True

    def resume_from(self) -> int | None:
        """Return the first second that is wanted, since 1970 in UTC; None if nothing is."""
        return self._manifest.resume_from()

    def write(self, interval: Interval, tables: Tables, receipt: Receipt) -> None:
        """Add an interval, the next one after the last.

        Parameters
        ----------
        interval : Interval
            What was read. Days that end in it are finished.
        tables : Mapping of pyarrow.Table
            Its rows, sorted by start.
        receipt : Receipt
            What it took.

        Raises
        ------
        ExportError
            The folder cannot be written.
        """
        with writing(self._root, _GOES_ON):
            try:
                self._write(interval, tables, receipt)
            except OSError:
                if self._whole and self._from is not None and self._settled:
                    until = (day_number(max(self._whole)) + 1) * DAY
                    self._publish(until, self._read_at or self._opened_at)
                raise

    def _write(self, interval: Interval, tables: Tables, receipt: Receipt) -> None:
        self._spend(receipt)
        ahead = timedelta(seconds=receipt.mended.get("clock_ahead_s", 0))
        read_at = (receipt.read_at or self._opened_at) - ahead
        self._read_at = min(self._read_at or read_at, read_at).replace(microsecond=0)
        ended: list[DayWriter] = []
        for day, part in by_day(tables):
            if self._open is not None and self._open.day != day:
                ended.append(self._open)
                self._open = None
            if self._open is None:
                self._open = DayWriter(day, staging(self._root, self._run), self._run, read_at)
            self._open.add({name: stored(table, name) for name, table in part.items()})
        last = interval.end >= self._manifest.end
        until = interval.end if last else interval.end // DAY * DAY
        if self._open is not None and (last or (self._open.day + 1) * DAY <= until):
            ended.append(self._open)
            self._open = None
        for writer, whole in zip(ended, at_once(DayWriter.close, ended), strict=True):
            self._whole[day_name(writer.day)] = whole
        if self._from is not None and until > self._from:
            self._publish(until, self._read_at)
            self._read_at = None if until == interval.end else read_at

    def finish(self) -> Receipt:
        """Make what was written be what is there.

        Returns
        -------
        Receipt
            Of the whole export, runs that were cut short included.

        Raises
        ------
        ExportError
            The folder cannot be written.
        """
        with writing(self._root, _GOES_ON):
            manifest, old = self._manifest, self._replaces
            if not any(day.files for day in manifest.days.values()):
                # Readers want a schema even where there are no rows.
                day = manifest.first // DAY
                empty = DayWriter(day, staging(self._root, self._run), self._run, self._opened_at)
                manifest.days[day_name(day)] = empty.close()
                manifest.placing = [day_name(day)]
                self._commit()
            if old is not None:
                manifest.placing = list(manifest.days)
                kept = {file for day in manifest.days.values() for file in day.files}
                files = [file for day in old.days.values() for file in day.files]
                manifest.removing = [file for file in files if file not in kept]
                self._replaces = None
                self._commit(ours=set(files))
            manifest.keep_copy(self._root)
            return manifest.summary()

    def close(self) -> None:
        """Let go of a day that is not whole."""
        if self._open is not None:
            self._open.abandon()
            self._open = None
        if self._settled:
            clear_staging(self._root)

    def _spend(self, receipt: Receipt) -> None:
        before = self._manifest.receipt
        self._manifest.receipt = receipt if before is None else Receipt.sum([before, receipt])

    def _publish(self, until: int, read_at: datetime) -> None:
        stretch = Stretch(self._from or 0, until, read_at, self._run)
        self._from = until
        ours = {file for day in self._manifest.days.values() for file in day.files}
        self._manifest.note(stretch, self._whole)
        self._whole = {}
        self._commit(ours)

    def _commit(self, ours: set[str] | None = None) -> None:
        """Make the manifest true, and bring the files to where it says."""
        if self._replaces is not None:
            return
        announce(self._root, self._manifest, self._run, ours or set())
        self._settled = False
        settle(self._root, self._manifest)
        self._settled = True
