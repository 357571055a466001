"""Whether a dataset in a folder is there as it was written."""

from collections.abc import Iterator
from pathlib import Path

from voxframe._dataset.disk import checksum, of_the_system
from voxframe._dataset.manifest import Manifest
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError

# Nothing that writes all days anew: what was damaged may hold what the service no longer gives.
_CURE = "audit_call_history(…, repair=True) reads its day again"
_CURE_OF_SYNC = "the next sync, or audit_call_history(…, repair=True), reads its day again"


def check(manifest: Manifest, root: Path) -> None:
    """Compare a manifest with what lies there.

    Raises
    ------
    ExportError
        A file is missing, has another size, or is not ours; it is named.
    """
    check_tables(manifest, root)
    for faults in damage(manifest, root).values():
        cure = _CURE if manifest.lookback is None else _CURE_OF_SYNC
        raise ExportError(f"{faults[0]}: {cure}")
    check_strangers(manifest, root)


def check_tables(manifest: Manifest, root: Path) -> None:
    """Refuse a folder that has nothing of a table: it may only be away.

    Raises
    ------
    ExportError
        Its folder is not there, or none of the files of several days; the table is named.
    """
    for table in SCHEMAS:
        places = [
            manifest.where(root, name, file)
            for name, day in manifest.days.items()
            for file in day.files
            if file.startswith(f"{table}/")
        ]
        if not places or any(place.exists() for place in places):
            continue
        if (there := (root / table).exists()) and len(places) == 1:
            continue
        what = f"holds none of its {len(places):,} files" if there else "is not there"
        raise ExportError(
            f"{root / table} {what}: is the disk mounted? Put it back at its place; if it is "
            "lost, sync_call_history with vanished='intact' reads again what the service still "
            "gives",
        )


def damage(manifest: Manifest, root: Path, *, whole: bool = False) -> dict[str, list[str]]:
    """Return the days that are not there as they were written, and all that is wrong with each.

    Parameters
    ----------
    manifest : Manifest
        What was written.
    root : Path
        Where it lies.
    whole : bool
        Read every byte, not only sizes.
    """
    found: dict[str, list[str]] = {}
    for name in manifest.days:
        faults = [
            f"{root} has lost the {table} of {name}" for table in without_file(manifest, name)
        ]
        faults += [
            fault(manifest, root, name, file, whole=whole) for file in manifest.days[name].files
        ]
        if any(faults):
            found[name] = list(filter(None, faults))
    return found


def without_file(manifest: Manifest, name: str) -> list[str]:
    """Return the tables that a day has rows of and no file."""
    day = manifest.days[name]
    return [
        table
        for table, rows in day.rows.items()
        if rows and not any(file.startswith(f"{table}/") for file in day.files)
    ]


def fault(manifest: Manifest, root: Path, name: str, file: str, *, whole: bool) -> str:
    """Return what is wrong with a file of a day, nothing if all is well."""
    day, place = manifest.days[name], manifest.where(root, name, file)
    try:
        size = place.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return f"{root / file} is missing"
    if size != day.files[file]:
        return (
            f"{root / file} has {size:,} bytes where {day.files[file]:,} were written, so it was "
            "cut short or replaced"
        )
    if whole and file in day.checksums and checksum(place) != day.checksums[file]:
        return f"{root / file} is not as it was written (its checksum differs)"
    return ""


def check_strangers(manifest: Manifest, root: Path) -> None:
    """Refuse files in the tables' folders that are not ours: readers would take them in."""
    known = {file for day in manifest.days.values() for file in day.files}
    known |= set(manifest.removing)
    for file in _data_files(root):
        if file.relative_to(root).as_posix() not in known:
            raise ExportError(
                f"{file} was not written by this export, and whoever reads the folder reads "
                "it too: move it elsewhere, or name another folder",
            )


def _data_files(root: Path) -> Iterator[Path]:
    for name in SCHEMAS:
        for file in sorted((root / name).rglob("*")):
            parts = file.relative_to(root / name).parts
            # Readers of datasets pass over what begins with an underscore, as over what is hidden.
            if any(of_the_system(part) or part.startswith("_") for part in parts):
                continue
            if not file.is_dir():
                yield file
