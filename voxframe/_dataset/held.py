"""What a dataset holds of a day, given out piece by piece in the order of time."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from voxframe._dataset.layout import STORED
from voxframe._spec.tables import CHILDREN, SESSION_ID

_MICRO = 1_000_000


class HeldDay:
    """A day's stored tables, read as far as they are asked for.

    Parameters
    ----------
    batches : Mapping of iterator of pyarrow.Table
        Of each table that is intact; sessions by start, children in the order of their
        sessions.
    """

    def __init__(self, batches: Mapping[str, Iterator[pa.Table]]) -> None:
        self._batches = batches
        self._read = {name: STORED[name].empty_table() for name in STORED if name in batches}

    def until(self, second: int) -> dict[str, pa.Table]:
        """Return what starts before a second and was not returned yet, with its children.

        Where the sessions are not known nobody knows when their children were: they are
        returned all, each time.
        """
        if "sessions" not in self._read:
            for name in self._read:
                while self._more(name):
                    pass
            return dict(self._read)
        limit = second * _MICRO
        starts = self._starts()
        while not len(starts) or starts[-1] < limit:
            if not self._more("sessions"):
                break
            starts = self._starts()
        taken = {"sessions": self._take("sessions", int(np.searchsorted(starts, limit)))}
        ids = taken["sessions"][SESSION_ID].to_numpy()
        for name in (name for name in CHILDREN if name in self._read):
            while self._all_of(name, ids) and self._more(name):
                pass
            belongs = np.isin(self._read[name][SESSION_ID].to_numpy(), ids)
            taken[name] = self._take(name, int(np.count_nonzero(belongs)))
        return taken

    def close(self) -> None:
        """Let go of the files."""
        for batches in self._batches.values():
            close = getattr(batches, "close", None)
            if close is not None:
                close()

    def _starts(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.asarray(self._read["sessions"]["start_date"].cast(pa.int64()).to_numpy())

    def _all_of(self, name: str, ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
        read = self._read[name][SESSION_ID]
        return not len(read) or bool(np.isin(read[-1].as_py(), ids))

    def _more(self, name: str) -> bool:
        batch = next(self._batches[name], None)
        if batch is None:
            return False
        self._read[name] = pa.concat_tables([self._read[name], batch]).unify_dictionaries()
        return True

    def _take(self, name: str, rows: int) -> pa.Table:
        table = self._read[name]
        self._read[name] = table.slice(rows)
        return table.slice(0, rows)
