"""A dataset in a folder of this machine, as a sync reads and replaces it day by day."""

import contextlib
import logging
import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from voxframe._dataset.damage import (
    check_strangers,
    check_tables,
    damage,
    fault,
    without_file,
)
from voxframe._dataset.day import DayWriter
from voxframe._dataset.disk import (
    is_delta,
    local_path,
    locked,
    of_the_system,
    preserve,
    reason_of,
    writing,
)
from voxframe._dataset.identity import difference
from voxframe._dataset.layout import DAY, STORED, day_name, day_number, restored, stored
from voxframe._dataset.manifest import (
    HOUSEKEEPING,
    Day,
    Manifest,
    Stretch,
    check_not_lost,
    staging,
)
from voxframe._dataset.placing import announce, clear_staging, settle
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError, InvalidQueryError

logger = logging.getLogger("voxframe")

# Rows that are taken at once from a file of what is held.
_BATCH = 65_536


@contextlib.contextmanager
def opened(
    path: str | os.PathLike[str], query: Mapping[str, Any], first: int | None, *, give_up: bool
) -> Iterator["FolderStore"]:
    """Open a folder for a sync: new, synced before, or an export that is taken over.

    Raises
    ------
    ExportError
        The folder cannot be written, is in use, or holds something else; or all of a table is
        away, and is not to be given up.
    InvalidQueryError
        There is nothing yet, and no first second.
    """
    target = local_path(path)
    with contextlib.ExitStack() as held:
        with writing(target):
            if _held_there(target, query) is None and first is None:
                raise InvalidQueryError(f"from_date: is needed, since {target} holds nothing yet")
            (target / HOUSEKEEPING).mkdir(parents=True, exist_ok=True)
            refusal = f"{target} is being written by another export or sync"
            held.enter_context(locked(target / HOUSEKEEPING / "lock", refusal))
            # Another one may have begun, and ended, before the lock was had.
            manifest = _held_there(target, query)
            if manifest is None:
                manifest = Manifest(query, first or 0, first or 0)
                damaged = dict[str, list[str]]()
            else:
                settle(target, manifest)
                clear_staging(target)
                manifest.placing, manifest.removing = [], []
                check_strangers(manifest, target)
                if not give_up:
                    check_tables(manifest, target)
                damaged = damage(manifest, target)
                for faults in damaged.values():
                    logger.warning("%s; the day is read again", "; ".join(faults))
            if manifest.version == 1:
                # Its days have other columns, and when they were read is not known.
                manifest.read, manifest.version = [], 2
            store = FolderStore(target, manifest, [day_number(name) for name in damaged])
        try:
            yield store
        finally:
            store.close()


def _held_there(target: Path, query: Mapping[str, Any]) -> Manifest | None:
    if not target.exists():
        return None
    if not target.is_dir():
        raise ExportError(f"{target} is a file; name a folder")
    manifest = Manifest.load(target)
    if manifest is None and is_delta(target):
        raise ExportError(
            f"{target} holds Delta tables: name no format to go on with them, or another folder "
            "for Parquet files"
        )
    if manifest is None:
        check_not_lost(target)
        names = [entry.name for entry in target.iterdir()]
        if strangers := [n for n in names if n != HOUSEKEEPING and not of_the_system(n)]:
            raise ExportError(
                f"{target} holds other data ({min(strangers)}); name a folder of its own",
            )
    elif manifest.query["fingerprint"] != query["fingerprint"]:
        if manifest.begun_only:
            return None
        raise ExportError(
            f"{target} holds the call history of another query, account or address "
            f"({difference(manifest, query)}); give the same as before, or name another folder",
        )
    return manifest


@dataclass(slots=True)
class FolderStore:
    """A folder, held by one sync."""

    root: Path
    manifest: Manifest
    again: Sequence[int] = ()
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    damaged: dict[str, list[str]] = field(default_factory=dict)
    staged_lasts: bool = True
    _faulty: dict[str, list[str]] = field(default_factory=dict)
    _settled: bool = True

    @property
    def staging(self) -> Path:
        """Where this run's days are written."""
        return staging(self.root, self.run)

    def held(self, day: str) -> dict[str, Iterator[pa.Table]]:
        """Return a day's stored tables, in pieces, those that are as they were written."""
        written = self.manifest.days[day].files
        faults = {f: fault(self.manifest, self.root, day, f, whole=True) for f in written}
        faulty = [file for file, text in faults.items() if text]
        lost = [*without_file(self.manifest, day), *(file.partition("/")[0] for file in faulty)]
        if lost:
            self.damaged[day] = [text for text in faults.values() if text]
            self._faulty[day] = faulty
        return {
            name: self._tables([f for f in written if f.startswith(f"{name}/")], name)
            for name in SCHEMAS
            if name not in lost
        }

    def _tables(self, files: list[str], name: str) -> Iterator[pa.Table]:
        for file in files:
            try:
                path = self.root / file
                with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
                    for batch in parquet.iter_batches(_BATCH):
                        yield as_stored(pa.Table.from_batches([batch]), name, self.root / file)
            except (OSError, pa.ArrowException) as error:
                raise ExportError(
                    f"{self.root / file} cannot be read: {reason_of(error)}"
                ) from error

    def publish(self, stretch: Stretch, days: Mapping[str, Day], given_up: Collection[str]) -> None:
        """Let days that are staged be what is there of a stretch."""
        for day in [day for day in self._faulty if stretch.has(day)]:
            faulty = self._faulty.pop(day)
            self._put_aside(self.manifest.days[day].files if day in given_up else faulty)
        ours = {file for day in self.manifest.days.values() for file in day.files}
        with writing(self.root):
            self.manifest.note(stretch, days)
            announce(self.root, self.manifest, self.run, ours)
            self._settled = False
            settle(self.root, self.manifest)
            self._settled = True
        self.manifest.placing, self.manifest.removing = [], []

    def begin(self) -> None:
        """Keep what a first sync is asked for."""
        with writing(self.root):
            self.manifest.save(self.root)

    def _put_aside(self, files: Collection[str]) -> None:
        """Keep files that are replaced: one that is not as it was written may not be ours."""
        aside = self.root / HOUSEKEEPING / "damaged" / self.run
        for file in [file for file in files if (self.root / file).exists()]:
            with writing(self.root):
                preserve(self.root / file, aside / file)
            logger.warning("%s is replaced; it lies in %s from now on", self.root / file, aside)

    def finish(self) -> None:
        """Leave a schema for readers even where there are no rows."""
        with writing(self.root):
            if not any(day.files for day in self.manifest.days.values()):
                day = self.manifest.first // DAY
                empty = DayWriter(day, self.staging, self.run, datetime.now(UTC))
                self.manifest.days[day_name(day)] = empty.close()
                self.manifest.placing = [day_name(day)]
                announce(self.root, self.manifest, self.run, ())
                settle(self.root, self.manifest)
            else:
                self.manifest.save(self.root)
            self.manifest.keep_copy(self.root)

    def close(self) -> None:
        """Remove what was not published."""
        if self._settled:
            clear_staging(self.root)


def as_stored(table: pa.Table, name: str, source: object) -> pa.Table:
    """Return a table of a file under the schema of a dataset, whichever version wrote it."""
    if table.column_names != STORED[name].names:
        return stored(restored(table, name, source), name)
    return table.cast(STORED[name])
