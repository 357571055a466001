"""Cut a window by its counts until each part is one answer that holds its own total.

That rests on nothing that is not documented, and takes half as many requests
again as reading forward does.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from voxframe._plan.dense_second import read_dense_second
from voxframe._plan.model import PageRequest, Steps, ask_all
from voxframe._plan.seen import PlanContext, Seen
from voxframe.errors import IncompleteHistoryError

# Parts of a level in flight at once: enough for every worker, few enough to be cheap if one errs.
_MANY = 64
# So many answers with fewer rows than they count, though the service can give as many: its counts
# are not of what it gives.
_SHORT = 500

Part = tuple[int, int, int]


def settle(scope: PlanContext, parts: Iterable[Part], *, one_answer: bool) -> Steps[int]:
    """Count the parts; cut what differs until it is one answer that holds its own total.

    With ``one_answer`` a part whose count is what is here is not enough: where
    the order is unknown, rows of several answers may add up while one is missing.
    Level by level, so that a whole level is in flight at once. Returns how many
    parts were read again.
    """
    seen, page = scope.seen, scope.limits.page
    read = short = 0
    level = [
        PageRequest(a, b, count=page if max(expected, seen.count(a, b)) <= page else 1, total=True)
        for a, b, expected in parts
    ]
    while level:
        deeper: list[PageRequest] = []
        dense: list[int] = []
        for ask, held in zip(level, (yield from ask_all(level)), strict=True):
            total = scope.total_of(ask, held)
            if scope.holds_all(ask, held):
                read += 1
            elif not one_answer and scope.count_proves(ask.first, ask.last, total):
                continue
            elif ask.count == 1 and (total <= page or ask.last - ask.first == 1):
                deeper.append(PageRequest(ask.first, ask.last, count=page, total=True))
            elif ask.last - ask.first == 1:
                dense.append(ask.first)
            else:
                short += held.ids.size < total <= min(ask.count, seen.largest)
                if short > _SHORT:
                    raise IncompleteHistoryError(
                        f"asked for {ask.describe(scope.spell)}, the service counts {total} "
                        f"sessions and gave {held.ids.size}; so it did {short} times, in ever "
                        "smaller parts",
                    )
                pieces = fan_out(seen.count(ask.first, ask.last), total, page)
                deeper += [
                    PageRequest(a, b, count=page if expected <= page else 1, total=True)
                    for a, b, expected in cuts(seen, ask.first, ask.last, total, pieces)
                ]
        for second in dense:
            read += 1
            yield from read_dense_second(scope, second, second + 1)
        level = deeper
    return read


def fan_out(have: int, total: int, page: int) -> int:
    """In how many parts to cut: few to find a needle, many to read a haystack."""
    return min(max(-(-10 * abs(total - have) // (7 * page)), 4), _MANY)


def cuts(seen: Seen, first: int, last: int, total: int, pieces: int) -> list[Part]:
    """Cut a part in pieces of about as many sessions, at seconds in which none is known to start.

    In a second without sessions both readings of ``to_date`` give one count.
    """
    have = seen.between(first, last)
    total = max(total, 1)
    if have.size and 2 * have.size >= total:
        marks = have[(np.arange(1, pieces) * have.size) // pieces]
    else:
        marks = first + (np.arange(1, pieces) * (last - first)) // pieces
    edges = {first, last}
    if last - first > 1:
        edges |= {seen.gap(int(mark), first + 1, last - 1) for mark in marks}
    ordered = sorted(edges)
    expected = -(-total // (len(ordered) - 1))
    return [(a, b, expected) for a, b in pairwise(ordered)]
