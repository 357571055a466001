"""Four Delta tables: where they lie, what their logs say, and whether their files are there."""

import base64
import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from voxframe._dataset.disk import is_url, local_path
from voxframe._dataset.layout import STORED, day_name
from voxframe._dataset.manifest import Manifest
from voxframe._dataset.stores import check_place, fault, unknown_store
from voxframe._extras import needed_for
from voxframe._spec.tables import CHILDREN, SCHEMAS, SESSION_ID
from voxframe.errors import ExportError, InvalidQueryError

with needed_for("a Delta table", "delta"):
    from deltalake import CommitProperties, DeltaTable, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

STATE, RUN, NUMBER = "voxframe.state", "voxframe.run", "voxframe.publication"
FIRST, END = "voxframe.first", "voxframe.end"
DAY_COLUMN = pa.field("start_day", pa.date32())


def _plain(kind: pa.DataType) -> pa.DataType:
    # Delta has no dictionaries.
    return kind.value_type if pa.types.is_dictionary(kind) else kind


AS_DELTA = {
    name: pa.schema([*(pa.field(f.name, _plain(f.type)) for f in schema), DAY_COLUMN])
    for name, schema in STORED.items()
}


@dataclass(frozen=True, slots=True)
class Tables:
    """Where four tables lie, and what opens the store that they are in."""

    root: str
    options: dict[str, str] | None = field(default=None, repr=False)

    @classmethod
    def at(cls, path: str | os.PathLike[str], options: Mapping[str, str] | None) -> "Tables":
        """Take a URL as it is, and a path of this machine."""
        if is_url(path):
            url = os.fsdecode(path).rstrip("/")
            check_place(url, "path")
            return cls(url, dict(options or {}))
        if options is not None:
            raise InvalidQueryError("storage_options: are for tables in an object store, by URL")
        root = str(local_path(path))
        check_place(root, root)
        return cls(root)

    @property
    def broken(self) -> tuple[type[Exception], ...]:
        """What reading a file raises that is missing or damaged, and not out of reach."""
        # In an object store an OSError may be the network.
        here = () if is_url(self.root) else (OSError,)
        return (FileNotFoundError, pa.ArrowInvalid, *here)

    def table(self, name: str) -> DeltaTable | None:
        """Open one of them; None if it is not there."""
        with self.told():
            try:
                return DeltaTable(f"{self.root}/{name}", storage_options=self.options)
            except DeltaError as error:
                if refusal := unknown_store(self.root, str(error)):
                    raise refusal from None
                if isinstance(error, TableNotFoundError):
                    return None
                raise

    def create(self, name: str, said: Mapping[str, str]) -> DeltaTable:
        """Make one of them, without a row."""
        with self.told():
            return DeltaTable.create(
                f"{self.root}/{name}",
                AS_DELTA[name],
                partition_by=["start_day"],
                storage_options=self.options,
                commit_properties=CommitProperties(custom_metadata=dict(said)),
            )

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Tell a fault of the store as an ExportError, without what opens it."""
        try:
            yield
        except CommitFailedError:
            raise self.taken() from None
        except (DeltaError, OSError, pa.ArrowException) as error:
            words = fault(self.root, str(error), (self.options or {}).values())
            raise ExportError(f"{self.root} cannot be read or written: {words}") from None

    def taken(self) -> ExportError:
        """Return what is said where somebody else writes."""
        return ExportError(
            f"{self.root} was changed by another writer meanwhile, probably another sync, which "
            "goes on; what was there before is whole, and so is what this one had finished, if "
            "anything: the next sync goes on from there",
        )

    def commit(self, table: DeltaTable, name: str, data: Any, days: tuple[int, int],
               said: Mapping[str, str]) -> None:  # fmt: skip
        """Replace some days of a table."""
        first, end = map(day_name, days)
        with self.told():
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(AS_DELTA[name], data),
                mode="overwrite",
                predicate=f"start_day >= '{first}' AND start_day < '{end}'",
                commit_properties=CommitProperties(custom_metadata=dict(said)),
            )


def packed(manifest: Manifest) -> str:
    return base64.b64encode(zlib.compress(manifest.text().encode())).decode()


def state(sessions: DeltaTable, root: str) -> tuple[Manifest, int]:
    """Return what the last publication said, and its number."""
    for commit in sessions.history():
        if STATE in commit:
            text = zlib.decompress(base64.b64decode(commit[STATE]))
            return Manifest.parse(text, root), int(commit[NUMBER])
    raise ExportError(
        f"{root} holds Delta tables of which the log does not say what they are of; "
        "name another place",
    )


def check_there(where: Tables, sessions: DeltaTable | None) -> None:
    """Refuse tables of which one is away that something is known of.

    Raises
    ------
    ExportError
        It is named.
    """
    rows = dict.fromkeys(SCHEMAS, 0)
    if sessions is not None:
        days = state(sessions, where.root)[0].days.values()
        rows = {name: sum(day.rows[name] for day in days) for name in SCHEMAS}
    for name in CHILDREN:
        table = where.table(name)
        if sessions is None and table is not None and any(unfinished(table, 0)):
            raise ExportError(
                f"{where.root}/sessions is not there, only {name} and others: is the disk "
                "mounted? Put it back at its place, or name another place",
            )
        if table is None and rows[name]:
            raise ExportError(
                f"{where.root}/{name} is not there: is the disk mounted? Put it back at its "
                "place; if it is lost, sync_call_history with vanished='intact' reads again "
                "what the service still gives",
            )


def unfinished(table: DeltaTable, number: int) -> Iterator[tuple[int, int]]:
    """Return the stretches of publications that did not come as far as the sessions."""
    for commit in table.history():
        if NUMBER in commit:
            if int(commit[NUMBER]) <= number:
                return
            yield int(commit[FIRST]), int(commit[END])


def damage(
    where: Tables, tables: Mapping[str, DeltaTable | None], manifest: Manifest, *, whole: bool
) -> dict[str, list[str]]:
    """Return the days of which files are not there as they were written, and what is wrong.

    A log knows each file's rows and bytes. For a ``whole`` look files of this machine are read,
    and of those in an object store the ends; otherwise no more than sizes, of this machine.
    """
    found: dict[str, list[str]] = {}
    here = not is_url(where.root)
    for name, table in tables.items():
        rows = dict.fromkeys(manifest.days, 0)
        for day, path, size, number in [] if table is None else _files(table):
            rows[day] = rows.get(day, 0) + number
            place = Path(where.root, name, path)
            if here and (there := place.stat().st_size if place.exists() else None) != size:
                what = "missing" if there is None else f"cut short ({there} bytes of {size})"
                found.setdefault(day, []).append(f"{place} is {what}")
        for day, written in manifest.days.items():
            if rows[day] < written.rows[name]:
                found.setdefault(day, []).append(f"{where.root} has lost the {name} of {day}")
        for fragment in table.to_pyarrow_dataset().get_fragments() if table and whole else ():
            with where.told():
                try:
                    fragment.count_rows()
                    for _ in fragment.to_batches() if here else ():
                        pass
                except where.broken:
                    day = str(ds.get_partition_keys(fragment.partition_expression)["start_day"])
                    file = f"{where.root}/{name}/{fragment.path}"
                    if not any(file in fault for fault in found.get(day, ())):
                        found.setdefault(day, []).append(f"{file} cannot be read")
    return dict(sorted(found.items()))


def _files(table: DeltaTable) -> Iterator[tuple[str, str, int, int]]:
    """Return each file's day, path, bytes and rows, as the log has them."""
    columns = ["partition.start_day", "path", "size_bytes", "num_records"]
    actions = pa.table(table.get_add_actions(flatten=True))
    if len(actions):
        for day, *rest in zip(*(actions[n].to_pylist() for n in columns), strict=True):
            yield str(day), *rest


def of_days(
    tables: Mapping[str, DeltaTable], days: Sequence[str], columns: Mapping[str, list[str]] | None
) -> dict[str, pa.Table]:
    """Return the rows of some days."""
    wanted = pc.field("start_day").isin(
        pa.array([date.fromisoformat(day) for day in days], pa.date32())
    )
    return {
        name: table.to_pyarrow_dataset().to_table(
            columns=None if columns is None else columns[name], filter=wanted
        )
        for name, table in tables.items()
    }


def of_sessions(found: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the sessions, and of the others what belongs to them."""
    ids = found["sessions"][SESSION_ID].combine_chunks()
    # Children are written first, so there may be some of sessions that are still to come.
    return {
        name: table.filter(pc.is_in(table[SESSION_ID], value_set=ids))
        for name, table in found.items()
    }
