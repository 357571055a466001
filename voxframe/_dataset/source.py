"""A folder that is read as a dataset, no more of it than is asked for."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from voxframe._dataset.damage import check_strangers, check_tables, damage
from voxframe._dataset.disk import is_delta, is_url, local_path, writing
from voxframe._dataset.layout import DAY, STORED, day_name
from voxframe._dataset.manifest import Manifest, check_not_lost
from voxframe._dataset.reading import TRIES, Tables, read_days
from voxframe.errors import ExportError, InvalidQueryError

_DAY_OF_FOLDER = pa.schema([("start_day", pa.date32())])


class Source(Protocol):
    """Where a dataset is read from."""

    def manifest(self) -> Manifest:
        """Return what is there now."""

    def arrow(self, name: str) -> ds.Dataset:
        """Return a table that is read when it is asked something."""

    def tables(self, days: Sequence[str], columns: Collection[str] | None) -> Tables:
        """Return days as they were read from the service."""

    def damage(self) -> Mapping[str, Sequence[str]]:
        """Return the days that are not there as they were written, and what is wrong with each."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A dataset in a folder of this machine."""

    root: Path

    def manifest(self) -> Manifest:
        """Return what is there now."""
        manifest = Manifest.load(self.root)
        if manifest is None and not self.root.exists():
            raise ExportError(f"no such folder: {self.root}")
        if manifest is None and not self.root.is_dir():
            raise ExportError(f"{self.root} is a file; name the folder of a dataset")
        if manifest is not None:
            manifest.check_begun(self.root)
        if manifest is None:
            check_not_lost(self.root)
        if manifest is None or not manifest.covered:
            raise ExportError(
                f"{self.root} is not a finished dataset of sync_call_history or "
                "export_call_history; CallHistory.from_parquet reads what to_parquet wrote",
            )
        return manifest

    def arrow(self, name: str) -> ds.Dataset:
        """Return a table that is read when it is asked something."""
        manifest = self.manifest()
        places = [
            str(manifest.where(self.root, day, file))
            for day, written in manifest.days.items()
            for file in written.files
            if file.startswith(f"{name}/")
        ]
        schema = pa.schema([*STORED[name], *_DAY_OF_FOLDER])
        return ds.dataset(
            places,
            schema=schema,
            format=ds.ParquetFileFormat(
                default_fragment_scan_options=ds.ParquetFragmentScanOptions(
                    page_checksum_verification=True
                )
            ),
            partitioning=ds.partitioning(_DAY_OF_FOLDER, flavor="hive"),
            partition_base_dir=str(self.root / name),
        )

    def tables(self, days: Sequence[str], columns: Collection[str] | None) -> Tables:
        """Return days as they were read from the service."""
        return read_days(self.root, self.manifest(), days, columns)

    def damage(self) -> Mapping[str, Sequence[str]]:
        """Return the days that are not there as they were written; every byte is read.

        Raises
        ------
        ExportError
            A table is not there at all, or there is a file that is not ours.
        """
        manifest, found = self.manifest(), dict[str, list[str]]()
        with writing(self.root):
            check_tables(manifest, self.root)
            for _ in range(TRIES):
                found = damage(manifest, self.root, whole=True)
                newer = self.manifest()
                if not found or newer == manifest:
                    break
                # It may be a sync, which replaces days meanwhile.
                manifest = newer
            check_strangers(manifest, self.root)
        return found


def starting_at(source: Source, second: int) -> int:
    """Return how many sessions start in a second."""
    day = day_name(second // DAY)
    if day not in source.manifest().days:
        return 0
    starts = source.tables([day], ["start_date"])["sessions"]["start_date"].cast(pa.int64())
    return int(pc.sum(pc.equal(starts, second * 1_000_000)).as_py() or 0)


def source_of(
    path: str | os.PathLike[str], storage_options: Mapping[str, str] | None = None
) -> Source:
    """Find out what lies at a path.

    Raises
    ------
    ExportError
        It is no dataset.
    """
    source: Source
    if is_url(path) or is_delta(local_path(path)):
        from voxframe._dataset.delta import Delta  # noqa: PLC0415 - an extra
        from voxframe._dataset.delta_tables import Tables  # noqa: PLC0415 - an extra

        source = Delta(Tables.at(path, storage_options))
    elif storage_options is not None:
        raise InvalidQueryError("storage_options: are for Delta tables in an object store only")
    else:
        source = Folder(local_path(path))
    source.manifest()
    return source
