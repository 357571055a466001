"""Four Delta tables that follow the service, on this machine or in an object store.

Each is partitioned by ``start_day``. A publication replaces a stretch of days in all four,
children before sessions; the commit of the sessions carries the state of the dataset,
so what is in their log is there, and what only children have is done again. Whoever begins a
sync claims the sessions' table with a commit; who had claimed it before cannot commit
sessions any more, so of two at once never both end well.
"""

import contextlib
import logging
import os
import tempfile
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from voxframe._dataset.day import batches
from voxframe._dataset.delta_tables import (
    AS_DELTA,
    DAY_COLUMN,
    END,
    FIRST,
    NUMBER,
    RUN,
    STATE,
    Tables,
    check_there,
    damage,
    of_days,
    of_sessions,
    packed,
    state,
    unfinished,
)
from voxframe._dataset.disk import discard, is_url, locked
from voxframe._dataset.identity import difference
from voxframe._dataset.layout import DAY, STORED, day_name, day_number, in_order, joined, restored
from voxframe._dataset.manifest import (
    HOUSEKEEPING,
    Day,
    Manifest,
    Stretch,
    staged_name,
    staging,
)
from voxframe._dataset.reading import stored_columns
from voxframe._extras import needed_for
from voxframe._spec.tables import SCHEMAS, SESSION_ID
from voxframe.errors import ExportError, InvalidQueryError

with needed_for("a Delta table", "delta"):
    from deltalake import CommitProperties, DeltaTable

logger = logging.getLogger("voxframe")


@contextlib.contextmanager
def opened(
    path: str | os.PathLike[str],
    query: Mapping[str, Any],
    first: int | None,
    options: Mapping[str, str] | None,
    *,
    give_up: bool,
) -> Iterator["DeltaStore"]:
    """Open four tables for a sync, new or synced before.

    Raises
    ------
    ExportError
        They cannot be written, are in use, or hold something else.
    InvalidQueryError
        There is nothing yet, and no first second.
    """
    where = Tables.at(path, options)
    with contextlib.ExitStack() as held:
        if not is_url(path):
            held.enter_context(_alone(Path(where.root), first))
        sessions = where.table("sessions")
        if sessions is None or not give_up:
            check_there(where, sessions)
        if sessions is not None:
            # Whoever claimed the table before cannot commit to it from here on.
            _claim(where, sessions)
        manifest, number = _held_there(where, sessions, query, first)
        said = {NUMBER: str(number)}
        tables = {
            name: where.table(name)
            or where.create(name, said | ({STATE: packed(manifest)} if name == "sessions" else {}))
            for name in reversed(SCHEMAS)
        }
        if sessions is None:
            _claim(where, tables["sessions"])
        else:
            tables["sessions"] = sessions
        for name, table in tables.items():
            for stretch in unfinished(table, number) if name != "sessions" else ():
                manifest.forget(*stretch)
        damaged = damage(where, tables, manifest, whole=False)
        for faults in damaged.values():
            logger.warning("%s; the day is read again", "; ".join(faults))
        again = [day_number(day) for day in damaged]
        if is_url(path):
            folder = Path(tempfile.mkdtemp(prefix="voxframe-"))
        else:
            folder = staging(Path(where.root))
            discard(folder)  # of a run that was killed
        held.callback(discard, folder)
        yield DeltaStore(where, manifest, tables, number, folder, again)


def _held_there(
    where: Tables, sessions: DeltaTable | None, query: Mapping[str, Any], first: int | None
) -> tuple[Manifest, int]:
    """Return what is there, and the number of the last publication."""
    manifest, number = (None, 0) if sessions is None else state(sessions, where.root)
    if manifest is not None and manifest.query["fingerprint"] == query["fingerprint"]:
        return manifest, number
    if manifest is not None and not manifest.begun_only:
        raise ExportError(
            f"{where.root} holds the call history of another query, account or address "
            f"({difference(manifest, query)}); give the same as before, or name another place",
        )
    if first is None:
        raise InvalidQueryError(f"from_date: is needed, since {where.root} holds nothing yet")
    return Manifest(query, first, first), number


