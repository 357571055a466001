"""Which days of a dataset still have files to be fetched, kept beside the files."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from voxframe._dataset.disk import write_text, writing
from voxframe._dataset.layout import DAY, day_number
from voxframe._dataset.manifest import Manifest
from voxframe._recordings.store import CURE, Entry
from voxframe._recordings.wanted import COLUMNS, KINDS, Wanted, wanted

_NOTES = ".voxframe-days.json"
# What another try may change.
_OPEN = {"cut short", "failed", "forbidden", "no answer", "not authorized", "throttled"}
# The service clears links after a month.
_LINKS_LIVE = 31 * DAY
# Sessions that are looked at at once: their links are some 40 MB in memory.
_SESSIONS = 50_000


class Dataset(Protocol):
    """What is followed."""

    def manifest(self) -> Manifest:
        """Return what is there now."""

    def tables(self, days: Sequence[str], columns: list[str]) -> Mapping[str, pa.Table]:
        """Return some columns of some days."""


def fetch_new(
    root: Path, dataset: Dataset, fetch: Callable[[Sequence[Wanted]], list[Entry]]
) -> tuple[list[Wanted], list[Entry]]:
    """Fetch the files of all days that were written since they were looked at, oldest first.

    A day with a file that could not be had is looked at again the next time, until its
    links have expired.

    Parameters
    ----------
    root : Path
        Where the files are.
    dataset : Dataset
        What has the links.
    fetch : callable
        Fetches what is not there yet.

    Returns
    -------
    list of Wanted, list of Entry
        Each file of those days, and what became of it.
    """
    manifest = dataset.manifest()
    whose = str(manifest.query["fingerprint"])
    done = _load(root).get(whose, {})
    # By the service's clock, if this machine's is ahead.
    now = max((stretch.read_at.timestamp() for stretch in manifest.read), default=0)
    done = {day: run for day, run in done.items() if _run(manifest, day) == run}
    files: list[Wanted] = []
    entries: list[Entry] = []
    columns = sorted({column for table in COLUMNS.values() for column in table})
    for days in _few(manifest, [day for day in manifest.days if day not in done]):
        found = wanted(dataset.tables(days, columns), KINDS, UTC)
        became = fetch(found)
        incomplete = {
            each.folder.rpartition("=")[2]
            for each, entry in zip(found, became, strict=True)
            if entry.path is None and entry.error in _OPEN
        }
        for day in days:
            if day not in incomplete or (day_number(day) + 1) * DAY + _LINKS_LIVE < now:
                done[day] = _run(manifest, day)
        _save(root, whose, done)
        files += found
        entries += became
    return files, entries


def _run(manifest: Manifest, day: str) -> str:
    return manifest.days[day].run if day in manifest.days else ""


def _few(manifest: Manifest, days: Sequence[str]) -> Iterator[list[str]]:
    """Yield neighbouring days with few enough sessions together."""
    few: list[str] = []
    sessions = 0
    for day in days:
        more = manifest.days[day].rows["sessions"]
        if few and sessions + more > _SESSIONS:
            yield few
            few, sessions = [], 0
        few.append(day)
        sessions += more
    if few:
        yield few


def _load(root: Path) -> dict[str, dict[str, str]]:
    """Return which days of which dataset are done, as which run wrote them."""
    with contextlib.suppress(OSError, ValueError):
        plain = json.loads((root / _NOTES).read_bytes())
        if isinstance(plain, dict) and all(isinstance(days, dict) for days in plain.values()):
            return plain
    # Without notes every day is looked at once more, and nothing that is there is asked for.
    return {}


def _save(root: Path, whose: str, done: Mapping[str, str]) -> None:
    notes = _load(root) | {whose: dict(sorted(done.items()))}
    with writing(root / _NOTES, CURE):
        write_text(root / _NOTES, json.dumps(notes, indent=0))
