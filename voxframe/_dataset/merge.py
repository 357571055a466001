"""A stretch that is read again: what it replaces, what of that is kept, what has changed; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from voxframe._dataset.layout import Tables, in_order
from voxframe._spec.tables import CHILDREN, REQUIRED, SESSION_ID

# What the service clears after a while: a log's link after a month, the others with their files.
_LINKS = {
    "sessions": ("log_file_url",),
    "calls": ("record_url",),
    "records": ("record_url", "transcription_url"),
}
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Merged:
    """Stored tables of one stretch, and how they differ from those before.

    Attributes
    ----------
    tables : Mapping of pyarrow.Table
        Sorted by start and id, children in the order of their sessions.
    vanished : int
        Sessions that were held and did not come again.
    added, changed : ndarray
        When the sessions that are new, or not as they were, had ended: seconds since 1970.
    """

    tables: Tables
    vanished: int
    added: NDArray[np.int64]
    changed: NDArray[np.int64]


def merge(old: Tables, new: Tables, *, keep: bool) -> Merged:
    """Replace what is held of a stretch by what was read of it.

    Parameters
    ----------
    old, new : Mapping of pyarrow.Table
        Stored tables, sorted. Of what is held a table is not there that was damaged; without
        the sessions nothing is kept but links, and nobody knows what has changed.
    keep : bool
        Whether sessions that did not come again stay.

    Returns
    -------
    Merged
        A link that has been cleared keeps the value that it had.
    """
    before, after = old.get("sessions"), new["sessions"]
    if before is not None and not len(before):
        return Merged(new, 0, _ends(after), _ends(after.slice(0, 0)))
    new = {
        name: _with_links(old[name], table, name) if name in old else table
        for name, table in new.items()
    }
    if before is None:
        return Merged(new, 0, _ends(after.slice(0, 0)), _ends(after.slice(0, 0)))
    after = new["sessions"]
    was_held = _among(after, before)
    still_given = _among(before, after)
    gone = before.filter(pc.invert(still_given))
    common = after.filter(was_held)
    differ = _differing(old, new, before.filter(still_given), common)
    tables: Mapping[str, pa.Table] = new
    if keep and len(gone):
        tables = in_order(
            {
                name: pa.concat_tables([table, old[name].filter(_among(old[name], gone))])
                .unify_dictionaries()
                if name in old
                else table
                for name, table in new.items()
            }
        )  # fmt: skip
    return Merged(
        tables,
        len(gone),
        _ends(after.filter(pc.invert(was_held))),
        _ends(common.filter(pc.is_in(common[SESSION_ID], value_set=differ))),
    )


def _among(table: pa.Table, sessions: pa.Table) -> pa.ChunkedArray:
    return pc.is_in(table[SESSION_ID], value_set=sessions[SESSION_ID].combine_chunks())


def _ends(sessions: pa.Table) -> NDArray[np.int64]:
    """Return when sessions ended, as far as that is known."""
    starts = sessions["start_date"].cast(pa.int64()).to_numpy() // _MICRO
    return np.asarray(starts + sessions["duration"].fill_null(0).to_numpy())


def _with_links(old: pa.Table, new: pa.Table, name: str) -> pa.Table:
    """Return a table in which links that were cleared are as they were."""
    key = REQUIRED[name][0]
    at = pc.index_in(new[key], value_set=old[key].combine_chunks())
    same = _same(new[SESSION_ID], old[SESSION_ID].take(at))
    for link in _LINKS.get(name, ()):
        cleared = pc.and_(_blank(new[link]), same)
        if pc.any(cleared).as_py():
            column = pc.if_else(cleared, old[link].take(at), new[link])
            place = new.schema.get_field_index(link)
            new = new.set_column(place, new.schema.field(link), column)
    return new


def _blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.equal(pc.fill_null(column, ""), "")


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> Any:
    """Compare two columns row by row; null is equal to null."""
    if pa.types.is_dictionary(one.type):
        one, other = (pc.cast(each, each.type.value_type) for each in (one, other))
    missing = pc.and_(pc.is_null(one), pc.is_null(other))
    return pc.or_(missing, pc.fill_null(pc.equal(one, other), False))


def _differing(old: Tables, new: Tables, before: pa.Table, after: pa.Table) -> pa.Array:
    """Return the ids of sessions whose rows differ, of those that are in both."""
    by_id = [(SESSION_ID, "ascending")]
    found = [_unequal(before.sort_by(by_id), after.sort_by(by_id))]
    ids = after[SESSION_ID].combine_chunks()
    for name in (name for name in CHILDREN if name in old):
        rows = [
            table.filter(pc.is_in(table[SESSION_ID], value_set=ids)).sort_by(
                [*by_id, (REQUIRED[name][0], "ascending")]
            )
            for table in (old[name], new[name])
        ]
        # Where sessions have as many rows as before these are compared, one by one.
        counts = [np.unique(each[SESSION_ID].to_numpy(), return_counts=True) for each in rows]
        pairs = [set(zip(*map(np.ndarray.tolist, each), strict=True)) for each in counts]
        uneven = pa.array(sorted({session for session, _ in pairs[0] ^ pairs[1]}), pa.int64())
        found.append(uneven)
        found.append(
            _unequal(
                *(each.filter(pc.invert(pc.is_in(each[SESSION_ID], value_set=uneven)))
                  for each in rows)
            )
        )  # fmt: skip
    return pc.unique(pa.concat_arrays(found))


def _unequal(one: pa.Table, other: pa.Table) -> pa.Array:
    """Return the session ids of the rows that differ, of tables of equal length."""
    differs = np.zeros(len(one), dtype=np.bool_)
    for name in one.column_names:
        differs |= ~_same(one[name], other[name]).to_numpy()
    return one[SESSION_ID].filter(pa.array(differs)).combine_chunks()
