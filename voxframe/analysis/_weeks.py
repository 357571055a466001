"""What a week looks like: the mean of a Monday, of a Tuesday and so on."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import WEEKDAYS, make_bins, partly_read
from voxframe.analysis._by_day import Sources
from voxframe.analysis._derived import clock_of
from voxframe.analysis._outcomes import inbound_outcomes
from voxframe.analysis._output import ratio, to_frame, unknown
from voxframe.analysis._source import Entries, History, Ints
from voxframe.analysis._talk import minutes
from voxframe.analysis._traffic import traffic

_OF_SESSIONS = ("sessions", "connected_minutes", "talk_minutes")
_OF_CALLERS = ("inbound", "person", "missed")


@checked
def typical_week(
    history: History,
    *,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Average the days of the week: what a Monday is like, a Tuesday and so on.

    Sums ``by="weekday"`` cannot be compared, since a month's five Thursdays exceed its four
    Mondays. Here each is divided by the number of such days that were wholly read, those
    without a call included; what was read of a day in part is left out. Of a mapping of
    tables, whose window is not known, all days from the first session's to the last one's
    count.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    timezone : str
        IANA name of the timezone whose days are meant.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        Seven rows: ``weekday`` (Mon to Sun), ``days`` (how many of them were wholly read),
        then the mean of a day: ``sessions``, ``connected_minutes`` and ``talk_minutes`` as
        in :func:`minutes`; ``inbound``, ``person`` and ``missed`` as in
        :func:`inbound_outcomes`; ``attempts`` as in :func:`traffic`. Null where no such day
        was wholly read, and all but the sessions when the calls were not read. By hour it is
        :func:`plots.plot_heatmap`.

    Raises
    ------
    ValueError
        For an unknown timezone.

    Examples
    --------
    >>> week = analysis.typical_week(history, timezone="Europe/Berlin")
    >>> week[["weekday", "days", "inbound", "missed"]].round(1).head(2)
      weekday  days  inbound  missed
    0     Mon     4     50.5    13.8
    1     Tue     4     42.2    14.0
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    given: dict[str, Any] = {
        "freq": "D", "timezone": timezone, "own": own, "machine": machine, "network": network,
    }  # fmt: skip
    frames = (
        (minutes(history, **given), _OF_SESSIONS),
        (inbound_outcomes(history, **given), _OF_CALLERS),
        (traffic(history, **given), ("attempts",)),
    )
    begun = [_seconds(frame) for frame, _ in frames]
    days = _whole_days(sources, np.concatenate(begun), timezone)
    weekday = clock_of(days, "weekday", timezone).codes
    number = np.bincount(weekday, minlength=len(WEEKDAYS))
    means: dict[str, Any] = {}
    for (frame, names), starts in zip(frames, begun, strict=True):
        known = frame[frame["start"].notna()]
        place = np.searchsorted(days, starts)
        inside = np.append(days, -1)[place] == starts
        of_day = weekday[place[inside]]
        for name in names:
            values = known[name].to_numpy(float, na_value=0.0)[inside]
            means[name] = ratio(np.bincount(of_day, values, len(WEEKDAYS)), number)
    if "calls" in sources.unread:
        means = {"sessions": means.pop("sessions"), **unknown(means)}
    return to_frame(pa.table({"weekday": WEEKDAYS, "days": number, **means}), "numpy_nullable")


def _seconds(frame: pd.DataFrame) -> Ints:
    """Return when the days of a frame begin, in epoch seconds."""
    starts = frame["start"].dropna().dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(starts.to_numpy().astype("datetime64[s]"), np.int64)


def _whole_days(sources: Sources, begun: Ints, timezone: str) -> Ints:
    """Return when the days begin that were wholly read, in order."""
    ends = begun
    if sources.window is not None:
        first, last = sources.window
        ends = np.array([first, last - 1] if first < last else [], np.int64)
    bins = make_bins(ends, "D", timezone)
    return bins.edges[:-1][~partly_read(bins, sources.window)]
