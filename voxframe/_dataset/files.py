"""Results as Parquet files, one a table."""

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet as pq

from voxframe._dataset.disk import discard, local_path, locked, move, of_the_system, sync, writing
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

RECEIPT_KEY = b"voxframe.receipt"
WRITE_KEY = b"voxframe.write"
FILES = {name: f"{name}.parquet" for name in SCHEMAS}

# A write moves four files while it holds the lock: another one waits for it, but not for ever.
_PATIENCE = 60.0
_WORK, _WHOLE = ".voxframe-part-", ".voxframe-whole-"


def write(tables: Mapping[str, pa.Table], receipt: Receipt, path: str | os.PathLike[str]) -> None:
    """Write one file a table, all of them or none.

    Parameters
    ----------
    tables : Mapping of pyarrow.Table
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
    target = local_path(path)
    with writing(target):
        _check_target(target)
        new = not target.exists()
        target.mkdir(parents=True, exist_ok=True)
        try:
            with _alone(target) as held:
                _check_target(target)
                _place(target)
                for left in target.glob(f"{_WORK}*") if held else ():
                    discard(left)
                work = target / f"{_WORK}{uuid.uuid4().hex}"
                try:
                    work.mkdir()
                    _write_all(tables, receipt, work)
                    # From here on it is there, whole, wherever its files still lie.
                    work.rename(target / work.name.replace(_WORK, _WHOLE))
                finally:
                    discard(work)
                sync(target)
                _place(target)
        except BaseException:
            if new:
                with contextlib.suppress(OSError):
                    target.rmdir()
            raise


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[bool]:
    """Hold the folder against other writes; wait for them."""
    until = time.monotonic() + _PATIENCE
    with contextlib.ExitStack() as stack:
        while True:
            try:
                held = stack.enter_context(locked(target, f"{target} is being written"))
            except ExportError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                break
        yield held


def _check_target(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file; name a folder")
    for entry in sorted(target.iterdir()):
        if of_the_system(entry.name):
            continue
        if entry.name not in FILES.values():
            raise ExportError(f"{target} holds other data ({entry.name}); name a folder of its own")
        if written_by(entry) is None:
            raise ExportError(
                f"{entry} was not written by voxframe, or cannot be read; move it elsewhere, or "
                "name another folder",
            )


def written_by(file: Path) -> str | None:
    """Return which write or run a Parquet file is of; None of one that is not ours."""
    try:
        with pq.ParquetFile(file) as parquet:
            mark = (parquet.metadata.metadata or {}).get(WRITE_KEY)
    except (OSError, pa.ArrowException):
        return None
    return None if mark is None else mark.decode("latin-1")


def _write_all(tables: Mapping[str, pa.Table], receipt: Receipt, folder: Path) -> None:
    metadata = {
        RECEIPT_KEY: json.dumps(receipt.to_dict()).encode(),
        WRITE_KEY: uuid.uuid4().hex.encode(),
    }
    for name, file_name in FILES.items():
        with (folder / file_name).open("wb") as file:
            pq.write_table(tables[name].replace_schema_metadata(metadata), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
    sync(folder)


def where(target: Path) -> dict[str, Path]:
    """Return where the four files lie: in their place, or on their way to it."""
    waiting = sorted(target.glob(f"{_WHOLE}*"))
    return {
        name: next((w / file for w in waiting if (w / file).exists()), target / file)
        for name, file in FILES.items()
    }


def _place(target: Path) -> None:
    """Move what was written whole to its place, sessions last."""
    for whole in sorted(target.glob(f"{_WHOLE}*")):
        for file in reversed(FILES.values()):
            if (whole / file).exists():
                move(whole / file, target / file)
        sync(target)
        discard(whole)
