"""What the functions work on: the four tables, as numpy columns and links between them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from voxframe._spec.tables import SCHEMAS, SESSION_ID
from voxframe.analysis._far_ends import MACHINE, NETWORK, OWN, SIDES, FarEnds, Judged, judge
from voxframe.errors import InvalidQueryError

if TYPE_CHECKING:
    import pandas as pd

# A leg starts within its session; one that is so many seconds away has an odd date.
_FAR = 31 * 86_400

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class HasTables(Protocol):
    """Anything that carries the four tables, a ``CallHistory`` above all."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """The four tables by name."""


@runtime_checkable
class HasDays(Protocol):
    """A dataset that is read some days at a time, as ``voxframe.open_dataset`` gives it."""

    @property
    def days(self) -> "pd.DataFrame":
        """One row a day with sessions."""

    @property
    def receipt(self) -> Any:
        """What was read, in all."""

    def read(self, from_date: Any, to_date: Any, *, columns: Any) -> HasTables:
        """Read a window, and no more than some columns."""


Entries = Collection[str] | str
"""What says whose a far end is: types, SIP domains, numbers, as in :func:`far_ends`."""

History = HasTables | HasDays | Mapping[str, pa.Table]
"""What functions accept: a ``CallHistory``, the mapping of its four tables, or a ``Dataset``."""


def integers(column: pa.ChunkedArray, null: int = 0) -> Ints:
    """Return an integer column as numpy, ``null`` where it holds nothing."""
    return np.asarray(pc.fill_null(column, null).to_numpy(), dtype=np.int64)


def flags(column: pa.ChunkedArray) -> Flags:
    """Return a boolean column as numpy; unknown is false."""
    return np.asarray(pc.fill_null(column, false_()).to_numpy(), dtype=np.bool_)


def false_() -> pa.Scalar:
    """Return Arrow's false."""
    return pa.scalar(value=False)


def valid(column: pa.Array | pa.ChunkedArray) -> Flags:
    """Return for each row whether the column holds something."""
    whole = isinstance(column, pa.Array)
    known = pa.chunked_array([column.is_valid()]) if whole else column.is_valid()
    return np.asarray(known.to_numpy(), dtype=np.bool_)


def epoch_seconds(column: pa.ChunkedArray) -> Ints:
    """Return instants as whole seconds since 1970, the service's resolution; null is 0."""
    return integers(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())) // 1_000_000


def distinct(numbers: Ints) -> Ints:
    """Return each number once, in order; ``numpy.unique`` takes ten times as long."""
    ordered = np.sort(numbers)
    changed: Flags = np.diff(ordered, prepend=ordered[:1] - 1) != 0
    return ordered[changed]


def rows_of(needles: pa.ChunkedArray, haystack: pa.ChunkedArray) -> Ints:
    """Return in which row of ``haystack`` each id is first found; -1 is nowhere."""
    wanted, ids = integers(needles), integers(haystack)
    if not len(ids):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(ids, kind="stable")
    place = np.searchsorted(ids, wanted, sorter=order)
    found = order[np.minimum(place, len(ids) - 1)]
    return np.where(valid(needles) & (ids[found] == wanted), found, -1)


def window_of(receipt: Any) -> tuple[int, int] | None:
    """Return when what is known begins and ends, in epoch seconds; None without a receipt."""
    first, last = (getattr(receipt, name, None) for name in ("from_date", "to_date"))
    if first is None or last is None:
        return None
    last = getattr(receipt, "known_until", None) or last
    return int(first.timestamp()), int(last.timestamp())


def tables_of(history: object) -> Mapping[str, pa.Table]:
    """Return the four tables of what is given as a history, or refuse what is none."""
    tables = history if isinstance(history, Mapping) else getattr(history, "tables", None)
    if not isinstance(tables, Mapping):
        raise InvalidQueryError(
            f"history: is a {type(history).__name__}, needs to be a CallHistory, the mapping "
            "of its four tables, or a dataset of voxframe.open_dataset"
        )
    missing = [each for each in SCHEMAS if each not in tables]
    if missing:
        raise ValueError(f"Tables are missing: {', '.join(missing)}. All four are needed.")
    for each in SCHEMAS:
        if not isinstance(tables[each], pa.Table):
            raise InvalidQueryError(
                f"history: {each} is a {type(tables[each]).__name__}, needs to be a "
                "pyarrow.Table, as in history.tables"
            )
    return tables


