"""The folder on disk: files that are whole or not there, and the index beside them."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import parquet as pq

from voxframe._dataset.disk import (
    local_path,
    locked,
    of_the_system,
    reason_of,
    sync,
    writing,
)
from voxframe._recordings.names import ENDINGS, stems, type_of
from voxframe._recordings.wanted import Key, Wanted
from voxframe.errors import ExportError

INDEX = "index.parquet"
_LOCK = ".voxframe-lock"
_PART = ".part"
_MARK = {b"voxframe": b"recordings"}
CURE = "; free some space or name another folder, and the same call goes on"

SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("id", pa.int64()),
        ("session", pa.int64()),
        ("path", pa.string()),
        ("bytes", pa.int64()),
        ("type", pa.string()),
        ("error", pa.string()),
    ],
    metadata=_MARK,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the index: where a file is, or why it is not.

    Attributes
    ----------
    path : str or None
        Below the folder, with ``/``.
    bytes : int or None
        Its size.
    type : str or None
        As the answer's header, or the file's name, tells.
    error : str or None
        What went wrong.
    """

    path: str | None = None
    bytes: int | None = None
    type: str | None = None
    error: str | None = None


class Store:
    """A folder of files by their ids; the caller holds its lock."""

    def __init__(self, root: Path, index: dict[Key, Entry]) -> None:
        self.root = root
        self._index = index
        self._stems = {
            entry.path.rpartition(".")[0]: key for key, entry in index.items() if entry.path
        }
        self._listed: dict[str, dict[str, int]] = {}
        self._changed: set[Path] = set()
        # A thread of a run that was broken off may remove its own unfinished file late.
        self._run = os.urandom(4).hex()

    def stem_of(self, wanted: Wanted) -> str:
        """Return a file's name without its ending, which no other file gets from now on."""
        for name in stems(wanted):
            if self._stems.setdefault(f"{wanted.folder}/{name}", wanted.key) == wanted.key:
                return name
        raise AssertionError("a session has an id once")

    def whole(self, wanted: Wanted) -> Entry | None:
        """Return a file that is there and whole, or None."""
        known = self._index.get(wanted.key)
        if known is not None and known.path is not None:
            folder, _, name = known.path.rpartition("/")
            return known if self._list(folder).get(name) == known.bytes else None
        # Written by a run that was killed before it could note it: its name is given at the end.
        stem, there = self.stem_of(wanted), self._list(wanted.folder)
        for name in (f"{stem}.{ending}" for ending in ENDINGS):
            if there.get(name, -1) >= (wanted.size or 1):
                return Entry(f"{wanted.folder}/{name}", there[name], type_of(name))
        return None

    def _list(self, folder: str) -> dict[str, int]:
        """Return the files of a folder and their sizes; remove what a killed run left behind."""
        if folder not in self._listed:
            found: dict[str, int] = {}
            with contextlib.suppress(FileNotFoundError), os.scandir(self.root / folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") and entry.name.endswith(_PART):
                        # Nobody else writes here: the lock is ours.
                        Path(entry.path).unlink()
                    elif entry.is_file():
                        found[entry.name] = entry.stat().st_size
            self._listed[folder] = found
        return self._listed[folder]

    def failed(self, wanted: Wanted) -> bool:
        """Return whether it could not be had before."""
        known = self._index.get(wanted.key)
        return known is not None and known.error is not None

    def prepare(self, wanted: Wanted) -> None:
        """Make the folder for a file, and keep its name for it."""
        path = self.root / wanted.folder
        if path not in self._changed:
            with writing(path):
                path.mkdir(parents=True, exist_ok=True)
            self._changed.add(path)
        self.stem_of(wanted)

    @contextlib.contextmanager
    def part(self, wanted: Wanted) -> Iterator[BinaryIO]:
        """Open a file to be written, which is gone in the end unless it was kept."""
        path = self.root / wanted.folder / f".{self.stem_of(wanted)}.{self._run}{_PART}"
        with writing(path, CURE):
            file = path.open("w+b")
        try:
            yield file
        finally:
            # What is still in its buffer finds no room on a disk that is full.
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                path.unlink()

    def keep(self, wanted: Wanted, file: BinaryIO, ending: str) -> str:
        """Move a whole file to its name; return its path below the folder."""
        name = f"{self.stem_of(wanted)}.{ending}"
        file.flush()
        os.fsync(file.fileno())
        file.close()  # what is open cannot be renamed on every system
        Path(file.name).replace(self.root / wanted.folder / name)
        path, old = f"{wanted.folder}/{name}", self._index.get(wanted.key)
        if old is not None and old.path is not None and old.path != path:
            (self.root / old.path).unlink(missing_ok=True)
        return path

    def note(self, found: Sequence[tuple[Wanted, Entry]]) -> None:
        """Write the index: what is known now, and what was known of other files before."""
        with writing(self.root / INDEX, CURE):
            for folder in sorted(self._changed):
                sync(folder)
                sync(folder.parent)
            merged = self._index | {wanted.key: entry for wanted, entry in found}
            _write_index(self.root, merged)


@contextlib.contextmanager
def opened(folder: str | os.PathLike[str]) -> Iterator[Store]:
    """Open a folder for downloads, which is new, empty or was one before.

    Raises
    ------
    ExportError
        It cannot be written, is in use, or holds something else.
    """
    root = local_path(folder)
    with contextlib.ExitStack() as held:
        with writing(root):
            _check(root)
            root.mkdir(parents=True, exist_ok=True)
            refusal = f"{root} is being written by another download"
            held.enter_context(locked(root / _LOCK, refusal))
            index = _read_index(root)
        yield Store(root, index)


def _check(root: Path) -> None:
    if not root.exists():
        return
    if not root.is_dir():
        raise ExportError(f"{root} is a file; name a folder")
    if (root / INDEX).exists():
        _read_index(root)
    elif not (root / _LOCK).exists():
        names = [each.name for each in root.iterdir() if not of_the_system(each.name)]
        if names:
            raise ExportError(f"{root} holds other data ({min(names)}); name a folder of its own")


def _read_index(root: Path) -> dict[Key, Entry]:
    path = root / INDEX
    if not path.exists():
        return {}
    try:
        with pq.ParquetFile(path) as parquet:
            table = parquet.read()
    except (OSError, pa.ArrowException) as error:
        raise ExportError(f"{path} cannot be read: {reason_of(error)}") from None
    ours = (table.schema.metadata or {}).get(b"voxframe") == _MARK[b"voxframe"]
    if not ours or table.schema.remove_metadata() != SCHEMA.remove_metadata():
        raise ExportError(f"{path} is not an index of downloads; name a folder of its own")
    return {
        (row["table"], row["id"], row["session"]): Entry(
            row["path"], row["bytes"], row["type"], row["error"]
        )
        for row in table.to_pylist()
    }


def as_table(found: Sequence[tuple[Key, Entry]]) -> pa.Table:
    """Return lines of the index."""
    rows = [(*key, each.path, each.bytes, each.type, each.error) for key, each in found]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _write_index(root: Path, index: dict[Key, Entry]) -> None:
    """Replace the index as one step."""
    temporary = root / f".{INDEX}.tmp"
    try:
        with temporary.open("wb") as file:
            pq.write_table(as_table(list(index.items())), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(root / INDEX)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync(root)
