"""How long callers waited for a person, as far as starts and durations tell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxframe.analysis._clock import LegClock, sole_pairs
from voxframe.analysis._inbound import Inbound
from voxframe.analysis._source import Source

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long callers waited for a person, one entry a session, NaN where that is not known.

    ``low`` and ``high`` are bounds in seconds; ``held`` is how long the caller was there.
    """

    low: Seconds
    high: Seconds
    held: Seconds


def waits(
    source: Source, inbound: Inbound, clock: LegClock, *, from_first_try: bool = False
) -> Waits:
    """Measure waiting, from arrival or from the first try to reach a person."""
    legs = source.legs
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
    return Waits(np.maximum(low - latest, 0), np.maximum(high - begun, 0), gone - arrived)