@contextlib.contextmanager
def _alone(root: Path, first: int | None) -> Iterator[None]:
    """Hold a folder of this machine against another sync."""
    if root.exists() and not root.is_dir():
        raise ExportError(f"{root} is a file; name a folder")
    if first is None and not root.exists():
        raise InvalidQueryError(f"from_date: is needed, since {root} holds nothing yet")
    names = [e.name for e in root.iterdir()] if root.exists() else []
    if (root / HOUSEKEEPING / "manifest.json").exists():
        raise ExportError(f"{root} holds a Parquet dataset; name another folder for Delta tables")
    if strangers := [n for n in names if n not in (*SCHEMAS, HOUSEKEEPING) and n[0] != "."]:
        raise ExportError(f"{root} holds other data ({min(strangers)}); name a folder of its own")
    (root / HOUSEKEEPING).mkdir(parents=True, exist_ok=True)
    with locked(root / HOUSEKEEPING / "lock", f"{root} is being written by another sync"):
        yield


def _claim(where: Tables, sessions: DeltaTable, said: Mapping[str, str] | None = None) -> None:
    with where.told():
        sessions.alter.set_table_properties(
            {RUN: uuid.uuid4().hex[:12]},
            raise_if_not_exists=False,
            commit_properties=CommitProperties(custom_metadata=dict(said or {})),
        )


