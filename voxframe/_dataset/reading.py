"""Parquet files and datasets back to results."""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from voxframe._dataset import files
from voxframe._dataset.damage import check
from voxframe._dataset.disk import local_path, of_the_system, reason_of
from voxframe._dataset.layout import UNKNOWN_FIELDS, in_order, joined, part_of, restored
from voxframe._dataset.manifest import Manifest
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

# A run that writes meanwhile may move a file between two looks; more often is no chance.
TRIES = 3
_CURE = "audit_call_history(…, repair=True) reads its day again"

Tables = dict[str, pa.Table]


def read(path: str | os.PathLike[str]) -> tuple[Tables, Receipt]:
    """Read what :func:`voxframe._dataset.files.write` wrote, or a dataset.

    Parameters
    ----------
    path : path-like
        A folder with ``sessions.parquet`` and its siblings, or one with
        ``sessions/start_day=…/*.parquet`` and its siblings.

    Returns
    -------
    tables : dict of pyarrow.Table
        In the declared types. Of a dataset sorted by (``start_date``,
        ``call_session_history_id``).
    receipt : Receipt
        As it was written, or the bare facts where none was.

    Raises
    ------
    ExportError
        If `path` holds neither, or files that do not belong together.
    """
    source = local_path(path)
    single = files.where(source)
    if single["sessions"].is_file():
        return _read_files(source, single)
    if (manifest := Manifest.load(source)) is not None:
        return _read_dataset(source, manifest)
    if (source / "sessions").is_dir():
        return _read_folder(source)
    if not source.exists():
        raise ExportError(f"no such folder: {source}")
    raise ExportError(f"{source} holds no call history (no sessions.parquet, no sessions/)")


def _read_files(source: Path, places: Mapping[str, Path]) -> tuple[Tables, Receipt]:
    found = {name: _read_file(place) for name, place in places.items()}
    if len({(table.schema.metadata or {}).get(files.WRITE_KEY) for table in found.values()}) > 1:
        raise ExportError(f"{source} holds files of two writes, one of them cut short")
    tables = {name: restored(table, name, places[name]) for name, table in found.items()}
    written = (found["sessions"].schema.metadata or {}).get(files.RECEIPT_KEY)
    try:
        receipt = Receipt.from_dict(json.loads(written)) if written else None
    except (ValueError, TypeError, KeyError):
        raise ExportError(f"{places['sessions']} has a receipt that cannot be read") from None
    return tables, receipt or _bare_receipt(source, tables)


def _read_dataset(source: Path, manifest: Manifest) -> tuple[Tables, Receipt]:
    for tries in range(TRIES):
        try:
            return _read_manifest(source, manifest)
        except ExportError:
            newer = Manifest.load(source)
            if newer is None or newer == manifest or tries == TRIES - 1:
                raise
            manifest = newer
    raise AssertionError


def _read_manifest(source: Path, manifest: Manifest) -> tuple[Tables, Receipt]:
    manifest.check_begun(source)
    if not manifest.covered:
        raise ExportError(
            f"{source} is an export that is not finished (last whole day: "
            f"{max(manifest.days, default='none')}); the call that began it completes it",
        )
    check(manifest, source)
    return read_days(source, manifest, manifest.days), manifest.summary()


def read_days(
    source: Path,
    manifest: Manifest,
    days: Iterable[str],
    columns: Collection[str] | None = None,
) -> Tables:
    """Read some days of a dataset.

    Parameters
    ----------
    source : Path
        The folder.
    manifest : Manifest
        What is in it.
    days : iterable of str
        Some of the manifest's.
    columns : collection of str, optional
        Only these, and the keys.

    Returns
    -------
    dict of pyarrow.Table
        Sorted by (``start_date``, ``call_session_history_id``).

    Raises
    ------
    ExportError
        A file is missing, or was cut short or replaced.
    """
    parts: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}
    for name in days:
        day = manifest.days[name]
        rows = dict.fromkeys(SCHEMAS, 0)
        for file in day.files:
            table, place = file.partition("/")[0], manifest.where(source, name, file)
            part = _read_file(place, stored_columns(table, columns), f"; {_CURE}")
            mark = (part.schema.metadata or {}).get(files.WRITE_KEY, b"").decode("latin-1")
            if mark != day.run:
                raise ExportError(f"{place} is not the file that was written there: {_CURE}")
            rows[table] += len(part)
            parts[table].append(restored(part, table, place, columns))
        for table, number in rows.items():
            if number != day.rows[table]:
                raise ExportError(
                    f"{source / table} has {number} rows for {name} where {day.rows[table]} were "
                    f"written, so a file is missing or was replaced: {_CURE}",
                )
    return in_order({name: joined(found, name, columns) for name, found in parts.items()})


