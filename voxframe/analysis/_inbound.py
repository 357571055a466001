"""What became of each session in which somebody called in."""

from dataclasses import dataclass

import numpy as np

from voxframe.analysis._source import Flags, Ints, Source, integers

OUTCOMES = ("person", "missed", "no person tried", "not accepted")
_NOT_INBOUND = -1


@dataclass(frozen=True, slots=True)
class Inbound:
    """One entry a session.

    Attributes
    ----------
    outcome : ndarray
        A place in ``OUTCOMES``, or -1: nobody called in.
    caller : ndarray
        Row of the caller's leg, the first incoming one of the network; -1 is none.
    tried : ndarray
        Outgoing legs to people.
    first_try, answer, last : ndarray
        Rows of the first leg to a person, the first that was answered, the last; -1 is none.
    forwarded : ndarray
        Whether the session has an outgoing leg of the network, too.
    """

    outcome: Ints
    caller: Ints
    tried: Ints
    first_try: Ints
    answer: Ints
    last: Ints
    forwarded: Flags

    def is_(self, *names: str) -> Flags:
        """Return which sessions have one of these outcomes."""
        return np.isin(self.outcome, [OUTCOMES.index(name) for name in names])


def ends_of(source: Source, rows: Flags) -> tuple[Ints, Ints]:
    """Return for each session its first and its last row of these, by start and then by id."""
    legs, parents = source.legs, source.parents("calls")
    chosen = np.flatnonzero(rows & (parents >= 0))
    ids = integers(source["calls"]["call_id"])
    order = chosen[np.lexsort((chosen, ids[chosen], legs.start[chosen]))]
    first, last = np.full((2, source.count("sessions")), -1, np.int64)
    # Of several values that are written to one place the last one stays.
    last[parents[order]] = order
    first[parents[order[::-1]]] = order[::-1]
    return first, last


def judge_inbound(source: Source) -> Inbound:
    """Decide what became of each session; see :func:`inbound_outcomes`."""
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")
    known = parents >= 0

    def has(rows: Flags) -> Ints:
        return np.bincount(parents[rows & known], minlength=size)

    caller, _ = ends_of(source, legs.incoming & source.network)
    first_try, last = ends_of(source, source.people)
    answer, _ = ends_of(source, source.people & legs.answered)
    tried = has(source.people)
    outcome = np.select([answer >= 0, tried > 0, has(legs.answered) > 0], [0, 1, 2], 3)
    return Inbound(
        outcome=np.where(caller >= 0, outcome, _NOT_INBOUND),
        caller=caller,
        tried=tried,
        first_try=first_try,
        answer=answer,
        last=last,
        forwarded=has(legs.outgoing & source.network) > 0,
    )
