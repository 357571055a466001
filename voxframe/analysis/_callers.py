"""Who called again, and whom one called back."""

import numpy as np
import pandas as pd

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._derived import numbers_of
from voxframe.analysis._followed import follow, seconds_of, until
from voxframe.analysis._grouping import By
from voxframe.analysis._inbound import judge_inbound
from voxframe.analysis._outcomes import counts, in_time, session_bins, session_groups
from voxframe.analysis._output import grouped, ratio, unknown
from voxframe.analysis._source import Entries, History, Source


@checked
def called_back(
    history: History,
    *,
    within: str = "1h",
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count how many of the missed were called back within a time, and how many called again.

    The missed are those of :func:`inbound_outcomes`. A missed caller was *dialled* when
    another session has an outgoing leg of the network to the same number, from the end of
    the caller's leg to `within` after it; *reached* when such a leg was answered; and
    *called again* when the number called in another session in that time. Numbers are
    compared without ``+``, ``00`` and what surrounds them in a SIP address; a caller
    without a number can neither be called back nor recognised.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    within : str, default "1h"
        How long after the missed call, such as ``"30min"``.
    by, freq, timezone, own, machine, network
        As in :func:`inbound_outcomes`.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), the columns of ``by``, then
        ``missed``, ``dialled``,
        ``reached``, ``called_again``, ``lost`` (none of the three), ``not_over`` (missed
        so late that the time goes beyond the data), ``dialled_share`` and
        ``reached_share`` (of the missed, 0 to 1). All of it is null when the calls were
        not read. In order of time, then the most missed first. The list of them is
        :func:`missed`.

    Raises
    ------
    ValueError
        For an unknown length of time, column, frequency or timezone.

    Examples
    --------
    >>> analysis.called_back(history, within="1D")[["missed", "dialled", "called_again"]]
       missed  dialled  called_again
    0     296        1             2
    """
    seconds = seconds_of("within", within)
    source = Source.of(history, own=own, machine=machine, network=network)
    sources = Sources.of_one(source)
    judged = judge_inbound(source)
    bins = session_bins(sources, freq, timezone)
    groups = session_groups(source, by, bins, timezone)
    gone, followed = judged.is_("missed"), follow(source, judged, seconds)
    dialled, reached = (
        counts(groups, gone & followed.dialled),
        counts(groups, gone & followed.reached),
    )
    spoken_to = followed.dialled | followed.called_again
    missed = counts(groups, gone)
    figures = {
        "missed": missed,
        "dialled": dialled,
        "reached": reached,
        "called_again": counts(groups, gone & followed.called_again),
        "lost": counts(groups, gone & ~spoken_to),
        "not_over": counts(groups, gone & ~followed.whole),
        "dialled_share": ratio(dialled, missed),
        "reached_share": ratio(reached, missed),
    }
    if "calls" in source.unread:
        figures = unknown(figures)
    labels = in_time(groups.labels, bins, source.window)
    return grouped(labels, figures, "missed", "numpy_nullable")


@checked
def repeat_callers(
    history: History,
    *,
    within: str = "7D",
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count how many call again within a time, and for how many one call was enough.

    A call is a *repeat* when its number called in before, at most `within` earlier; of the
    first days of the data that is not complete, since what came before is not in it. One
    call was *enough* when a person answered and the number did not call in again for
    `within`: a proxy of first call resolution, which needs the reason of a call. Only
    those count that came early enough for the time to be over when the data ends.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at: inbound sessions whose caller has a number.
    within : str, default "7D"
        How long, such as ``"24h"``.
    by, freq, timezone, own, machine, network
        As in :func:`inbound_outcomes`.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), the columns of ``by``, then
        ``calls``, ``callers``
        (different numbers), ``repeats``, ``repeat_share`` (of the calls, 0 to 1),
        ``handled`` (answered by a person, early enough), ``enough``, ``enough_share`` (of
        the handled). All of it is null when the calls were not read. In order of time,
        then the most calls first.

    Raises
    ------
    ValueError
        For an unknown length of time, column, frequency or timezone.

    Examples
    --------
    >>> analysis.repeat_callers(history, within="7D")[["calls", "callers", "repeats"]]
       calls  callers  repeats
    0   1104     1009       50
    """
    seconds = seconds_of("within", within)
    source = Source.of(history, own=own, machine=machine, network=network)
    sources = Sources.of_one(source)
    judged = judge_inbound(source)
    bins = session_bins(sources, freq, timezone)
    groups = session_groups(source, by, bins, timezone)
    numbers = numbers_of(source, judged.caller)
    when = np.append(source.legs.start, 0)[judged.caller]
    known = np.flatnonzero(numbers.codes >= 0)
    order = known[np.lexsort((known, when[known], numbers.codes[known]))]
    again = np.diff(numbers.codes[order], prepend=-1) == 0
    close = again & (np.diff(when[order], prepend=0) <= seconds)
    repeats, followed = np.zeros((2, len(when)), np.bool_)
    repeats[order] = close
    followed[order] = np.append(close[1:], [False])
    calls = np.isin(np.arange(len(when)), known)
    handled = calls & judged.is_("person") & (when + seconds < until(source))
    pairs = np.unique(groups.codes[known] * (len(numbers.labels) + 1) + numbers.codes[known])
    figures = {
        "calls": counts(groups, calls),
        "callers": np.bincount(pairs // (len(numbers.labels) + 1), minlength=groups.size),
        "repeats": counts(groups, repeats),
        "repeat_share": ratio(counts(groups, repeats), counts(groups, calls)),
        "handled": counts(groups, handled),
        "enough": counts(groups, handled & ~followed),
        "enough_share": ratio(counts(groups, handled & ~followed), counts(groups, handled)),
    }
    if "calls" in source.unread:
        figures = unknown(figures)
    labels = in_time(groups.labels, bins, source.window)
    return grouped(labels, figures, "calls", "numpy_nullable")
