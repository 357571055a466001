"""How long callers waited for a person, and how many gave up."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._clock import decide
from voxframe.analysis._grouping import By
from voxframe.analysis._inbound import judge_inbound
from voxframe.analysis._outcomes import counts, in_time, session_bins, session_groups
from voxframe.analysis._output import grouped, ratio, unknown
from voxframe.analysis._source import Entries, History, Ints, Source
from voxframe.analysis._tally import Counted, Tally, added, occurrences
from voxframe.analysis._waits import Seconds, waits

METHODS = ("offered", "abandons excluded", "abandons included", "answered")
_COUNTS = ("offered", "answered", "answered_within", "abandoned", "abandoned_within")
_STARTS = ("arrival", "first try")
# Bounds that are no farther apart are one number: seconds, and parts of a whole.
_NEAR, _NEAR_SHARE = 2, 0.01


def _divided(over: NDArray[Any], under: Ints) -> Seconds:
    return np.where(under > 0, over / np.maximum(under, 1), np.nan)


def _floats(values: Seconds) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


@checked
def service_level(
    history: History,
    *,
    seconds: float = 20,
    method: str = "offered",
    short: float = 0,
    start: str = "arrival",
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Measure how soon a person answered, and how many callers left before.

    Callers count for whom a person was rung: *offered* sessions of
    :func:`inbound_outcomes`. The wait is counted from the caller's arrival, menu and
    announcements included (Zendesk's "answer time"), or from the first try to reach a
    person. Four ways to make a service level of it are in use, n being `seconds`:

    =====================  ===========================================================
    ``offered``            answered within n / offered (Genesys, Talkdesk contacts)
    ``abandons excluded``  answered within n / (offered - abandoned within n) (Bright
                           Pattern)
    ``abandons included``  (answered within n + abandoned within n) / offered (Talkdesk
                           calls)
    ``answered``           answered within n / answered: flattering
    =====================  ===========================================================

    How starts are to be read is decided by :func:`leg_clock`. Where they do not tell the
    moment of answer, the figures are bounds: ``_low`` and ``_high`` stand beside each, and
    the figure itself is null where they are more than 2 s, or a hundredth, apart. So it is
    with ``start="first try"`` where starts are answers: when a leg that was answered had
    been dialled is not in the data.

    Handle time, after-call work, hold, occupancy, and time in a queue are not either.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    seconds : float, default 20
        The threshold n, at least 0.
    method : {"offered", "abandons excluded", "abandons included", "answered"}
        As above.
    short : float, default 0
        Callers who left in less than so many seconds are taken out of ``offered`` and
        ``abandoned`` (Aircall: 10).
    start : {"arrival", "first try"}
        From when the wait is counted.
    by, freq, timezone, own, machine, network
        As in :func:`inbound_outcomes`.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), the columns of ``by``, then
        ``offered``, ``answered``,
        ``answered_within`` (for certain), ``abandoned``, ``abandoned_within``;
        ``service_level``, 0 to 1; ``speed_of_answer``, the mean wait of the answered in
        seconds, ``wait_median`` and ``wait_p90``; each with its ``_low`` and ``_high``;
        ``abandonment_rate`` (abandoned / offered); ``time_to_abandon``, the mean seconds
        that the abandoned held on, menu included, and ``time_to_abandon_median``. Waits
        that are not known are in no mean. All of it is null when the calls were not read
        (``with_calls=False``).

    Raises
    ------
    ValueError
        For an unknown method, start, column, frequency or timezone, or a negative time.

    Examples
    --------
    >>> level = analysis.service_level(history, seconds=20)
    >>> level[["offered", "answered_within", "service_level"]]
       offered  answered_within  service_level
    0      964              229       0.237552
    """
    for name, value, choices in (("method", method, METHODS), ("start", start, _STARTS)):
        if value not in choices:
            raise ValueError(f"{name}: {value!r} is not one of {', '.join(map(repr, choices))}.")
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    clock, bins = decide(sources), session_bins(sources, freq, timezone)

    def tally(source: Source) -> tuple[Tally, ...]:
        judged = judge_inbound(source)
        waited = waits(source, judged, clock, from_first_try=start == "first try")
        groups = session_groups(source, by, bins, timezone)
        answered, left = judged.is_("person"), judged.is_("missed")
        left &= ~(waited.held < short)
        # A comparison with NaN is false: what is not known is not soon, and may have been.
        soon, maybe = answered & (waited.high <= seconds), answered & ~(waited.low > seconds)
        known = answered & ~np.isnan(waited.low) & ~np.isnan(waited.high)
        held = left & ~np.isnan(waited.held)
        number = {
            "offered": counts(groups, answered | left),
            "answered": counts(groups, answered),
            "answered_within": counts(groups, soon),
            "abandoned": counts(groups, left),
            "abandoned_within": counts(groups, left & (waited.held <= seconds)),
            "maybe": counts(groups, maybe),
        }
        return (
            Tally.of(groups, **number),
            occurrences(groups, waited.low, known),
            occurrences(groups, waited.high, known),
            occurrences(groups, waited.held, held),
        )

    found, *parts = added(map(tally, sources))
    low, high, held = (Counted.of(part, found) for part in parts)
    number = {name: found[name] for name in _COUNTS}
    under = number["answered" if method == "answered" else "offered"]
    if method == "abandons excluded":
        under = under - number["abandoned_within"]
    more = number["abandoned_within"] if method == "abandons included" else 0
    levels = [_divided(found[each] + more, under) for each in ("answered_within", "maybe")]
    figures = {
        **number,
        **_bounded("service_level", levels, _NEAR_SHARE),
        **_bounded("speed_of_answer", [low.mean(), high.mean()], _NEAR),
        **_bounded("wait_median", [low.quantile(0.5), high.quantile(0.5)], _NEAR),
        **_bounded("wait_p90", [low.quantile(0.9), high.quantile(0.9)], _NEAR),
        "abandonment_rate": ratio(number["abandoned"], number["offered"]),
        "time_to_abandon": _floats(held.mean()),
        "time_to_abandon_median": _floats(held.quantile(0.5)),
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    labels = in_time(found.labels, bins, sources.window)
    return grouped(labels, figures, "offered", "numpy_nullable")


def _bounded(name: str, bounds: list[Seconds], near: float) -> dict[str, pa.Array]:
    """Return a figure and its bounds: one number where they are near, else null."""
    low, high = bounds
    middle = np.where(np.abs(high - low) <= near, (low + high) / 2, np.nan)
    return {name: _floats(middle), f"{name}_low": _floats(low), f"{name}_high": _floats(high)}
