"""What each agent was offered, took and missed."""

import numpy as np
import pandas as pd

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import make_bins, marked
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._coded import Coded
from voxframe.analysis._costs import time_codes
from voxframe.analysis._derived import remote_numbers
from voxframe.analysis._grouping import By, columns_by, of_rows, over_time
from voxframe.analysis._inbound import judge_inbound
from voxframe.analysis._output import grouped, ratio, unknown
from voxframe.analysis._source import Entries, Flags, History, Ints, Source, integers
from voxframe.analysis._tally import Tally, added

_OFFLINE, _CANCELLED = 480, 487
_COUNTS = (
    "offered", "answered", "not_answered", "taken_by_another", "offline", "elsewhere", "missed",
)  # fmt: skip


@checked
def agents(
    history: History,
    *,
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    inbound: bool = True,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count by agent what was offered, taken and missed, and how long each was connected.

    An agent is the far end of an *own* leg (see :func:`far_ends`): an app's user, a desk.
    Of the outgoing legs that rang an agent there are, adding up to ``offered``,

    =============  ===================================================================
    ``answered``   the agent took it
    ``offline``    not answered with code 480: the app was not logged in
    ``elsewhere``  not answered with code 487 in a session in which a person answered:
                   several were rung, another one took it
    ``missed``     the rest
    =============  ===================================================================

    How long a phone rang, hold, after-call work and occupancy are not in this data.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    by : str or sequence of str, optional
        What to group by beside the agent, as in :func:`traffic`.
    freq, timezone : str
        As in :func:`traffic`; a leg counts at its ``start_time``.
    inbound : bool, default True
        Inbound sessions alone; False counts agents' legs of all sessions.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), ``agent``, the columns of ``by``, then
        ``offered``; ``answered``, ``not_answered`` and ``taken_by_another`` (of these, in
        how many a person answered in the same session, whatever the code); the other three
        counts above; ``answer_rate`` (answered / offered, 0 to 1); ``connected_minutes`` of the
        agent's legs in both directions, and ``acd``, their mean in seconds. In order of
        time, day of the week and hour, where there are such, then the most offered first.
        Empty when the calls were not read.

    Examples
    --------
    >>> columns = ["agent", "offered", "answered", "answer_rate"]
    >>> analysis.agents(history)[columns].head(2)
         agent  offered  answered  answer_rate
    0  agent00       38        23     0.605263
    1  agent17       34        16     0.470588
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    bins = None
    if freq is not None:
        begun = (source.legs.start[source.legs.timed & _of_agents(source, inbound)]
                 for source in sources)  # fmt: skip
        bins = make_bins(span(begun), freq, timezone)

    def tally(source: Source) -> Tally:
        legs, parents, mine = source.legs, source.parents("calls"), _of_agents(source, inbound)
        agent = remote_numbers(source)
        columns = of_rows([("agent", agent), *columns_by(source, by, ("calls",), timezone)], mine)
        time = None
        if bins is not None:
            stretch = time_codes(legs.start, legs.timed & mine, bins)
            time = Coded(stretch.codes[mine], stretch.labels)
        groups = over_time(time, columns, int(mine.sum()))

        def count(these: Flags) -> Ints:
            return np.bincount(groups.codes[these[mine]], minlength=groups.size).astype(np.int64)

        ended = integers(source["calls"]["end_reason_code"], null=-1)
        offered = mine & legs.outgoing
        failed = offered & ~legs.answered
        taken = failed & (np.append(judge_inbound(source).answer, -1)[parents] >= 0)
        offline, elsewhere = failed & (ended == _OFFLINE), taken & (ended == _CANCELLED)
        seconds = np.bincount(groups.codes, legs.seconds[mine], groups.size).astype(np.int64)
        return Tally.of(
            groups,
            offered=count(offered),
            answered=count(offered & legs.answered),
            not_answered=count(failed),
            taken_by_another=count(taken),
            offline=count(offline),
            elsewhere=count(elsewhere),
            missed=count(failed & ~offline & ~elsewhere),
            connected=seconds,
            measured=count(mine & legs.measured),
        )

    (found,) = added((tally(source),) for source in sources)
    figures = {name: found[name] for name in _COUNTS}
    figures |= {
        "answer_rate": ratio(found["answered"], found["offered"]),
        "connected_minutes": found["connected"] / 60,
        "acd": ratio(found["connected"], found["measured"]),
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    labels = found.labels if bins is None else marked(found.labels, bins, sources.window)
    return grouped(labels, figures, "offered", "numpy_nullable")


def _of_agents(source: Source, inbound: bool) -> Flags:
    """Return which legs are of an own far end, of inbound sessions alone or of all."""
    if not inbound:
        return source.own
    called = np.append(judge_inbound(source).outcome, -1)[source.parents("calls")] >= 0
    return np.asarray(source.own & called)
