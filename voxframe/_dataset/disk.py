"""Paths of this machine, and files that are whole or not there."""

import contextlib
import errno
import functools
import logging
import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

logger = logging.getLogger("voxframe")

# Two letters at least, so that a Windows drive is no scheme; one slash, since pathlib folds two.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+:/")
_STORE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# What systems and file managers put into folders by themselves; all others begin with a dot.
_SYSTEM_NAMES = {
    "$recycle.bin",
    "__macosx",
    "@eadir",
    "desktop.ini",
    "lost+found",
    "system volume information",
    "thumbs.db",
}
# File systems over a network, or of a container, that cannot bring a folder's entries to the disk.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
_NO_FOLDER_SYNC |= {errno.EACCES, errno.EPERM}  # a folder that may be written and not read
_NO_LOCKS = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK}


def local_path(path: str | os.PathLike[str]) -> Path:
    """Return the absolute path of what a person names, ``~`` being the home folder.

    Raises
    ------
    ExportError
        It is a URL, or no path at all.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise ExportError(f"path: needs a path, not a {type(path).__name__}") from None
    if not text or "\0" in text:
        raise ExportError("path: is empty" if not text else "path: holds a null character")
    if found := _URL.match(text):
        raise ExportError(
            f"path: {found[0]}/… is a URL, and only folders of this machine can be written and "
            "read; name one, and copy it from or to there with the tools of that store",
        )
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - symlinks stay


def check_folder_of(file: Path) -> None:
    """Refuse a file whose folder is not there: most often its name is misspelled.

    Raises
    ------
    ExportError
        There is no such folder.
    """
    if not file.parent.is_dir():
        raise ExportError(
            f"{file} cannot be written: there is no folder {file.parent}; make it first"
        )


def is_url(path: object) -> bool:
    """Return whether a path is the URL of an object store."""
    return isinstance(path, str) and _STORE.match(path) is not None


def is_delta(root: Path) -> bool:
    """Return whether a folder holds Delta tables."""
    return any((root / name / "_delta_log").is_dir() for name in SCHEMAS)


def of_the_system(name: str) -> bool:
    """Return whether an entry of a folder is hidden or an operating system's own."""
    return name.startswith(".") or name.lower() in _SYSTEM_NAMES


def reason_of(error: Exception) -> str:
    """Return why a file cannot be read or written, in one line without its path."""
    return (
        (isinstance(error, OSError) and error.strerror)
        or str(error).split("\n")[0].strip().rstrip(".")
        or type(error).__name__
    )


@contextlib.contextmanager
def writing(target: Path | str, cure: str = "") -> Iterator[None]:
    """Tell a fault of the disk as an ExportError."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {reason_of(error)}{cure}") from error


def sync(folder: Path) -> None:
    """Bring a folder's own entries to the disk."""
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def write_text(path: Path, text: str) -> None:
    """Replace a small file as one step."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found = zlib.crc32(block, found)
    return found


def move(source: Path, place: Path) -> None:
    """Move a file to its place as one step, whatever stood there."""
    try:
        source.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A table's folder may be a link to another disk.
        temporary = place.with_name(f".{place.name}.tmp")
        with source.open("rb") as old, temporary.open("wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        temporary.replace(place)
        source.unlink()


def preserve(source: Path, place: Path) -> None:
    """Let a file lie at a second place, too, where it stays once it is replaced."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.hardlink_to(source)
    except OSError:
        # Another disk, or a file system without links.
        shutil.copyfile(source, place)


@contextlib.contextmanager
def locked(path: Path, refusal: str) -> Iterator[bool]:
    """Hold a lock that the system lets go of even after a kill.

    Parameters
    ----------
    path : Path
        A file, made if it is not there, or a folder.
    refusal : str
        What an ExportError says if another process or thread holds the lock.

    Yields
    ------
    bool
        Whether it is held; not where the file system has no locks.
    """
    folder = path.is_dir()
    if folder and os.name != "posix":
        yield False
        return
    handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _lock(handle, path, refusal)
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, refusal: str) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - posix only

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise ExportError(refusal) from None
        logger.warning("%s: the file system has no locks; do not write there twice at once", path)
        return False
    return True


discard = functools.partial(shutil.rmtree, ignore_errors=True)
