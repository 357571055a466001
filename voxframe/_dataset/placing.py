"""What a run has staged is brought to its place, whatever interrupts it."""

from collections.abc import Collection
from pathlib import Path

from voxframe._dataset.at_once import at_once
from voxframe._dataset.disk import discard, move, sync
from voxframe._dataset.manifest import Manifest, staged_name, staging
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import ExportError


def settle(root: Path, manifest: Manifest) -> None:
    """Bring to its place what the manifest names, wherever it was interrupted.

    Children before sessions: a reader never finds a session whose calls are still to come.
    """
    folders: set[Path] = set()
    for table in reversed(SCHEMAS):
        for name in manifest.placing:
            for file in manifest.days[name].files:
                source = staging(root, manifest.days[name].run) / staged_name(file)
                if file.startswith(f"{table}/") and source.exists():
                    place = root / file
                    place.parent.mkdir(parents=True, exist_ok=True)
                    move(source, place)
                    folders |= {place.parent, place.parent.parent, root}
    for file in manifest.removing:
        place = root / file
        place.unlink(missing_ok=True)
        if place.parent.exists() and not any(place.parent.iterdir()):
            place.parent.rmdir()
        folders.add(place.parent.parent)
    for _ in at_once(sync, [folder for folder in sorted(folders, reverse=True) if folder.exists()]):
        pass


def announce(root: Path, manifest: Manifest, run: str, ours: Collection[str]) -> None:
    """Name in the manifest what a run has staged: from here on it is there.

    Raises
    ------
    ExportError
        Something else lies there: a file that is none of ``ours``.
    """
    for name in manifest.placing:
        for file in manifest.days[name].files:
            if file not in ours and (root / file).exists():
                raise ExportError(
                    f"{root / file} was not written by this export; move it elsewhere"
                )
    if manifest.placing:
        sync(staging(root, run))
    manifest.save(root)


def clear_staging(root: Path) -> None:
    """Remove what was never named in the manifest."""
    discard(staging(root))
