"""A history as one source, or a dataset as one after another, and sums over all of them.

Every function that counts or adds up does it in two steps: a tally of each source, and
figures of the sum of all tallies. A ``CallHistory`` is one source, so both ways are one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SCHEMAS
from voxframe.analysis._derived import CLOCK, OF_LEGS, OF_SESSIONS
from voxframe.analysis._far_ends import FarEnds
from voxframe.analysis._grouping import By, names_of
from voxframe.analysis._source import Entries, HasDays, History, Ints, Source, window_of

# Rows of all four tables that are held at once, some 150 MB; a day with more is held whole.
_ROWS = 500_000

# All that any figure needs; texts that are long and links to files are left where they are.
_COLUMNS = (
    "account_id", "application_name", "call_id", "cost", "duration", "end_reason_code",
    "finish_reason", "incoming", "local_number", "ref_call_id", "remote_number",
    "remote_number_type", "resource_type", "rule_name", "start_date", "start_time", "successful",
    "used_at",
)  # fmt: skip
_DERIVED = (*OF_LEGS, *OF_SESSIONS, *CLOCK, "kind")


@dataclass(frozen=True)
class Sources:
    """What a function works on: a history as it is, a dataset some days at a time."""

    unread: frozenset[str]
    window: tuple[int, int] | None
    _parts: "_Whole | _Days"

    @classmethod
    def of(
        cls,
        history: History,
        *,
        by: By = None,
        own: Entries = (),
        machine: Entries = (),
        network: Entries = (),
    ) -> "Sources":
        """Take what a function is given, what it groups by, and what is said of far ends.

        Raises
        ------
        ValueError
            As :meth:`Source.of`, and for a column of several types over a dataset's days.
        """
        if isinstance(history, Mapping) or not isinstance(history, HasDays):
            return cls.of_one(Source.of(history, own=own, machine=machine, network=network))
        receipt = history.receipt
        names = tuple(name.rpartition(".")[2] for name in names_of(by))
        days = _Days(history, _state(history), FarEnds.of(own, machine, network), names)
        strange = [n for n in names if n not in _DERIVED and not _declared(n)]
        if strange:
            days = replace(days, types=_types(days, strange))
        return cls(frozenset(receipt.unread), window_of(receipt), days)

    @classmethod
    def of_one(cls, source: Source) -> "Sources":
        """Take one source that is all."""
        return cls(source.unread, source.window, _Whole(source))

    def __iter__(self) -> Iterator[Source]:
        return self.reading(*_COLUMNS)

    def reading(self, *columns: str) -> Iterator[Source]:
        """Return the sources with no more than some columns and those that are grouped by."""
        return self._parts.reading(columns)


@dataclass(frozen=True, slots=True)
class _Whole:
    source: Source

    def reading(self, _columns: tuple[str, ...]) -> Iterator[Source]:
        yield self.source


@dataclass(frozen=True, slots=True)
class _Days:
    dataset: HasDays
    state: pd.DataFrame
    far_ends: FarEnds
    by: tuple[str, ...]
    types: Mapping[str, Mapping[str, pa.DataType]] = field(default_factory=dict)
    """Of each table the columns that are not declared and are grouped by."""

    def reading(self, columns: tuple[str, ...]) -> Iterator[Source]:
        """Yield a source for every few days, at least one."""
        wanted = [*columns, *self.by]
        for first, last in self._stretches():
            read = Source.of(self.dataset.read(first, last, columns=wanted))
            tables = {name: self._completed(name, table) for name, table in read.tables.items()}
            yield replace(read, tables=tables, far_ends=self.far_ends)
        if not self.state.equals(_state(self.dataset)):
            raise ValueError("The dataset was written while it was read: call again.")

    def _stretches(self) -> Iterator[tuple[pd.Timestamp | None, pd.Timestamp | None]]:
        """Yield the ends of neighbouring days with few enough rows together, at least once."""
        days = [*self.state["day"]]
        rows = [int(each) for each in self.state[list(SCHEMAS)].sum(axis=1)]
        if not days:
            # So that there is a source, of no rows.
            yield None, None
            return
        first = held = 0
        for at, more in enumerate(rows):
            if at > first and held + more > _ROWS:
                yield days[first], days[at]
                first, held = at, 0
            held += more
        yield days[first], days[-1] + pd.Timedelta(days=1)

    def _completed(self, name: str, table: pa.Table) -> pa.Table:
        """Return a table with the columns that only other days have."""
        for column, kind in self.types.get(name, {}).items():
            if column not in table.column_names:
                table = table.append_column(column, pa.nulls(len(table), kind))
        return table


def _state(dataset: HasDays) -> pd.DataFrame:
    # Whether a day is settled is a matter of the time of day, not of what was written.
    return dataset.days.drop(columns="settled")


def _declared(column: str) -> bool:
    return any(column in schema.names for schema in SCHEMAS.values())


def _types(days: _Days, columns: list[str]) -> dict[str, dict[str, pa.DataType]]:
    """Find out which tables have columns that are not declared, on any day."""
    found: dict[str, dict[str, pa.DataType]] = {name: {} for name in SCHEMAS}
    for source in days.reading(()):
        for table, known in found.items():
            for name in set(columns) & set(source[table].column_names):
                kind = source[table].schema.field(name).type
                if known.setdefault(name, kind) != kind:
                    raise ValueError(
                        f"by: {name!r} is {known[name]} on some days of the dataset and {kind} on "
                        "others; dataset.read(from_date, to_date) gives it one type for all."
                    )
    return found


def span(moments: Iterable[Ints]) -> Ints:
    """Return the first and the last of all moments; nothing if there are none."""
    ends = [[each.min(), each.max()] for each in moments if len(each)]
    return np.array([np.min(ends), np.max(ends)] if ends else [], np.int64)
