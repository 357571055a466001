"""One day on its way to the disk: a file a table, written as its rows come."""

import contextlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from voxframe._dataset.disk import checksum
from voxframe._dataset.files import WRITE_KEY
from voxframe._dataset.layout import STORED, Tables, cost_of, day_name, file_name
from voxframe._dataset.manifest import Day, staged_name
from voxframe._spec.tables import SCHEMAS

# A row group of about a million values is read in one go and still skipped in small steps.
_VALUES = 1_000_000
# As many rows as pyarrow reads of a file at once by itself.
_ROWS = 65_536


class DayWriter:
    """One day being written, a file a table, in staging.

    Files that are to last are Parquet, and brought to the disk. Others are read once and removed,
    and take as little time as that allows; see :func:`batches`.
    """

    def __init__(
        self, day: int, folder: Path, run: str, read_at: datetime, *, lasting: bool = True
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.day = day
        self._folder, self._run, self._read_at, self._lasting = folder, run, read_at, lasting
        self.cost = cost_of({name: schema.empty_table() for name, schema in SCHEMAS.items()})
        self._files = {name: file_name(name, day_name(day)) for name in SCHEMAS}
        self._writers: dict[str, _FileWriter | _PassingWriter] = {
            name: _FileWriter(folder / staged_name(file), name, run)
            if lasting
            else _PassingWriter(folder / staged_name(file), name)
            for name, file in self._files.items()
        }

    def add(self, tables: Tables) -> None:
        """Add stored tables, later than those before."""
        self.cost += cost_of(tables)
        for name, writer in self._writers.items():
            writer.add(tables[name])

    @property
    def rows(self) -> dict[str, int]:
        """How many there are so far, by table."""
        return {name: writer.rows for name, writer in self._writers.items()}

    def close(self, vanished: int = 0) -> Day:
        """Bring the files to their end; return what they hold."""
        try:
            sizes = {self._files[name]: writer.close() for name, writer in self._writers.items()}
        except BaseException:
            self.abandon()
            raise
        lasting = sizes if self._lasting else ()
        sums = {file: checksum(self._folder / staged_name(file)) for file in lasting}
        return Day(self.rows, self.cost, self._read_at, self._run, sizes, vanished, sums)

    def abandon(self) -> None:
        """Let go of files that will not be whole."""
        for writer in self._writers.values():
            writer.abandon()


class _FileWriter:
    """One table of one day."""

    def __init__(self, path: Path, name: str, run: str) -> None:
        self.rows = 0
        self._path, self._name = path, name
        self._schema = STORED[name].with_metadata({WRITE_KEY: run.encode()})
        # A dataset's readers skip row groups by the statistics of sorted starts.
        sorted_by = [i for i, n in enumerate(self._schema.names) if n == "start_date"]
        self._options = {
            "compression": "zstd",
            # Of ids, numbers and links a dictionary costs time, and more bytes than it saves.
            "use_dictionary": [f.name for f in self._schema if pa.types.is_dictionary(f.type)],
            "write_page_checksum": True,
            "sorting_columns": [pq.SortingColumn(i) for i in sorted_by] or None,
        }
        self._group = max(_VALUES // len(self._schema), 1)
        self._buffer: list[pa.Table] = []
        self._buffered = 0
        self._file: Any = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        self._buffer.append(table)
        self.rows += len(table)
        self._buffered += len(table)
        if self._buffered >= self._group:
            self._flush()

    def close(self) -> int:
        """Bring the file to the disk; return its size."""
        self._flush().close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = int(self._file.tell())
        self._file.close()
        return size

    def abandon(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError, pa.ArrowException):
                self._writer.close()
            with contextlib.suppress(OSError):
                self._file.close()

    def _flush(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._file = self._path.open("wb")
            self._writer = pq.ParquetWriter(self._file, self._schema, **self._options)
        if self._buffer:
            table = pa.concat_tables(self._buffer)
            table = table.unify_dictionaries().replace_schema_metadata(self._schema.metadata)
            self._writer.write_table(table, row_group_size=self._group)
        self._buffer, self._buffered = [], 0
        return self._writer


class _PassingWriter:
    """One table of one day, on its way through a folder that nobody else reads."""

    def __init__(self, path: Path, name: str) -> None:
        self.rows = 0
        self._path, self._schema = path, STORED[name]
        self._buffer: list[pa.Table] = []
        self._open = contextlib.ExitStack()
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def add(self, table: pa.Table) -> None:
        self._buffer.append(table)
        self.rows += len(table)
        if sum(map(len, self._buffer)) >= _ROWS:
            self._flush()

    def close(self) -> int:
        self._flush()
        self._open.close()
        return self._path.stat().st_size

    def abandon(self) -> None:
        with contextlib.suppress(OSError, pa.ArrowException):
            self._open.close()

    def _flush(self) -> None:
        if self._writer is None:
            sink = self._open.enter_context(self._path.open("wb"))
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            stream = pa.ipc.new_stream(sink, self._schema, options=options)
            self._writer = self._open.enter_context(stream)
        if self._buffer:
            table = pa.concat_tables(self._buffer).unify_dictionaries().combine_chunks()
            self._writer.write_table(table, max_chunksize=_ROWS)
        self._buffer = []


def batches(file: Path) -> Iterator[pa.RecordBatch]:
    """Read a file that was not to last."""
    with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
        yield from stream