@dataclass(frozen=True)
class Source:
    """The four tables and the links between their rows, each found once."""

    tables: Mapping[str, pa.Table]
    far_ends: FarEnds = field(default_factory=FarEnds.of)
    unread: frozenset[str] = frozenset()
    """Tables that the read left out, so that no row of theirs says nothing about a cost."""
    window: tuple[int, int] | None = None
    """When what was read begins and ends, in epoch seconds; None where that is not known."""

    @classmethod
    def of(
        cls,
        history: History,
        *,
        own: Entries = (),
        machine: Entries = (),
        network: Entries = (),
    ) -> "Source":
        """Take the tables out of a history, or as they are, with what is said of far ends.

        Raises
        ------
        ValueError
            When a table is missing: a price without it would not be whole. For an
            entry that is not a type, a SIP domain or a number. For a dataset, which is
            not one source.
        """
        if isinstance(history, HasDays) and not isinstance(history, Mapping):
            raise InvalidQueryError(
                "history: this function needs all rows at once, so it takes no dataset; give it a "
                "window of it: dataset.read(from_date, to_date)"
            )
        tables = tables_of(history)
        receipt = getattr(history, "receipt", None)
        unread = frozenset(getattr(receipt, "unread", ()))
        return cls(tables, FarEnds.of(own, machine, network), unread, window_of(receipt))

    def __getitem__(self, name: str) -> pa.Table:
        return self.tables[name]

    def are_of(self, side: str | None) -> Flags:
        """Return which legs are of a side; None is all."""
        if side is None:
            return np.ones(self.count("calls"), np.bool_)
        return np.asarray(self.judged.side == SIDES.index(side))

    def only(self, chosen: Flags) -> "Source":
        """Return the same with some of the legs alone."""
        if chosen.all():
            return self
        calls = self["calls"].filter(pa.array(chosen))
        return replace(self, tables={**self.tables, "calls": calls})

    def of_side(self, side: str | None) -> "Source":
        """Return the same with the legs of one side alone; None leaves them all."""
        return self.only(self.are_of(side))

    def count(self, name: str) -> int:
        """Return the number of rows of a table."""
        return int(self.tables[name].num_rows)

    def parents(self, name: str) -> Ints:
        """Return each child's row in ``sessions``; -1 where its session is not there."""
        return self._parents[name]

    @cached_property
    def _parents(self) -> Mapping[str, Ints]:
        return _Parents(self.tables)

    @cached_property
    def used_calls(self) -> Ints:
        """The row in ``calls`` that each use of a resource belongs to; -1 is none."""
        references = self["resource_usage"]["ref_call_id"]
        return rows_of(references, self["calls"]["call_id"])

    @cached_property
    def session_starts(self) -> Ints:
        """When each session started, in epoch seconds."""
        return epoch_seconds(self["sessions"]["start_date"])

    @cached_property
    def judged(self) -> Judged:
        """Whose the far end of each leg is."""
        return judge(self["calls"], self.far_ends)

    @cached_property
    def network(self) -> Flags:
        """Legs that the telephone network carried."""
        return np.asarray(self.judged.side == NETWORK)

    @cached_property
    def own(self) -> Flags:
        """Legs to or from the account's own people."""
        return np.asarray(self.judged.side == OWN)

    @cached_property
    def people(self) -> Flags:
        """Outgoing legs behind which there may be a person: all but those to machines."""
        return np.asarray(self.legs.outgoing & (self.judged.side != MACHINE))

    @cached_property
    def legs(self) -> "Legs":
        """The calls as numpy columns."""
        return _legs(self)


class _Parents(dict[str, Ints]):
    """The rows in ``sessions`` of each child table, looked up when asked for."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        super().__init__()
        self._tables = tables

    def __missing__(self, name: str) -> Ints:
        ids = self._tables["sessions"][SESSION_ID]
        rows = rows_of(self._tables[name][SESSION_ID], ids)
        self[name] = rows
        return rows


@dataclass(frozen=True, slots=True)
class Legs:
    """The calls: each is one leg of its session.

    Attributes
    ----------
    start : ndarray
        Epoch seconds of ``start_time``; of the session's start where that is unknown, or more
        than a month away from it.
    timed : ndarray
        Whether ``start`` is known at all.
    answered : ndarray
        Whether ``successful`` is true; unknown is not answered.
    seconds : ndarray
        ``duration`` of the answered ones; 0 for the others and where it is unknown.
    measured : ndarray
        Whether the leg was answered and its duration is known.
    incoming, outgoing : ndarray
        Its direction; both are false where it is unknown.
    priced : ndarray
        Whether its price is known.
    """

    start: Ints
    timed: Flags
    answered: Flags
    seconds: Ints
    measured: Flags
    incoming: Flags
    outgoing: Flags
    priced: Flags


def _legs(source: Source) -> Legs:
    calls = source["calls"]
    start, timed = epoch_seconds(calls["start_time"]), valid(calls["start_time"])
    parents = source.parents("calls")
    begun = np.append(source.session_starts, 0)[parents]
    odd = (~timed | (np.abs(start - begun) > _FAR)) & (parents >= 0)
    start, timed = np.where(odd, begun, start), timed | odd
    answered = flags(calls["successful"])
    measured = answered & valid(calls["duration"])
    return Legs(
        start=start,
        timed=timed,
        answered=answered,
        seconds=np.where(measured, np.maximum(integers(calls["duration"]), 0), 0),
        measured=measured,
        incoming=flags(calls["incoming"]),
        outgoing=flags(pc.invert(calls["incoming"])),
        priced=valid(calls["cost"]),
    )
