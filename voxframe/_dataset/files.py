"""Results as Parquet files, and back."""

import json
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from voxframe._dataset.disk import sync
from voxframe._dataset.manifest import Manifest
from voxframe._receipt import Receipt
from voxframe._spec.tables import CHILDREN, SCHEMAS, SESSION_ID
from voxframe._tables.unify import unified, whole
from voxframe.errors import ExportError

RECEIPT_KEY = b"voxframe.receipt"
_WRITE_KEY = b"voxframe.write"
_FILES = {name: f"{name}.parquet" for name in SCHEMAS}

Tables = dict[str, pa.Table]


def write(tables: Tables, receipt: Receipt, path: str | os.PathLike[str]) -> None:
    """Write one file a table, all of them or none.

    Parameters
    ----------
    tables : dict of pyarrow.Table
        The four tables.
    receipt : Receipt
        Goes into each file's metadata.
    path : path-like
        A folder: new, empty, or written by this function before.

    Raises
    ------
    ExportError
        If `path` is a file or holds anything else, or cannot be written; what
        was in it is as it was before.
    """
    target = Path(path)
    _check_target(target)
    work = target.parent / f".{target.name}.{uuid.uuid4().hex}.tmp"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work.mkdir()
        _write_all(tables, receipt, work)
        _settle(work, target)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check_target(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is no folder")
    if foreign := [entry.name for entry in target.iterdir() if entry.name not in _FILES.values()]:
        raise ExportError(f"{target} holds other data ({min(foreign)}); name a folder of its own")


def _write_all(tables: Tables, receipt: Receipt, folder: Path) -> None:
    metadata = {
        RECEIPT_KEY: json.dumps(receipt.to_dict()).encode(),
        _WRITE_KEY: uuid.uuid4().hex.encode(),
    }
    for name, file_name in _FILES.items():
        with (folder / file_name).open("wb") as file:
            pq.write_table(tables[name].replace_schema_metadata(metadata), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
    sync(folder)


def _settle(work: Path, target: Path) -> None:
    """Put the files in their place: as one step if there is nothing to replace."""
    if not target.exists() or not any(target.iterdir()):
        if target.exists():
            target.rmdir()
        work.rename(target)
    else:
        # Sessions last. A reader sees from the mark of the write when it is
        # between two of these steps.
        for name in reversed(_FILES.values()):
            (work / name).replace(target / name)
        sync(target)
    sync(target.parent)


def read(path: str | os.PathLike[str]) -> tuple[Tables, Receipt]:
    """Read what :func:`write` wrote, or an export.

    Parameters
    ----------
    path : path-like
        A folder with ``sessions.parquet`` and its siblings, or one with
        ``sessions/start_day=…/*.parquet`` and its siblings.

    Returns
    -------
    tables : dict of pyarrow.Table
        In the declared types. Of an export sorted by (``start_date``,
        ``call_session_history_id``).
    receipt : Receipt
        As it was written, or the bare facts where none was.

    Raises
    ------
    ExportError
        If `path` holds neither, or files that do not belong together.
    """
    source = Path(path)
    if (source / _FILES["sessions"]).is_file():
        parts = {name: [source / file] for name, file in _FILES.items()}
        arrange: Callable[[Tables], Tables] = _as_is
    elif (source / "sessions").is_dir():
        manifest = Manifest.load(source)
        if manifest is not None and not manifest.complete:
            raise ExportError(
                f"{source} is an export that is not finished (last whole day: "
                f"{max(manifest.days, default='none')}); the call that began it completes it",
            )
        parts = {name: sorted((source / name).glob("start_day=*/*.parquet")) for name in SCHEMAS}
        arrange = _in_order
    else:
        raise ExportError(f"{source} holds no call history (no sessions.parquet, no sessions/)")
    try:
        found = {name: [_read_file(file) for file in files] for name, files in parts.items()}
    except (OSError, pa.ArrowException) as error:
        raise ExportError(f"{source} cannot be read: {type(error).__name__}") from error
    _check_one_write(source, found)
    tables = arrange({name: _joined(found[name], name, source) for name in SCHEMAS})
    return tables, _receipt(source, found, tables)


def _read_file(file: Path) -> pa.Table:
    # One by one and not as a dataset, which would add the folder's day as a column.
    with pq.ParquetFile(file) as parquet:
        return parquet.read()


def _check_one_write(source: Path, found: dict[str, list[pa.Table]]) -> None:
    marks = {
        (table.schema.metadata or {}).get(_WRITE_KEY)
        for tables in found.values()
        for table in tables
    }
    if len(marks) > 1 and (source / _FILES["sessions"]).is_file():
        raise ExportError(f"{source} holds files of two writes, one of them cut short")


def _joined(parts: list[pa.Table], name: str, source: Path) -> pa.Table:
    declared = SCHEMAS[name]
    clean = []
    for part in parts:
        count = len(declared)
        if part.column_names[:count] != declared.names:
            raise ExportError(f"{source} has a table of other columns under {name}")
        extra = list(part.schema.remove_metadata())[count:]
        try:
            clean.append(part.cast(pa.schema([*declared, *extra])))
        except pa.ArrowException:
            raise ExportError(f"{source} has columns of other types under {name}") from None
    if not clean:
        return declared.empty_table()
    return whole(pa.concat_tables(unified(clean, declared)))


def _as_is(tables: Tables) -> Tables:
    return tables


def _in_order(tables: Tables) -> Tables:
    sessions = tables["sessions"]
    ids = sessions.column(SESSION_ID).to_numpy()
    starts = sessions.column("start_date").cast(pa.int64()).to_numpy()
    order = np.lexsort((ids, starts))
    arranged = {"sessions": _taken(sessions, order)}
    by_id = np.argsort(ids[order], kind="stable")
    for name in CHILDREN:
        parents = tables[name].column(SESSION_ID).to_numpy()
        at = np.searchsorted(ids[order], parents, sorter=by_id)
        orphan = at == len(by_id)
        at[orphan] = 0
        if len(parents) and (orphan.any() or not np.array_equal(ids[order][by_id[at]], parents)):
            raise ExportError(f"the export has {name} of sessions that it does not have")
        place = by_id[at] if len(parents) else np.zeros(0, dtype=np.int64)
        arranged[name] = _taken(tables[name], np.argsort(place, kind="stable"))
    return arranged


def _taken(table: pa.Table, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Table:
    if np.all(order[1:] > order[:-1]):
        return table
    return table.take(pa.array(order, pa.int64()))


def _receipt(source: Path, found: dict[str, list[pa.Table]], tables: Tables) -> Receipt:
    manifest = Manifest.load(source)
    if manifest is not None:
        return manifest.summary()
    for table in found["sessions"]:
        if written := (table.schema.metadata or {}).get(RECEIPT_KEY):
            return Receipt.from_dict(json.loads(written))
    return bare_receipt(tables, f"read from {source.name}, which has no receipt")


def bare_receipt(tables: Tables, settled: str) -> Receipt:
    """Say of tables without a receipt what they themselves show.

    Parameters
    ----------
    tables : dict of pyarrow.Table
        The four tables.
    settled : str
        Why they are thought to be complete.

    Returns
    -------
    Receipt
        Its window reaches from the first to the last session.
    """
    starts = pc.min_max(tables["sessions"].column("start_date")).as_py()
    epoch = pa.scalar(0, pa.timestamp("us", "UTC")).as_py()
    return Receipt(
        from_date=starts["min"] or epoch,
        to_date=starts["max"] or epoch,
        inclusive="both",
        settled=settled,
        sessions=len(tables["sessions"]),
        calls=len(tables["calls"]),
        records=len(tables["records"]),
        resource_usage=len(tables["resource_usage"]),
    )
