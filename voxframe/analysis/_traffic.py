"""How much was tried, how much of it was answered, and how busy the lines were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import Bins, make_bins, marked, zone
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._clock_time import Parts, parts_of
from voxframe.analysis._coded import Coded, encode
from voxframe.analysis._costs import time_codes
from voxframe.analysis._currency import Currency, currency_by, noted
from voxframe.analysis._grouping import By, columns_by, names_of, of_rows, over_time
from voxframe.analysis._money import sums, to_float
from voxframe.analysis._output import DtypeBackend, grouped, ratio, unknown
from voxframe.analysis._sip_codes import is_effective
from voxframe.analysis._source import Entries, Flags, History, Ints, Legs, Source
from voxframe.analysis._tally import Tally, added


def delivered(source: Source) -> Flags:
    """Return for each call whether the network did its part (see :func:`traffic`)."""
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
    # Where no start is known, there is no bin.
    until = bins.edges[np.minimum(first + 1, len(bins))]
    own = np.where(legs.timed, np.minimum(end, until) - legs.start, 0)
    longer = np.flatnonzero(legs.timed & (own < legs.seconds))
    more = bins.find(end[longer] - 1) - first[longer]
    call = np.repeat(longer, more)
    nth = np.arange(len(call)) - np.repeat(np.cumsum(more) - more, more) + 1
    into = first[call] + nth
    seconds = np.minimum(end[call], bins.edges[into + 1]) - bins.edges[into]
    return Spill(own, call, into, seconds)


def _ends(legs: Legs) -> Ints:
    """Return the first seconds of legs, and the last ones."""
    last = legs.start + np.maximum(legs.seconds, 1) - 1
    return np.concatenate([legs.start[legs.timed], last[legs.timed]])


def _bins(ends: Ints, freq: str | None, timezone: str) -> Bins:
    if freq is not None:
        return make_bins(ends, freq, timezone)
    if not len(ends):
        return Bins(np.zeros(2, np.int64), zone(timezone))
    return Bins(np.array([ends.min(), ends.max() + 1]), zone(timezone))


def _count(codes: Ints, size: int, weights: NDArray[np.generic] | None = None) -> Ints:
    # Weights are whole seconds and flags: their sums are exact far beyond any history.
    return np.bincount(codes, weights, size).astype(np.int64)


@checked
def traffic(
    history: History,
    *,
    freq: str | None = "h",
    by: By = None,
    timezone: str = "UTC",
    side: str | None = "network",
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Count attempts and answers, and measure the traffic that they carried.

    A call is one *leg*: one connection of the platform with one far end. By default those
    are counted that the telephone network carried (see :func:`far_ends`): an agent's own
    phone that rings is not an attempt on the network. An incoming leg is answered by the
    scenario, be it with music, so it has no ASR; it is *accepted* or not.

    =====================  ===========================================================
    ``legs``               legs that start in the stretch
    ``attempts``           the outgoing ones (ITU-T E.600 2.4: call attempts)
    ``answered``           of the attempts, those with ``successful``
    ``asr``                answered / attempts, 0 to 1. The trade calls it answer-seizure
                           ratio (ITU-T E.425); the platform shows attempts and no
                           seizures, so it is E.600's answer-bid ratio
    ``ner``                network effectiveness ratio: delivered / attempts, 0 to 1
                           (ITU-T E.425)
    ``acd``                average call duration: mean ``duration`` of the answered
                           attempts whose duration is known, seconds
    ``arrived``            the incoming legs
    ``accepted``           those that the scenario answered
    ``acd_in``             their mean ``duration``, seconds
    ``connected_minutes``  ``duration`` of all answered legs, minutes, not rounded up:
                           what was carried, both directions
    ``cost``               price of the legs alone, the account's currency; their records
                           and resources are in :func:`cost_breakdown`
    ``cost_per_minute``    price of the answered legs whose price and duration are known
                           / their minutes
    ``unpriced``           answered legs whose price is not known
    ``failed_cost``        price of the legs that were not answered
    ``erlangs``            traffic carried: seconds of answered legs that lie in the
                           stretch / its seconds (ITU-T E.600 1.12). A leg that goes on
                           counts in every stretch that it occupies, for its part. By
                           ``"hour"`` and ``"weekday"`` the seconds are those that fall
                           into that hour or day: of a week 7 hours from 10 to 11, or one
                           Monday. With ``freq=None`` it is the window that was read that
                           they fall into, whole hours from the first leg to the last
                           where that is not known (a mapping of tables)
    =====================  ===========================================================

    An attempt was *delivered* when it was answered, or when its ``end_reason_code`` says
    that the far end, and not the network, ended it. E.425 names answer, user busy, ring
    without answer and rejection by the terminal; as SIP codes (RFC 3261), with the Q.850
    cause that RFC 3398 pairs them with:

    * busy: 486, 600 (17);
    * no answer: 480 (18, 19, 20), 408 (18: here it means that it rang for 60 s);
    * the caller, or the scenario, gave up: 487 (no cause: RFC 3398 has no mapping, as the
      originating side released). Whether it had rung is not told;
    * the terminal or its user declined: 603 (21 located at the user), 606, 607.

    Not delivered are all others: 403 (21 located in the network), 404, 410, 484, 604
    (no such number), 402, 401, 407, 608 (refused by a network or the service), 5xx. A
    failed call without a code counts as not delivered: NER is the lower bound.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    freq : str or None
        Stretches of time, as in :func:`cost_breakdown`. None is one stretch, from the
        first leg's start to the last leg's end.
    by : str or sequence of str, optional
        Columns of ``sessions`` or ``calls``, or what :func:`cost_breakdown` names
        besides; ``"hour"`` and ``"weekday"`` are of the leg's own start.
    timezone : str
        IANA name of the timezone whose clock cuts the stretches.
    side : {"network", "own", "machine", "unknown"} or None
        Which far ends count; None is all.
    currency : str or mapping of int to str, optional
        As in :func:`cost_breakdown`.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        As in :func:`cost_breakdown`; concerns ``cost`` and ``failed_cost``.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), ``currency`` (where it was given), the
        columns of ``by``, then the above. In order of time, day of the week and hour, where
        there are such, then the most legs first. With ``freq`` alone every stretch has a row,
        with ``by`` those in which something is. Division by nothing is null, and so is
        everything when the calls were not read (``with_calls=False``).

    Raises
    ------
    ValueError
        For an unknown column, side, frequency or timezone.

    Examples
    --------
    >>> month = analysis.traffic(history, freq=None)
    >>> month[["attempts", "answered", "asr", "acd"]]
       attempts  answered       asr         acd
    0       936       453  0.483974  182.465784
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    chosen = None if "side" in names_of(by) else side
    bins = _bins(span(_ends(each.of_side(chosen).legs) for each in sources), freq, timezone)

    time = parts_of(bins, names_of(by), sources.window, in_time=freq is not None)

    def tally(whole: Source) -> Tally:
        rows = whole.are_of(chosen)
        source = whole.only(rows)
        paid_in = currency_by(whole, currency, whole.parents("calls"))
        columns = of_rows([*paid_in, *columns_by(whole, by, ("calls",), timezone)], rows)
        return _tally(source, columns, time, None if freq is None else bins)

    (found,) = added((tally(source),) for source in sources)
    cost_paid = np.asarray(to_float(found["paid"]))
    figures = {
        "legs": found["legs"],
        "attempts": found["attempts"],
        "answered": found["answered"],
        "asr": ratio(found["answered"], found["attempts"]),
        "ner": ratio(found["delivered"], found["attempts"]),
        "acd": ratio(found["seconds_out"], found["measured_out"]),
        "arrived": found["arrived"],
        "accepted": found["accepted"],
        "acd_in": ratio(found["seconds_in"], found["measured_in"]),
        "connected_minutes": found["seconds"] / 60,
        "cost": found["cost"],
        "cost_per_minute": ratio(cost_paid, found["seconds_paid"] / 60),
        "unpriced": found["unpriced"],
        "failed_cost": found["failed_cost"],
        "erlangs": ratio(found["busy"], time.seconds(found.labels, found.size)),
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    labels = marked(found.labels, bins, sources.window)
    return noted(grouped(labels, figures, "legs", dtype_backend), sources, currency, by)


def _tally(
    source: Source, columns: Sequence[tuple[str, Coded]], time: Parts, bins: Bins | None
) -> Tally:
    """Count legs, and add up their seconds and prices, by group."""
    legs, rows, cost = source.legs, source.count("calls"), source["calls"]["cost"]
    parts, counted = spill(legs, time.bins), time.lengths > 0
    read = counted[parts.bin]
    parts = Spill(parts.own, parts.call[read], parts.bin[read], parts.seconds[read])
    stretches = None
    if bins is not None:
        begun = time_codes(legs.start, legs.timed, bins)
        stretches = Coded(np.append(begun.codes, time.stretch[parts.bin]), begun.labels)
    spread = []
    for name, column in columns:
        later = (
            time.clock[name].codes[parts.bin] if name in time.clock else column.codes[parts.call]
        )
        spread.append((name, Coded(np.append(column.codes, later), column.labels)))
    groups = over_time(stretches, spread, rows + len(parts.call))
    codes, size = groups.codes[:rows], groups.size
    first = np.where(legs.timed, time.bins.find(legs.start), 0)
    own = np.where(np.append(counted, [False])[first], parts.own, 0)

    def count(these: Flags) -> Ints:
        return _count(codes, size, these)

    def seconds(these: Flags) -> Ints:
        return _count(codes, size, np.where(these, legs.seconds, 0))

    def money(these: Flags) -> pa.Array:
        return sums(cost, np.where(these, codes, -1), size)

    paid = legs.measured & legs.priced
    return Tally.of(
        groups,
        legs=_count(codes, size),
        attempts=count(legs.outgoing),
        answered=count(legs.outgoing & legs.answered),
        delivered=count(legs.outgoing & delivered(source)),
        seconds_out=seconds(legs.outgoing),
        measured_out=count(legs.outgoing & legs.measured),
        arrived=count(legs.incoming),
        accepted=count(legs.incoming & legs.answered),
        seconds_in=seconds(legs.incoming),
        measured_in=count(legs.incoming & legs.measured),
        seconds=seconds(legs.measured),
        cost=sums(cost, codes, size),
        paid=money(paid),
        seconds_paid=seconds(paid),
        unpriced=count(legs.answered & ~legs.priced),
        failed_cost=money(~legs.answered),
        busy=_count(groups.codes, size, np.append(own, parts.seconds)),
    )
