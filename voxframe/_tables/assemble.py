"""Pages to one result: every session once, in order, with its own children."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._decode.decode import Page
from voxframe._spec.tables import CHILDREN, SCHEMAS
from voxframe._tables.unify import unified, whole

_MICRO = 1_000_000
# Below so many rows a run on average, gathering rows beats slicing tables.
_ROWS_A_RUN = 16

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the pages of a window come to.

    Attributes
    ----------
    tables : dict of pyarrow.Table
        The four tables, sorted.
    duplicates : int
        Sessions that were received more than once and dropped.
    """

    tables: dict[str, pa.Table]
    duplicates: int


def assemble(pages: Sequence[Page], *, first: int, end: int, desc_order: bool = False) -> Assembled:
    """Put pages together.

    Parameters
    ----------
    pages : sequence of Page
        In the order in which they were received. Of a session that was received
        more than once the last version counts, with the children that came with it.
    first, end : int
        The window of ``start_date``, seconds since the epoch, half-open.
    desc_order : bool, default False
        Newest first.

    Returns
    -------
    Assembled
        Sessions sorted by (``start_date``, ``call_session_history_id``), wholly
        reversed with `desc_order`; children in the order of their sessions and,
        within one, as received.
    """
    pages = [page for page in pages if len(page.tables["sessions"])]
    if not pages:
        return Assembled({name: schema.empty_table() for name, schema in SCHEMAS.items()}, 0)
    ids, starts = map(np.concatenate, zip(*(page.ids_and_starts() for page in pages), strict=True))
    order, duplicates = _order(ids, starts, first * _MICRO, end * _MICRO)
    if desc_order:
        order = order[::-1]
    sizes = np.array([len(page.tables["sessions"]) for page in pages])
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    runs = _runs(order, bounds)
    tables = {}
    for name in SCHEMAS:
        parts = unified([page.tables[name] for page in pages], SCHEMAS[name])
        counts = None
        if name in CHILDREN:
            counts = np.concatenate([page._lengths[name] for page in pages])  # noqa: SLF001
        if len(runs) * _ROWS_A_RUN > len(order) + _ROWS_A_RUN * len(pages):
            tables[name] = _gathered(parts, order, counts)
        else:
            tables[name] = _sliced(parts, order, runs, bounds, counts)
    return Assembled(tables, duplicates)


def _order(ids: Index, starts: Index, first: int, end: int) -> tuple[Index, int]:
    """Return which rows the result has, in which order, and how many were repeated."""
    order = _last_of_each(ids)
    duplicates = len(ids) - len(order)
    inside = (starts[order] >= first) & (starts[order] < end)
    if not inside.all():
        order = order[inside]
    at, key = starts[order], ids[order]
    later = (at[1:] > at[:-1]) | ((at[1:] == at[:-1]) & (key[1:] > key[:-1]))
    if not later.all():
        order = order[np.lexsort((key, at))]
    return order, duplicates


def _last_of_each(ids: Index) -> Index:
    """Return the positions of the last occurrence of each id, ascending."""
    if np.all(ids[1:] > ids[:-1]):
        return np.arange(len(ids))
    by_id = np.argsort(ids, kind="stable")
    is_last = np.append(ids[by_id][1:] != ids[by_id][:-1], np.True_)
    return np.sort(by_id[is_last])


def _runs(order: Index, bounds: Index) -> Index:
    """Find where in `order` a run of neighbours of one page begins; the length is the end."""
    if not len(order):
        return np.zeros(1, dtype=np.int64)
    page = np.searchsorted(bounds, order, side="right")
    broken = (np.diff(order) != 1) | (np.diff(page) != 0)
    return np.concatenate([[0], np.flatnonzero(broken) + 1, [len(order)]])


def _sliced(
    parts: list[pa.Table], order: Index, runs: Index, bounds: Index, counts: Index | None
) -> pa.Table:
    """Put together runs of rows as slices of their pages: pages mostly come in order."""
    ends = bounds if counts is None else np.concatenate([[0], np.cumsum(counts)])
    slices = [parts[0].slice(0, 0)]
    for begin, stop in pairwise(runs.tolist()):
        head, tail = int(order[begin]), int(order[stop - 1]) + 1
        at = int(np.searchsorted(bounds, head, side="right")) - 1
        if counts is None:
            base = int(bounds[at])
        else:
            base, head, tail = int(ends[bounds[at]]), int(ends[head]), int(ends[tail])
        slices.append(parts[at].slice(head - base, tail - head))
    return whole(pa.concat_tables(slices))


def _gathered(parts: list[pa.Table], order: Index, counts: Index | None) -> pa.Table:
    """Put together rows one by one."""
    rows = order if counts is None else _child_rows(order, counts)
    return whole(pa.concat_tables(parts)).take(pa.array(rows))


def _child_rows(order: Index, counts: Index) -> Index:
    begins = (np.cumsum(counts) - counts)[order]
    sizes = counts[order]
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows: Index = np.repeat(begins, sizes) + within
    return rows
