"""Two kinds of minutes: what the network carried, and when people were connected."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._grouping import By
from voxframe.analysis._outcomes import in_time, session_bins, session_groups
from voxframe.analysis._output import grouped, unknown
from voxframe.analysis._source import Entries, Flags, History, Ints, Source
from voxframe.analysis._tally import Tally, added


def talk_seconds(source: Source) -> Ints:
    """Return for each session the seconds in which a customer and one of us were connected."""
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")
    lasting = legs.timed & (legs.seconds > 0) & (parents >= 0)
    called_in = np.zeros(size + 1, np.bool_)
    called_in[parents[legs.incoming & source.network]] = True
    called_in[-1] = False
    # Where a customer called in, whoever was dialled is one of us, on a mobile, too.
    forwarded = source.people & source.network & called_in[parents]
    ours = lasting & (source.own | forwarded)
    theirs = lasting & source.network & ~forwarded
    rows = np.flatnonzero(ours | theirs)
    owner = np.tile(parents[rows], 2)
    moment = np.concatenate([legs.start[rows], (legs.start + legs.seconds)[rows]])
    order = np.lexsort((moment, owner))
    lasts = np.diff(moment[order], append=0)

    def connected(these: Flags) -> Flags:
        # Each session's changes add up to 0, so one running sum serves them all.
        one = these[rows].astype(np.int64)
        return np.cumsum(np.concatenate([one, -one])[order]) > 0

    both = connected(ours) & connected(theirs)
    return np.bincount(owner[order], np.where(both, lasts, 0), size).astype(np.int64)


@checked
def minutes(
    history: History,
    *,
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Add up the minutes that the network carried, and those in which people were connected.

    =====================  ===========================================================
    ``connected_minutes``  ``duration`` of the answered legs of the network: what is
                           paid by the minute. A forwarded call counts twice, a caller
                           alone with an announcement once
    ``talk_minutes``       minutes in which a customer and one of us were connected at
                           once: a leg of the network, and an own one, or where a
                           customer called in, a person who was dialled
    =====================  ===========================================================

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    by, freq, timezone, own, machine, network
        As in :func:`inbound_outcomes`: all of a session counts at its ``start_date``.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), the columns of ``by``, then
        ``sessions`` and the two above, which are null when the calls were not read. In
        order of time, then the most sessions first.

    Raises
    ------
    ValueError
        For an unknown column, frequency or timezone.

    Examples
    --------
    >>> analysis.minutes(history, by="application_name").round(1).head(3)
            application_name  sessions  connected_minutes  talk_minutes
    0           support-line       869             3138.7        2153.3
    1           sales-dialer       406             1030.1         751.3
    2  appointment-reminders       326              135.4           0.0
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    bins = session_bins(sources, freq, timezone)

    def tally(source: Source) -> Tally:
        groups, parents = session_groups(source, by, bins, timezone), source.parents("calls")
        carried = source.network & (parents >= 0)
        size = source.count("sessions")
        seconds = np.bincount(parents[carried], source.legs.seconds[carried], size)

        def total(each: NDArray[Any]) -> Ints:
            return np.bincount(groups.codes, each, groups.size).astype(np.int64)

        sessions = np.bincount(groups.codes, minlength=groups.size)
        talk = total(talk_seconds(source))
        return Tally.of(groups, sessions=sessions, connected=total(seconds), talk=talk)

    (found,) = added((tally(source),) for source in sources)
    figures = {
        "connected_minutes": found["connected"] / 60,
        "talk_minutes": found["talk"] / 60,
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    labels = in_time(found.labels, bins, sources.window)
    figures = {"sessions": found["sessions"], **figures}
    return grouped(labels, figures, "sessions", "numpy_nullable")
