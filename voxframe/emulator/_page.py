"""Which sessions an answer holds, and in which order."""

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._behaviour import Behaviour
from voxframe.emulator._filters import mask_of
from voxframe.emulator._generate import Columns
from voxframe.emulator._hashing import mix, mix_one
from voxframe.emulator._ledger import Inclusive, window
from voxframe.emulator._query import Query
from voxframe.emulator._world import World

_ALMOST = 6  # seconds within which the order "almost" may be wrong


def _milliseconds(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    return (mix(ids, 14) % np.uint64(1000)).astype(np.int64)


def matching(
    world: World, query: Query, behaviour: Behaviour, moment: int | None = None
) -> NDArray[np.intp]:
    """Find the places of all sessions that a query asks for, sorted by start, id.

    Those that are visible now, or that were at an event of the world.
    """
    inclusive: Inclusive = "both" if behaviour.to_date_inclusive else "left"
    part = window(world.columns, query.first, query.last, inclusive)
    there = world.columns.part(part)
    mask = mask_of(there, query.filters, behaviour.children) & world.there(there, moment)
    if behaviour.fractions and behaviour.to_date_inclusive:
        mask &= (there.start < query.last) | (_milliseconds(there.id) == 0)
    return np.asarray(np.flatnonzero(mask) + part.start, dtype=np.intp)


def knows_all(world: World, query: Query) -> bool:
    """Return whether every id that a query lists is there and in its window."""
    wanted = query.filters.call_session_history_id
    there = world.columns.part(window(world.columns, query.first, query.last, "both"))
    known = there.id[world.there(there)]
    return wanted is None or bool(np.isin(np.array(wanted), known).all())


def _key(columns: Columns, at: NDArray[np.intp], order: str) -> NDArray[np.int64]:
    start, ids = columns.start[at], columns.id[at]
    match order:
        case "id":
            return ids
        case "almost":
            return start + (mix(ids, 11) % np.uint64(_ALMOST)).astype(np.int64)
        case "end":
            return start + np.maximum(columns.duration[at], 0)
        case "random-stable":
            return (mix(ids, 12) >> np.uint64(1)).astype(np.int64)
        case "descending":
            return -start
        case _:
            return start


def _ties(ids: NDArray[np.int64], ties: str, number: int) -> NDArray[np.int64]:
    match ties:
        case "id_desc":
            return -ids
        case "random":
            return (mix(ids, number) >> np.uint64(1)).astype(np.int64)
        case _:
            return ids


def in_order(
    columns: Columns, at: NDArray[np.intp], query: Query, behaviour: Behaviour, number: int
) -> NDArray[np.intp]:
    """Order places as the service would for its request of that number."""
    descending = query.desc_order and behaviour.desc_order != "ignored"
    by_columns = (behaviour.order, behaviour.ties) == ("start_date", "id")
    by_columns &= not behaviour.fractions
    if by_columns and (not descending or behaviour.desc_order == "reverse"):
        return at[::-1] if descending else at  # the columns lie in this order
    key = _key(columns, at, behaviour.order)
    if behaviour.fractions and behaviour.order not in ("id", "random-stable"):
        # The key of "descending" falls as time goes on.
        sign = -1 if behaviour.order == "descending" else 1
        key = key * 1000 + sign * _milliseconds(columns.id[at])
    ties = _ties(columns.id[at], behaviour.ties, number)
    if descending and behaviour.desc_order == "start_only":
        return at[np.lexsort((ties, -key))]
    order = np.lexsort((ties, key))
    return at[order[::-1] if descending else order]


def cut(
    places: NDArray[np.intp], query: Query, behaviour: Behaviour, number: int
) -> NDArray[np.intp]:
    """Take the page out of everything that matches."""
    offset = 0 if behaviour.offset_ignored else query.offset
    count = min(query.count, behaviour.page_cap or query.count)
    if behaviour.short_pages:
        count = 1 + mix_one(number, 13) % count
    return places[offset : offset + count]
