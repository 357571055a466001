"""What of a damaged day cannot be had again, by what the manifest says was there; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from voxframe._dataset.layout import Tables, cost_of
from voxframe._dataset.manifest import Day
from voxframe._spec.tables import CHILDREN, SCHEMAS, SESSION_ID


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows of a day that a damaged file held and the service no longer gives.

    Attributes
    ----------
    day : str
        Which day.
    rows : Mapping of int
        How many by table, those of which there are any.
    cost : Decimal
        What they cost, as far as that is missing from the day's sum.
    faults : sequence of str
        What is wrong with which files.
    """

    day: str
    rows: Mapping[str, int]
    cost: Decimal
    faults: Sequence[str]


class Recount:
    """A damaged day that is put together again, counted against what there was.

    Parameters
    ----------
    before : Day
        What the manifest says.
    """

    def __init__(self, before: Day) -> None:
        self._before = before
        self._rows = Counter[str]()
        self._cost = Decimal(0)
        self._ids: list[pa.Array] = []

    def add(self, old: Tables, again: Tables) -> None:
        """Take in a part of the day: what of it was intact, and what is held of it from now on."""
        ids = again["sessions"][SESSION_ID].combine_chunks()
        self._ids.append(ids)
        if "sessions" in old:
            # What is new makes good for nothing that is lost.
            known = old["sessions"][SESSION_ID].combine_chunks()
            again = {
                name: table.filter(pc.is_in(table[SESSION_ID], value_set=known))
                for name, table in again.items()
            }
        self._rows.update({name: len(table) for name, table in again.items()})
        self._cost += cost_of(again)

    def missing(self, left: Tables) -> tuple[dict[str, int], Decimal]:
        """Return rows by table, and cost, that were there and are not any more.

        Parameters
        ----------
        left : Mapping of pyarrow.Table
            Intact children of a day whose sessions are not known.
        """
        ids = pa.concat_arrays(self._ids) if self._ids else pa.array([], pa.int64())
        orphans = {
            name: len(table) - int(pc.sum(pc.is_in(table[SESSION_ID], value_set=ids)).as_py() or 0)
            for name, table in left.items()
            if name in CHILDREN
        }
        short = {
            name: max(self._before.rows[name] - self._rows[name], orphans.get(name, 0))
            for name in SCHEMAS
        }
        cost = Decimal(0) if self._before.cost is None else self._before.cost - self._cost
        return {name: rows for name, rows in short.items() if rows > 0}, max(cost, Decimal(0))