@dataclass(slots=True)
class DeltaStore:
    """Four tables, held by one sync."""

    where: Tables
    manifest: Manifest
    tables: Mapping[str, DeltaTable]
    number: int
    staging: Path
    again: Sequence[int] = ()
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    damaged: dict[str, list[str]] = field(default_factory=dict)
    staged_lasts: bool = False

    @property
    def root(self) -> str:
        """Where they are."""
        return self.where.root

    def held(self, day: str) -> dict[str, Iterator[pa.Table]]:
        """Return a day's stored tables that can be read as they were written, each in one piece."""
        well, faults, rows = dict[str, pa.Table](), [], self.manifest.days[day].rows
        for name, table in self.tables.items():
            with self.where.told():
                try:
                    found = of_days({name: table}, [day], None)[name]
                except self.where.broken as error:
                    faults.append(f"{name} of {day}: {str(error).splitlines()[0]}")
                    continue
            if len(found) < rows[name]:
                faults.append(f"{self.root} has lost {name} of {day}")
                continue
            well[name] = found
        if faults:
            self.damaged[day] = faults
            logger.warning("%s; the day is read again", "; ".join(faults))
        known = "sessions" in well
        stored = {
            name: table.select(STORED[name].names).cast(STORED[name])
            for name, table in (of_sessions(well) if known else well).items()
        }
        return {
            name: iter([table]) for name, table in (in_order(stored) if known else stored).items()
        }

    def publish(
        self,
        stretch: Stretch,
        days: Mapping[str, Day],
        given_up: Collection[str],  # noqa: ARG002
    ) -> None:
        """Let days that are staged be what is there of a stretch; its log keeps the files."""
        # Whoever has lost the claim ends before it stands in the way of the one that has it.
        now = self.where.table("sessions")
        if now is None or now.version() != self.tables["sessions"].version():
            raise self.where.taken()
        before = dict(self.manifest.days)
        span = (stretch.first // DAY, -(-stretch.end // DAY))
        names = {n for n in before if day_name(span[0]) <= n < day_name(span[1])}
        self.manifest.note(stretch, {n: _without_files(day) for n, day in days.items()})
        self.manifest.placing, self.manifest.removing = [], []
        self.number += 1
        said = {
            RUN: self.run,
            NUMBER: str(self.number),
            FIRST: str(stretch.first),
            END: str(stretch.end),
        }
        for name, table in self.tables.items():
            files = [
                (day, self.staging / staged_name(file))
                for day, written in days.items()
                for file in written.files
                if file.startswith(f"{name}/")
            ]
            if name == "sessions":
                said[STATE] = packed(self.manifest)
            elif not any(days[n].rows[name] for n in days) and not any(
                before[n].rows[name] for n in names
            ):
                continue
            self.where.commit(table, name, _batches(files, name), span, said)
            for _, file in files:
                file.unlink()

    def begin(self) -> None:
        """Keep what a first sync is asked for."""
        _claim(
            self.where,
            self.tables["sessions"],
            {NUMBER: str(self.number), STATE: packed(self.manifest)},
        )

    def finish(self) -> None:
        """Keep what was learned even where nothing was read."""
        if self.number == 0:
            self.publish(
                Stretch(self.manifest.first, self.manifest.first, datetime.now(UTC), self.run),
                {},
                (),
            )


def _without_files(day: Day) -> Day:
    return Day(day.rows, day.cost, day.read_at, day.run, {}, day.vanished)


def _batches(files: Sequence[tuple[str, Path]], name: str) -> Iterator[pa.RecordBatch]:
    for day, file in files:
        for table in _between_sessions(batches(file)):
            days = pa.repeat(pa.scalar(date.fromisoformat(day), pa.date32()), len(table))
            stored = table.append_column(DAY_COLUMN, days).cast(AS_DELTA[name])
            yield from stored.combine_chunks().to_batches()


def _between_sessions(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Cut batches anew where sessions end: of several, Delta's writer keeps no order."""
    left = None
    for batch in batches:
        if left is not None:
            ids = left[SESSION_ID].to_numpy()
            cut = int(np.flatnonzero(ids != ids[-1])[-1]) + 1 if (ids != ids[-1]).any() else 0
            if cut:
                yield left.slice(0, cut)
            left = left.slice(cut)
        left = pa.Table.from_batches([*(left.to_batches() if left else ()), batch])
    if left is not None:
        yield left


@dataclass(frozen=True, slots=True)
class Delta:
    """Four tables that are read as a dataset."""

    where: Tables

    def _table(self, name: str) -> DeltaTable:
        table = self.where.table(name)
        if table is None:
            if name == "sessions":
                check_there(self.where, None)
            raise ExportError(
                f"{self.where.root} holds no dataset: there is no Delta table {name} in it"
            )
        return table

    def manifest(self) -> Manifest:
        """Return what is there now."""
        with self.where.told():
            manifest = state(self._table("sessions"), self.where.root)[0]
        manifest.check_begun(self.where.root)
        return manifest

    def arrow(self, name: str) -> ds.Dataset:
        """Return a table that is read when it is asked something."""
        with self.where.told():
            return self._table(name).to_pyarrow_dataset()

    def damage(self) -> Mapping[str, Sequence[str]]:
        """Return the days that are not there as they were written; each file's end is read."""
        check_there(self.where, self._table("sessions"))
        tables = {name: self.where.table(name) for name in SCHEMAS}
        return damage(self.where, tables, self.manifest(), whole=True)

    def tables(self, days: Sequence[str], columns: Collection[str] | None) -> dict[str, pa.Table]:
        """Return days as they were read from the service."""
        names = {
            name: [n for n in stored_columns(name, columns) or () if n in STORED[name].names]
            for name in SCHEMAS
        }
        # Sessions first: what is read later of the others is at least as new.
        tables = {name: self._table(name) for name in SCHEMAS}
        with self.where.told():
            found = of_sessions(of_days(tables, days, None if columns is None else names))
        return in_order(
            {
                name: joined(
                    [
                        restored(
                            table.drop_columns([n for n in table.column_names if n == "start_day"]),
                            name, self.where.root, columns,
                        )
                    ],
                    name, columns,
                )
                for name, table in found.items()
            }
        )  # fmt: skip
