"""What became of each session in which somebody called in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxframe.analysis._clock import LegClock, decide, sole_pairs
from voxframe.analysis._source import Flags, Ints, Source, integers

OUTCOMES = ("person", "missed", "no person tried", "not accepted")
_NOT_INBOUND = -1

Seconds = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Waits:
    """How long callers waited for a person, one entry a session, NaN where that is not known.

    ``low`` and ``high`` are bounds in seconds; ``held`` is how long the caller was there.
    """

    low: Seconds
    high: Seconds
    held: Seconds
    clock: LegClock


def waits(source: Source, inbound: Inbound, *, from_first_try: bool = False) -> Waits:
    """Measure waiting, from arrival or from the first try to reach a person."""
    legs, clock = source.legs, decide(source)
    # One more entry at the end, for row -1.
    start = np.append(np.where(legs.timed, legs.start, np.nan), np.nan)
    end = np.append(np.where(legs.timed & legs.measured, legs.start + legs.seconds, np.nan), np.nan)
    seconds = np.append(np.where(legs.measured, legs.seconds, np.nan), np.nan)
    arrived = start[inbound.caller]
    if clock.incoming == "answer":
        arrived = np.where(inbound.caller >= 0, source.session_starts.astype(float), np.nan)
    low, gone = start[inbound.answer], end[inbound.caller]
    if clock.start == "answer":
        high = low
    elif clock.duration == "total":
        # The end is known, how much of the time before it was ringing is not.
        high = np.fmin(end[inbound.answer], gone)
    else:
        # Bridged legs end together, so this is when the person's connected time began.
        high = gone - seconds[inbound.answer]
        if clock.start == "dial":
            sole = np.zeros(len(low), np.bool_)
            sole[source.parents("calls")[sole_pairs(source)[0]]] = True
            low = np.where(sole & (high >= low), high, low)
    high = np.maximum(high, low)
    latest = begun = arrived
    if from_first_try:
        latest = start[inbound.first_try]
        # Of a leg that was answered the dial may not be known, of another it is.
        dialled = (clock.start == "dial") | (inbound.first_try != inbound.answer)
        begun = np.where(dialled, latest, arrived)
    return Waits(np.maximum(low - latest, 0), np.maximum(high - begun, 0), gone - arrived, clock)