def _read_folder(source: Path) -> tuple[Tables, Receipt]:
    """Read a dataset that has lost its manifest, as it is."""
    parts = {
        name: [
            restored(_read_file(file), name, file)
            for file in sorted((source / name).glob("start_day=*/*.parquet"))
            if not of_the_system(file.name)
        ]
        for name in SCHEMAS
    }
    tables = in_order({name: joined(found, name) for name, found in parts.items()})
    return tables, _bare_receipt(source, tables)


def stored_columns(name: str, columns: Collection[str] | None) -> list[str] | None:
    """Return which columns of a stored table hold what is wanted."""
    if columns is None:
        return None
    known = {field for schema in SCHEMAS.values() for field in schema.names}
    # A field that is not declared may be a column, as earlier versions wrote it.
    unknown = [field for field in columns if field not in known]
    return [*part_of(name, columns).names, *unknown, *([UNKNOWN_FIELDS] if unknown else ())]


def _read_file(file: Path, columns: Collection[str] | None = None, cure: str = "") -> pa.Table:
    # One by one and not as a dataset, which would add the folder's day as a column.
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            names = parquet.schema_arrow.names
            return parquet.read(None if columns is None else [n for n in names if n in columns])
    except FileNotFoundError:
        raise ExportError(f"{file} is missing{cure}") from None
    except (OSError, pa.ArrowException) as error:
        raise ExportError(f"{file} cannot be read: {reason_of(error)}{cure}") from error


def _bare_receipt(source: Path, tables: Tables) -> Receipt:
    """Return what tables without a receipt show themselves, from the first to the last session."""
    starts = pc.min_max(tables["sessions"].column("start_date")).as_py()
    epoch = pa.scalar(0, pa.timestamp("us", "UTC")).as_py()
    return Receipt(
        from_date=starts["min"] or epoch,
        to_date=starts["max"] or epoch,
        inclusive="both",
        settled=f"read from {source.name}, which has no receipt",
        sessions=len(tables["sessions"]),
        calls=len(tables["calls"]),
        records=len(tables["records"]),
        resource_usage=len(tables["resource_usage"]),
    )


def concatenated(
    several: Sequence[tuple[Mapping[str, pa.Table], Receipt]],
) -> tuple[Tables, Receipt]:
    """Put results together, of each session the latest read.

    Parameters
    ----------
    several : list of tables and receipt
        At least one. Of two that were read at the same moment the later one wins.

    Returns
    -------
    tables : dict of pyarrow.Table
        Sorted by (``start_date``, ``call_session_history_id``).
    receipt : Receipt
        Their sum; sessions that were in several are counted in ``duplicates``.
    """
    ordered = sorted(
        several, key=lambda each: each[1].read_at.timestamp() if each[1].read_at else 0
    )
    seen = pa.array([], pa.int64())
    parts: dict[str, list[pa.Table]] = {name: [] for name in SCHEMAS}
    for tables, _ in reversed(ordered):
        ids = tables["sessions"].column("call_session_history_id").combine_chunks()
        for name, table in tables.items():
            parents = table.column("call_session_history_id")
            parts[name].append(table.filter(pc.invert(pc.is_in(parents, value_set=seen))))
        seen = pa.concat_arrays([seen, ids])
    joint = in_order({name: joined(found, name) for name, found in parts.items()})
    receipt = Receipt.sum([each for _, each in several])
    again = receipt.sessions - len(joint["sessions"])
    return joint, replace(
        receipt,
        sessions=len(joint["sessions"]),
        calls=len(joint["calls"]),
        records=len(joint["records"]),
        resource_usage=len(joint["resource_usage"]),
        duplicates=receipt.duplicates + again,
    )
