"""A Parquet dataset that grows by whole days and is whole at every moment.

::

    path/sessions/start_day=2026-10-01/part-0.parquet    and calls, records, resource_usage
    path/_voxframe/manifest.json                         what is asked for, which days are done
    path/_voxframe/staging/                              the day that is being written
    path/_voxframe/lock                                  held by the export that is under way

A day is written aside, brought to the disk, renamed to its place, children
before sessions, and only then named in the manifest. Whatever the manifest does
not name was never finished, and the next export writes it again.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet as pq

from voxframe._dataset.disk import locked, sync
from voxframe._dataset.manifest import HOUSEKEEPING, Manifest
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS, SESSION_ID
from voxframe.errors import ExportError

_DAY = 86_400
_MICRO = 1_000_000
# A row group of about a million values is read in one go and still skipped in small steps.
_VALUES = 1_000_000

Tables = Mapping[str, pa.Table]


@contextlib.contextmanager
def exporting(
    path: str | os.PathLike[str], query: Mapping[str, Any], *, overwrite: bool
) -> Iterator["Export"]:
    """Open a folder for an export, begun anew or where it was left.

    Parameters
    ----------
    path : path
        The folder.
    query : Mapping
        As in :class:`Manifest`.
    overwrite : bool
        Write aside, and replace what is there once all is written.

    Yields
    ------
    Export
        Takes the data.

    Raises
    ------
    ExportError
        The folder cannot be written, is in use, or holds something else.
    """
    target = Path(path)
    aside = target.parent / f".{target.name}.voxframe-new"
    try:
        _restore(target)
        _check_target(target, query, overwrite=overwrite)
        (target / HOUSEKEEPING).mkdir(parents=True, exist_ok=True)
        with _alone(target, target):
            # Another export may have begun, and ended, before the lock was had.
            _check_target(target, query, overwrite=overwrite)
            old = Manifest.load(target)
            goes_on = old is None or (old.query == query and not (old.complete and overwrite))
            root = target if goes_on else aside
            (root / HOUSEKEEPING).mkdir(parents=True, exist_ok=True)
            manifest = Manifest.load(root)
            if manifest is None or manifest.query != query:
                manifest = Manifest(query)
            manifest.save(root)
            export = Export(root, manifest)
            export.clear_unfinished()
            try:
                yield export
            finally:
                export.close()
            if root == aside and manifest.complete:
                _swap(aside, target)
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written: {error.strerror or type(error).__name__}; the days "
            "finished so far are whole, and the same call goes on from there",
        ) from error


def _alone(root: Path, target: Path) -> contextlib.AbstractContextManager[None]:
    return locked(root / HOUSEKEEPING / "lock", f"{target} is being written by another export")


def _check_target(target: Path, query: Mapping[str, Any], *, overwrite: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file; name a folder")
    old = Manifest.load(target)
    if old is None:
        strangers = [e.name for e in target.iterdir() if e.name != HOUSEKEEPING]
        if strangers:
            raise ExportError(
                f"{target} holds other data ({min(strangers)}); name a folder of its own",
            )
    elif old.query != query and not overwrite:
        raise ExportError(
            f"{target} holds an export of another query, account or address "
            f"({old.query.get('from_date')} to {old.query.get('to_date')}); name another folder, "
            "or pass overwrite=True to replace it",
        )


def _swap(aside: Path, target: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = _old_name(target)
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    aside.rename(target)
    sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _restore(target: Path) -> None:
    """Undo a swap that was cut short between its two steps."""
    old = _old_name(target)
    if not target.exists() and old.exists():
        with _alone(old, target):
            old.rename(target)


def _old_name(target: Path) -> Path:
    return target.parent / f".{target.name}.voxframe-old"


class Export:
    """A dataset being written, day after day.

    Parameters
    ----------
    root : Path
        Where.
    manifest : Manifest
        What is there already.
    """

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self._root = root
        self.manifest = manifest
        self._writers: dict[str, _PartWriter] = {}
        self._day: int | None = None

    @property
    def resume(self) -> int | None:
        """First second that is not finished, since 1970 in UTC; None at the beginning."""
        if not self.manifest.days:
            return None
        last = datetime.fromisoformat(max(self.manifest.days)).replace(tzinfo=UTC)
        return int((last + timedelta(days=1)).timestamp())

    def clear_unfinished(self) -> None:
        """Remove what an export that was cut short left behind."""
        shutil.rmtree(self._staging, ignore_errors=True)
        finished = {f"start_day={day}" for day in self.manifest.days}
        for name in SCHEMAS:
            for folder in (self._root / name).glob("start_day=*"):
                if folder.name not in finished:
                    shutil.rmtree(folder)

    @property
    def _staging(self) -> Path:
        return self._root / HOUSEKEEPING / "staging"

    def add(self, tables: Tables, first: int, end: int, receipt: Receipt) -> None:
        """Add a stretch of time, the next one after the last.

        Parameters
        ----------
        tables : Mapping of pyarrow.Table
            Its rows, sorted by start.
        first, end : int
            The stretch, seconds since 1970 in UTC, half-open. Days that end in
            it are finished.
        receipt : Receipt
            What it took.
        """
        self.manifest.spend(receipt)
        places = {name: _places(tables, name) for name in SCHEMAS}
        finished = len(self.manifest.days)
        for day in range(first // _DAY, -(-end // _DAY)):
            part = _of_day(tables, places, day)
            if len(part["sessions"]):
                self._write(day, part)
            if end >= (day + 1) * _DAY:
                self._publish(day)
        if len(self.manifest.days) > finished:
            self.manifest.save(self._root)

    def finish(self) -> Receipt:
        """Say that all is written.

        Returns
        -------
        Receipt
            Of the whole export, runs that were cut short included.
        """
        if self._day is not None:
            self._publish(self._day)
        if not any((self._root / "sessions").glob("start_day=*")):
            # Readers want a schema even where there are no rows.
            day = int(datetime.fromisoformat(self.manifest.query["from_date"]).timestamp()) // _DAY
            self._write(day, {name: schema.empty_table() for name, schema in SCHEMAS.items()})
            self._publish(day)
        self.manifest.complete = True
        self.manifest.save(self._root)
        return self.manifest.summary()

    def close(self) -> None:
        """Let go of a day that is not whole."""
        for writer in self._writers.values():
            writer.abandon()
        self._day, self._writers = None, {}
        shutil.rmtree(self._staging, ignore_errors=True)

    def _write(self, day: int, tables: Tables) -> None:
        if self._day is None:
            self._day = day
            shutil.rmtree(self._staging, ignore_errors=True)
            self._writers = {name: _PartWriter(self._staging / name) for name in SCHEMAS}
        for name, writer in self._writers.items():
            writer.add(tables[name])

    def _publish(self, day: int) -> None:
        name = _name(day)
        rows = dict.fromkeys(SCHEMAS, 0)
        if self._day is not None:
            for writer in self._writers.values():
                writer.close()
            # Children first: a reader never finds a session whose calls are still to come.
            for table in reversed(SCHEMAS):
                rows[table] = self._writers[table].rows
                place = self._root / table / f"start_day={name}"
                place.parent.mkdir(exist_ok=True)
                (self._staging / table).rename(place)
                sync(place.parent)
            sync(self._root)
            self._day, self._writers = None, {}
        self.manifest.days[name] = rows


class _PartWriter:
    """One table of one day: a file, and another one where columns change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self.rows = 0
        self._buffer: list[pa.Table] = []
        self._buffered = 0
        self._file: Any = None
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._parts = 0

    def add(self, table: pa.Table) -> None:
        if self._schema is not None and self._schema != table.schema:
            self.close()
        self._schema = table.schema
        self._buffer.append(table)
        self.rows += len(table)
        self._buffered += len(table)
        if self._buffered >= self._group(table):
            self._flush()

    def close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._writer = None
            sync(self._folder)

    def abandon(self) -> None:
        """Let go of a file that will not be whole."""
        if self._writer is not None:
            with contextlib.suppress(OSError, pa.ArrowException):
                self._writer.close()
            with contextlib.suppress(OSError):
                self._file.close()

    def _group(self, table: pa.Table) -> int:
        columns: int = table.num_columns
        return max(_VALUES // columns, 1)

    def _flush(self) -> None:
        if not self._buffer:
            return
        table = pa.concat_tables(self._buffer)
        if self._writer is None:
            self._file = (self._folder / f"part-{self._parts}.parquet").open("wb")
            self._parts += 1
            self._writer = pq.ParquetWriter(
                self._file,
                table.schema,
                compression="zstd",
                sorting_columns=[pq.SortingColumn(table.schema.get_field_index("start_date"))]
                if "start_date" in table.schema.names
                else None,
            )
        self._writer.write_table(table.unify_dictionaries(), row_group_size=self._group(table))
        self._buffer, self._buffered = [], 0


def _name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


def _places(tables: Tables, name: str) -> np.ndarray[Any, Any]:
    """Say for each row of a table which row its session is; ascending, as tables are."""
    ids = tables["sessions"].column(SESSION_ID).to_numpy()
    if name == "sessions" or not len(ids):
        return np.arange(len(ids))
    by_id = np.argsort(ids, kind="stable")
    parents = tables[name].column(SESSION_ID).to_numpy()
    return np.asarray(by_id[np.searchsorted(ids, parents, sorter=by_id)])


def _of_day(
    tables: Tables, places: Mapping[str, np.ndarray[Any, Any]], day: int
) -> dict[str, pa.Table]:
    """Cut one day out of sorted tables, without copying a row."""
    starts = tables["sessions"].column("start_date").cast(pa.int64()).to_numpy()
    inside = np.searchsorted(starts, [day * _DAY * _MICRO, (day + 1) * _DAY * _MICRO])
    cut = {}
    for name, table in tables.items():
        low, high = np.searchsorted(places[name], inside)
        cut[name] = table.slice(low, high - low)
    return cut
