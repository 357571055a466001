"""How much was tried, how much of it was answered, and how busy the lines were."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe.analysis._bins import Bins, make_bins, zone
from voxframe.analysis._costs import time_codes
from voxframe.analysis._grouping import By, Coded, columns_by, encode, over_time
from voxframe.analysis._money import sums, to_float
from voxframe.analysis._output import DtypeBackend, grouped, ratio
from voxframe.analysis._sip_codes import is_effective
from voxframe.analysis._source import Flags, History, Ints, Legs, Source


def delivered(source: Source) -> Flags:
    """Say for each call whether the network did its part (see :func:`traffic`)."""
    codes = encode(source["calls"]["end_reason_code"])
    effective = [is_effective(code) for code in codes.labels.to_pylist()]
    return source.legs.answered | np.array([*effective, False], np.bool_)[codes.codes]


@dataclass(frozen=True, slots=True)
class Spill:
    """The parts of calls that lie in later bins than their beginning."""

    own: Ints
    """For each call, the seconds that lie in the bin in which it begins."""
    call: Ints
    bin: Ints
    seconds: Ints


def spill(legs: Legs, bins: Bins) -> Spill:
    """Divide the seconds of calls among the bins that they occupy."""
    end = legs.start + legs.seconds
    first = np.where(legs.timed, bins.find(legs.start), 0)
    own = np.where(legs.timed, np.minimum(end, bins.edges[first + 1]) - legs.start, 0)
    longer = np.flatnonzero(legs.timed & (own < legs.seconds))
    more = bins.find(end[longer] - 1) - first[longer]
    call = np.repeat(longer, more)
    nth = np.arange(len(call)) - np.repeat(np.cumsum(more) - more, more) + 1
    into = first[call] + nth
    seconds = np.minimum(end[call], bins.edges[into + 1]) - bins.edges[into]
    return Spill(own, call, into, seconds)


def _bins(legs: Legs, freq: str | None, timezone: str) -> Bins:
    start = legs.start[legs.timed]
    last = (legs.start + np.maximum(legs.seconds, 1) - 1)[legs.timed]
    if freq is not None:
        return make_bins(np.concatenate([start, last]), freq, timezone)
    if not len(start):
        return Bins(np.zeros(2, np.int64), zone(timezone))
    return Bins(np.array([start.min(), last.max() + 1]), zone(timezone))


def _count(codes: Ints, size: int, weights: NDArray[np.generic] | None = None) -> Ints:
    # Weights are whole seconds and flags: their sums are exact far beyond any history.
    return np.bincount(codes, weights, size).astype(np.int64)


def traffic(
    history: History,
    *,
    freq: str | None = "h",
    by: By = None,
    timezone: str = "UTC",
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Count attempts and answers, and measure the traffic that they carried.

    Every call (leg) is one attempt, in the stretch of time in which it starts; an
    incoming leg is answered by the scenario, be it with an announcement, so look at
    ``by="direction"`` before judging a ratio: ASR and NER are meant for ``out``.

    ===================  =============================================================
    ``attempts``         calls that start in the stretch (ITU-T E.600: call attempts)
    ``answered``         those with ``successful``
    ``asr``              answer-seizure ratio, answered / attempts, 0 to 1
                         (ITU-T E.425; every attempt counts as a seizure)
    ``ner``              network effectiveness ratio, delivered / attempts, 0 to 1
                         (ITU-T E.425)
    ``acd``              average call duration, seconds: mean ``duration`` of the
                         answered calls whose duration is known (ITU-T E.437)
    ``minutes``          ``duration`` of the answered calls, minutes, not rounded up
    ``cost``             price of the calls alone, the account's currency; their
                         records and resources are in :func:`cost_breakdown`
    ``cost_per_minute``  ``cost`` / ``minutes``
    ``erlangs``          traffic carried: seconds of answered calls that lie in the
                         stretch / its seconds (ITU-T E.600). A call that goes on
                         counts in every stretch that it occupies, for its part
    ===================  =============================================================

    A call was *delivered* when it was answered, or when its ``end_reason_code`` says
    that the far end, and not the network, ended the attempt. E.425 names answer, user
    busy, ring without answer and rejection by the terminal; as SIP codes (RFC 3261),
    with the Q.850 cause that RFC 3398 pairs them with:

    * busy: 486, 600 (17);
    * no answer: 480 (18, 19, 20), 408 (18);
    * the caller, or the scenario, gave up while it rang: 487 (no cause: RFC 3398 has
      no mapping, as the originating side released);
    * the terminal or its user declined: 603 (21 located at the user), 606, 607.

    Not delivered are all others: 403 (21 located in the network), 404, 410, 484, 604
    (no such number), 402, 401, 407, 608 (refused by a network or the service), 5xx. A
    failed call without a code counts as not delivered: NER is the lower bound.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    freq : str or None
        Stretches of time, as in :func:`cost_breakdown`. None is one stretch, from the
        first call's start to the last call's end.
    by : str or sequence of str, optional
        Columns of ``sessions`` or ``calls``, ``"direction"``, ``"country"``, as in
        :func:`cost_breakdown`.
    timezone : str
        IANA name of the timezone whose clock cuts the stretches.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        As in :func:`cost_breakdown`; concerns ``cost``.

    Returns
    -------
    pandas.DataFrame
        ``start`` (with ``freq``), the columns of ``by``, then the above. In order of
        time, or the most attempts first. With ``freq`` alone every stretch has a row,
        with ``by`` those in which something is. Division by nothing is null.

    Raises
    ------
    ValueError
        For an unknown column, frequency or timezone.
    """
    source = Source.of(history)
    legs = source.legs
    rows = source.count("calls")
    bins = _bins(legs, freq, timezone)
    parts = spill(legs, bins)
    columns = columns_by(source, by, ("calls",))
    begun = time_codes(legs.start, legs.timed, bins)
    time = None if freq is None else Coded(np.append(begun.codes, parts.bin), begun.labels)
    spread = [
        (name, Coded(np.append(c.codes, c.codes[parts.call]), c.labels)) for name, c in columns
    ]
    groups = over_time(time, spread, rows + len(parts.call))
    codes, size = groups.codes[:rows], groups.size

    attempts = _count(codes, size)
    answered = _count(codes, size, legs.answered)
    measured = _count(codes, size, legs.measured)
    seconds = _count(codes, size, legs.seconds)
    busy = _count(groups.codes, size, np.append(parts.own, parts.seconds))
    cost = sums(source["calls"]["cost"], codes, size)
    figures = {
        "attempts": attempts,
        "answered": answered,
        "asr": ratio(answered, attempts),
        "ner": ratio(_count(codes, size, delivered(source)), attempts),
        "acd": ratio(seconds, measured),
        "minutes": seconds / 60,
        "cost": cost,
        "cost_per_minute": ratio(np.asarray(to_float(cost)), seconds / 60),
        "erlangs": ratio(busy, _lengths(groups.labels, bins, size)),
    }
    return grouped(groups.labels, figures, "attempts", dtype_backend)


def _lengths(labels: pa.Table, bins: Bins, size: int) -> Ints:
    if "start" not in labels.column_names:
        return np.full(size, bins.lengths[0])
    starts = labels["start"].cast(pa.int64()).fill_null(-1).to_numpy() // 1_000_000
    at = np.searchsorted(bins.edges[:-1], starts)
    known = labels["start"].is_valid().to_numpy()
    return np.where(known, np.append(bins.lengths, 0)[at], 0)
