"""Read one second in which more sessions start than fit in an answer.

Inside a second there is no key to go forward by. Offsets are what is left, or
filters that split the second. Offsets slide when rows come or go, ties may come
in another order at every request, and no filter's values are known to be all.
So none of these proves anything by itself; this does: a session seen before a
count and again after it was there when it was counted, and if as many were
there as the service counted, they are all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voxframe._plan.model import PageRequest, PageRows, Steps, ask_all
from voxframe._plan.seen import PlanContext
from voxframe.errors import IncompleteHistoryError

SPLITTERS = ("application_id", "user_id", "duration")
"""Fields whose values split a second, in the order in which they are tried."""

# In another order every time, a session is missed by a pass with probability 1/e: 15,000 take a
# dozen passes to be seen, and a dozen more to be seen again.
_PASSES = 60
# A service that gives the very same rows in the very same order so often has no others to give.
_STILL = 3
# A few rows come in the same order by chance.
_TINY = 12
# Seconds; some thirty years, longer than any session.
_LONGEST = 10**9
# A field of so many values that each part would be a small part of a page costs more than it gives.
_FINE = 4
_FEW = 12


def read_dense_second(scope: PlanContext, first: int, last: int) -> Steps[None]:
    """Read every session of a window that is too short to be cut.

    It ends a second after the one that matters: a service may keep a part of a
    second, which its answers do not show, and compare ``to_date`` with that.

    Raises
    ------
    IncompleteHistoryError
        Neither offsets nor filters give all that the service counts.
    """
    scope.seen.dense_seconds += 1
    dense = _DenseSecond(scope, first, last)
    splitters = tuple(name for name in SPLITTERS if name in scope.splittable_by)
    leaves: list[Mapping[str, int]] = [{}]
    before: bytes | None = None
    still = 0
    for number in range(1, _PASSES + 1):
        lead = dense.ask({})
        (held,) = yield from ask_all([lead])
        total = scope.total_of(lead, held)
        dense.learn(held, 2 * number)
        if scope.holds_all(lead, held) or dense.proven():
            return
        answers = [held]
        short = more = False
        for narrow in leaves:
            got, cut_short, behind = yield from _pass(dense, narrow, held, 2 * number + 1)
            answers += got
            short = short or cut_short
            more = more or behind
        if total > scope.limits.offset:
            # No offset shows that there is nothing behind it.
            more = more or (yield from _rounded(dense, total))
        elif leaves != [{}] and not more:
            more = yield from _more_behind(dense, total)
        if not more:
            dense.counts.append((2 * number, total))
        if dense.proven():
            return
        now = b"".join(answer.ids.tobytes() for answer in answers)
        still = still + 1 if now == before and not short else 0
        before = now
        if still >= _STILL and total > _TINY:
            break
        # Later passes know more values; the waits double, so that few requests go into trying.
        if leaves == [{}] and number.bit_count() == 1 and dense.reached(2 * number) < total:
            leaves = (yield from _split(dense, {}, splitters, total)) or leaves
    raise IncompleteHistoryError(
        f"asked for {dense.ask({}).describe(scope.spell)}, the service counts "
        f"{total} sessions and gave {len(dense.seen)} different ones; neither "
        "offsets nor filters reach the rest. Narrow the query, by application_id or user_id, "
        "and read it in parts",
    )


@dataclass(slots=True)
class _DenseSecond:
    """What is known of the sessions of one second.

    ``seen`` has the first and the last moment at which a session was seen, and
    ``counts`` those at which all were counted: even numbers are single answers,
    odd ones the rest of a pass.
    """

    scope: PlanContext
    first: int
    last: int
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    counts: list[tuple[int, int]] = field(default_factory=list)
    values: dict[str, set[int]] = field(default_factory=dict)

    def ask(self, narrow: Mapping[str, int], offset: int = 0, *, desc: bool = False) -> PageRequest:
        return PageRequest(
            self.first,
            self.last,
            count=self.scope.limits.page,
            offset=offset,
            desc=desc,
            total=not offset and not desc,
            narrow=narrow,
        )

    def learn(self, held: PageRows, moment: int) -> None:
        for session in held.ids.tolist():
            first, _ = self.seen.get(session, (moment, moment))
            self.seen[session] = first, moment
        for name, values in held.values.items():
            self.values.setdefault(name, set()).update(values[values >= 0].tolist())

    def reached(self, moment: int) -> int:
        """Count the sessions seen since a moment."""
        return sum(last >= moment for _, last in self.seen.values())

    def proven(self) -> bool:
        """Return whether at some count as many sessions were there as it says.

        The answer that brings a count shows nothing about that moment: its rows
        may have been selected before or after. So they must not be needed, and
        they must not be more.
        """
        spans: NDArray[np.int64] = np.array(list(self.seen.values()), np.int64).reshape(-1, 2)
        first, last = spans[:, 0], spans[:, 1]
        return any(
            np.count_nonzero((first < moment) & (moment < last))
            == np.count_nonzero((first <= moment) & (moment <= last))
            == total
            for moment, total in self.counts
        )


def _pass(
    dense: _DenseSecond, narrow: Mapping[str, int], lead: PageRows, moment: int
) -> Steps[tuple[list[PageRows], bool, bool]]:
    """Pass once over the offsets; return the answers, whether any came short, whether more came."""
    answers: list[PageRows] = []
    ask = dense.ask(narrow)
    if narrow:
        (lead,) = yield from ask_all([ask])
        dense.scope.total_of(ask, lead)
        dense.learn(lead, moment)
        answers.append(lead)
        if dense.scope.holds_all(ask, lead):
            return answers, False, False
    total, step = lead.total or 0, max(dense.scope.seen.largest, 1)
    reach = dense.scope.limits.offset + 1
    # What the last page that an offset reaches still holds; the rest is read from the other end.
    reached = min(total, (min(total, reach) - 1) // step * step + step)
    short = False
    spans = [(lead.ids.size, min(step, total), False)]
    spans += [(at, min(at + step, total), False) for at in range(step, min(total, reach), step)]
    beyond = min(total - reached, reach)
    spans += [(at, min(at + step, beyond), True) for at in range(0, beyond, step)]
    spans = [span for span in spans if span[0] < min(span[1], reach)]
    # A count may be capped. What lies behind it, if anything does, makes it no proof.
    end = (total, total, False) if total < reach else (beyond, beyond, True)
    more = False
    if end[0] < reach:
        spans.append(end)
    while spans:
        asks = [dense.ask(narrow, at, desc=desc) for at, _, desc in spans]
        got = yield from ask_all(asks)
        answers += got
        rest = []
        for (at, stop, desc), held in zip(spans, got, strict=True):
            if held.refused:
                # Whatever is there was not shown.
                more = more or at != total or dense.scope.largest_total <= total
                continue
            more = more or (at == total and held.ids.size > 0)
            if at + held.ids.size < stop:
                short = True
                if held.ids.size and at + held.ids.size < reach:
                    rest.append((at + held.ids.size, stop, desc))
        spans = rest
    for held in answers:
        dense.learn(held, moment)
    return answers, short, more


def _rounded(dense: _DenseSecond, total: int) -> Steps[bool]:
    """Return whether every count so far is of whole pages, as those are that are rounded."""
    scope = dense.scope
    if total % scope.limits.page or not scope.rounded:
        return False
    asks = [
        PageRequest(dense.first, dense.last, count=1, total=True, narrow=part)
        for name in SPLITTERS[:2]
        if name in scope.splittable_by
        for part in _parts(dense, name, {}, total)[:_FEW]
    ]
    for ask, held in zip(asks, (yield from ask_all(asks)), strict=True):
        if not held.refused:
            scope.total_of(ask, held)
    return scope.rounded


def _more_behind(dense: _DenseSecond, total: int) -> Steps[bool]:
    """Return whether there may be more than is counted, which parts that add up do not show.

    Where a count is capped, parts can add up to it while a value that nobody knows is left out.
    """
    for offset in (total, dense.scope.limits.offset):
        (held,) = yield from ask_all([dense.ask({}, offset)])
        if held.refused:
            break
        if not held.ids.size:
            # Behind the count there is nothing; or there is, but nothing is at any offset.
            return offset != total
    # Offsets are ignored or refused. What has counted more elsewhere is not capped here.
    return dense.scope.largest_total <= total


def _split(
    dense: _DenseSecond, narrow: Mapping[str, int], splitters: Sequence[str], total: int
) -> Steps[list[Mapping[str, int]]]:
    """Split by the first field whose parts add up to the whole; return none if no field's do."""
    page = dense.scope.limits.page
    for at, name in enumerate(splitters):
        parts = [{**narrow, **part} for part in _parts(dense, name, narrow, total)]
        if not 2 <= len(parts) <= max(_FINE * total // page, _FEW):  # noqa: PLR2004
            continue
        asks = [
            PageRequest(dense.first, dense.last, count=1, total=True, narrow=part) for part in parts
        ]
        held = yield from ask_all(asks)
        if any(each.refused for each in held):
            continue
        counts = [dense.scope.total_of(ask, each) for ask, each in zip(asks, held, strict=True)]
        # Parts that add up share no session and leave none out, unless the world has just moved.
        if sum(counts) != total or max(counts) == total:
            continue
        rest = splitters[at:] if name == "duration" else splitters[at + 1 :]
        leaves: list[Mapping[str, int]] = []
        for part, count in zip(parts, counts, strict=True):
            finer: list[Mapping[str, int]] = []
            if count > page:
                finer = yield from _split(dense, part, rest, count)
            leaves += finer or [part]
        return leaves
    return []


def _parts(
    dense: _DenseSecond, name: str, narrow: Mapping[str, int], total: int
) -> list[dict[str, int]]:
    known = np.array(sorted(dense.values.get(name, ())), dtype=np.int64)
    if name != "duration":
        return [{name: int(value)} for value in known]
    low, high = narrow.get("min_duration", 0), narrow.get("max_duration", _LONGEST)
    known = known[(known > low) & (known <= high)]
    # Parts of seven tenths of a page still fit when durations lie unevenly.
    pieces = min(-(-10 * total // (7 * dense.scope.limits.page)), known.size + 1)
    starts = sorted({low, *(int(known[i * known.size // pieces]) for i in range(1, pieces))})
    ends = [start - 1 for start in starts[1:]] + [high]
    return [{"min_duration": a, "max_duration": b} for a, b in zip(starts, ends, strict=True)]
