"""Whom was missed: inbound sessions that no person answered."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SESSION_ID
from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import Bins, make_bins, marked, zone
from voxframe.analysis._by_day import Sources, span
from voxframe.analysis._costs import time_codes
from voxframe.analysis._followed import follow, seconds_of
from voxframe.analysis._grouping import By, Groups, columns_by, over_time
from voxframe.analysis._inbound import OUTCOMES, judge_inbound
from voxframe.analysis._output import grouped, ratio, to_frame, unknown
from voxframe.analysis._sip_codes import meaning
from voxframe.analysis._source import Entries, Flags, History, Ints, Source, integers
from voxframe.analysis._tally import Tally, added


def session_bins(sources: Sources, freq: str | None, timezone: str) -> Bins | None:
    """Cut the time in which sessions start, if a frequency is given."""
    if freq is None:
        return None
    starts = (source.session_starts for source in sources.reading("start_date"))
    return make_bins(span(starts), freq, timezone)


def session_groups(source: Source, by: By, bins: Bins | None, timezone: str) -> Groups:
    """Group sessions by a stretch of time, if any, and by columns."""
    size = source.count("sessions")
    columns = columns_by(source, by, ("sessions",), timezone)
    if bins is None:
        return over_time(None, columns, size)
    return over_time(
        time_codes(source.session_starts, np.ones(size, np.bool_), bins), columns, size
    )


def in_time(labels: pa.Table, bins: Bins | None, window: tuple[int, int] | None) -> pa.Table:
    """Return for each stretch of time, if any, whether it is not wholly inside of what was read."""
    return labels if bins is None else marked(labels, bins, window)


def counts(groups: Groups, these: Flags) -> Ints:
    """Count rows by group."""
    return np.bincount(groups.codes[these], minlength=groups.size).astype(np.int64)


@checked
def inbound_outcomes(
    history: History,
    *,
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count what became of the sessions in which somebody called in.

    A session is *inbound* when it has an incoming leg of the telephone network (see
    :func:`far_ends`); the first of them is the caller's. It is answered by the scenario,
    so its ``successful`` says only that music played. A *person* was tried when the
    session has an outgoing leg whose far end is not a machine: a user, a desk, a mobile.
    Of inbound sessions there are, adding up,

    ====================  ============================================================
    ``person``            an outgoing leg to a person was answered
    ``missed``            a person was tried, and none answered
    ``no_person_tried``   the scenario answered and tried nobody: self-service, a menu,
                          or the caller hung up in it; these are not told apart
    ``not_accepted``      no leg was answered: the caller was refused, or gone before
    ====================  ============================================================

    Whether a colleague's own voice mail picked up, the history does not tell: a use of
    VOICEMAILDETECTION says that the detector listened and not what it heard. A session's
    ``rule_name`` stands for a queue; queues themselves are in another method's answer.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    by : str or sequence of str, optional
        Columns of ``sessions``, or what :func:`cost_breakdown` names of them: ``"caller"``,
        ``"called"``, ``"agent"``, ``"hour"``, ``"weekday"`` …
    freq, timezone : str
        As in :func:`cost_breakdown`; a session counts at its ``start_date``.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        ``start`` and ``partial`` (with ``freq``), the columns of ``by``, then
        ``inbound``; ``offered``
        (to people: person + missed); the four counts above; ``forwarded`` (inbound
        sessions that dialled the network, too); ``missed_share`` (missed / inbound) and
        ``abandonment_rate`` (missed / offered, the one that the report shows), 0 to 1,
        null where there are none. All of it is null when the calls were not read
        (``with_calls=False``). In order of time,
        then the most inbound first.

    Examples
    --------
    >>> outcomes = analysis.inbound_outcomes(history, by="application_name")
    >>> outcomes[["application_name", "offered", "person", "missed"]].head(3)
       application_name  offered  person  missed
    0      support-line      742     507     235
    1    clinic-münchen      190     129      61
    2  video-consulting       18      18       0
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    bins = session_bins(sources, freq, timezone)

    def tally(source: Source) -> Tally:
        judged, groups = judge_inbound(source), session_groups(source, by, bins, timezone)
        each = {name.replace(" ", "_"): counts(groups, judged.is_(name)) for name in OUTCOMES}
        forwarded = counts(groups, judged.forwarded & judged.is_(*OUTCOMES))
        return Tally.of(groups, **each, forwarded=forwarded)

    (found,) = added((tally(source),) for source in sources)
    names = [name.replace(" ", "_") for name in OUTCOMES]
    inbound = np.asarray(np.sum([found[name] for name in names], axis=0, dtype=np.int64))
    offered = found["person"] + found["missed"]
    figures = {
        "inbound": inbound,
        "offered": offered,
        **found.figures,
        "missed_share": ratio(found["missed"], inbound),
        "abandonment_rate": ratio(found["missed"], offered),
    }
    if "calls" in sources.unread:
        figures = unknown(figures)
    labels = in_time(found.labels, bins, sources.window)
    return grouped(labels, figures, "inbound", "numpy_nullable")


@checked
def missed(
    history: History,
    *,
    outcome: str = "missed",
    within: str = "1h",
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """List the inbound sessions in which a person was tried and none answered.

    The definitions are those of :func:`inbound_outcomes`.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    outcome : {"missed", "no person tried", "not accepted", "person"}
        Which of the inbound sessions to list.
    within : str, default "1h"
        How long after the call a return call counts, as in :func:`called_back`.
    timezone : str
        IANA name of the timezone that ``start_date`` is given in.
    own, machine, network : str or collection of str
        As in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        One row a session, in the order of ``sessions``: ``call_session_history_id``,
        ``start_date``, ``application_name``, ``rule_name``, ``caller`` (the remote
        number of the first leg from outside), ``local_number`` (that was called),
        ``waited`` (seconds that this leg lasted; null when it is unknown),
        ``tried`` (outgoing legs to people), ``end_reason_code`` of the last of them and
        its ``meaning``, ``dialled``, ``reached`` and ``called_again`` (whether, within
        that time, as far as the data goes: what happened after its end is not known).
        A caller who was missed twice has two rows, and the later is a call again after
        the earlier. Whom the report names to be called back are the callers whose *last*
        missed call was, within 7 days, neither reached nor followed by a call again (see
        the example; the report takes two spellings of a number for one, ``+44`` and
        ``0044``).

    Raises
    ------
    ValueError
        For an unknown outcome, length of time or timezone.

    Examples
    --------
    >>> calls = analysis.missed(history, timezone="Europe/Berlin")
    >>> calls[["start_date", "waited", "meaning"]].head(2)
                     start_date  waited                     meaning
    0 2026-10-01 03:38:29+02:00      66  Cancelled before an answer
    1 2026-10-01 11:22:50+02:00     118                    Declined
    >>> calls = analysis.missed(history, within="7D").dropna(subset="caller")
    >>> last = calls.sort_values("start_date").drop_duplicates("caller", keep="last")
    >>> len(last[~(last["reached"] | last["called_again"])])  # to be called back
    278
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome: {outcome!r} is not one of {', '.join(map(repr, OUTCOMES))}.")
    seconds = seconds_of("within", within)
    source = Source.of(history, own=own, machine=machine, network=network)
    judged = judge_inbound(source)
    followed = follow(source, judged, seconds)
    rows = np.flatnonzero(judged.is_(outcome))
    sessions = source["sessions"].take(pa.array(rows))
    caller = source["calls"].take(pa.array(judged.caller[rows]))
    last = judged.last[rows]
    ends = source["calls"]["end_reason_code"].take(pa.array(last, mask=last < 0))
    codes = integers(ends, null=-1).tolist()
    meanings = [
        None if at < 0 else meaning(None if code < 0 else code).text
        for at, code in zip(last.tolist(), codes, strict=True)
    ]
    instant = pa.timestamp("us", zone(timezone))
    table = pa.table(
        {
            SESSION_ID: sessions[SESSION_ID],
            "start_date": sessions["start_date"].cast(instant),
            "application_name": sessions["application_name"],
            "rule_name": sessions["rule_name"],
            "caller": caller["remote_number"],
            "local_number": caller["local_number"],
            "waited": caller["duration"],
            "tried": judged.tried[rows],
            "end_reason_code": ends,
            "meaning": pa.array(meanings, pa.string()),
            "dialled": followed.dialled[rows],
            "reached": followed.reached[rows],
            "called_again": followed.called_again[rows],
        }
    )
    return to_frame(table, "numpy_nullable")
