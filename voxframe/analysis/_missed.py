"""Whom was missed: inbound sessions that no person answered."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SESSION_ID
from voxframe.analysis._bins import make_bins, zone
from voxframe.analysis._costs import time_codes
from voxframe.analysis._grouping import By, columns_by, encode, over_time
from voxframe.analysis._output import grouped, ratio, to_frame, unknown
from voxframe.analysis._sip_codes import meaning
from voxframe.analysis._source import Flags, History, Ints, Source, integers

OUTCOMES = ("person", "missed", "machine", "unanswered")
_NOT_INBOUND = -1
_USERS = ("user",)


@dataclass(frozen=True, slots=True)
class _Inbound:
    """What became of each session; its caller's leg and the last leg to a person."""

    outcome: Ints
    caller: Ints
    tried: Ints
    last: Ints


def _any(parents: Ints, rows: Flags, size: int) -> Ints:
    return np.bincount(parents[rows], minlength=size)


def _of_types(source: Source, types: Collection[str]) -> Flags:
    kinds = encode(source["calls"]["remote_number_type"])
    wanted = [code for code, label in enumerate(kinds.labels.to_pylist()) if label in types]
    return np.isin(kinds.codes, wanted)


def _judge(source: Source, own: Collection[str], machines: Collection[str]) -> _Inbound:
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")
    known = parents >= 0
    callers = legs.incoming & known & ~_of_types(source, own)
    people = legs.outgoing & known & ~_of_types(source, machines)
    tried = _any(parents, people, size)
    person = _any(parents, people & legs.answered, size) > 0
    anyone = _any(parents, legs.answered & known, size) > 0
    outcome = np.select([person, tried > 0, anyone], [0, 1, 2], 3)
    caller = np.full(size, -1, np.int64)
    last = np.full(size, -1, np.int64)
    rows = np.flatnonzero(callers)[::-1]
    caller[parents[rows]] = rows
    rows = np.flatnonzero(people)
    last[parents[rows]] = rows
    return _Inbound(np.where(caller >= 0, outcome, _NOT_INBOUND), caller, tried, last)


def inbound_outcomes(
    history: History,
    *,
    by: By = None,
    freq: str | None = None,
    timezone: str = "UTC",
    own: Collection[str] = _USERS,
    machines: Collection[str] = (),
) -> pd.DataFrame:
    """Count what became of the sessions in which somebody called in.

    A session is *inbound* when it has an incoming call from outside: one whose
    ``remote_number_type`` is not in ``own``. An incoming call is answered by the
    scenario, so its ``successful`` says only that an announcement played. A *person*
    was tried when the session has an outgoing call (to a user, a SIP address, a
    telephone) whose type is not in ``machines``. Of inbound sessions there are

    ==============  ==================================================================
    ``person``      an outgoing call to a person was answered
    ``missed``      a person was tried, and none answered
    ``machine``     no person was tried: only the scenario (announcement, menu, voice
                    mail, bot) or a machine answered
    ``unanswered``  nothing answered: the caller gave up, or was refused, before
    ==============  ==================================================================

    Whether a colleague's own voice mail picked up, the history does not tell: a use of
    VOICEMAILDETECTION says that the detector listened and not what it heard.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    by : str or sequence of str, optional
        Columns of ``sessions``.
    freq, timezone : str
        As in :func:`cost_breakdown`; a session counts at its ``start_date``.
    own : collection of str
        Values of ``remote_number_type`` that are the account's own people: a session
        that a user starts is not inbound. Add ``"sip"`` when agents call in from SIP
        phones and no customer does.
    machines : collection of str
        Values of ``remote_number_type`` behind which there is no person.

    Returns
    -------
    pandas.DataFrame
        ``start`` (with ``freq``), the columns of ``by``, then ``inbound`` and the four
        counts above, which add up to it, and ``missed_share`` (missed / inbound, 0 to
        1, null without inbound sessions). All of it is null when the calls were not read
        (``with_calls=False``). In order of time, or the most inbound first.
    """
    source = Source.of(history)
    size = source.count("sessions")
    judged = _judge(source, own, machines).outcome
    time = None
    if freq is not None:
        bins = make_bins(source.session_starts, freq, timezone)
        time = time_codes(source.session_starts, np.ones(size, np.bool_), bins)
    groups = over_time(time, columns_by(source, by, ("sessions",)), size)
    counts = {
        name: np.bincount(groups.codes[judged == code], minlength=groups.size).astype(np.int64)
        for code, name in enumerate(OUTCOMES)
    }
    inbound = np.asarray(np.sum(list(counts.values()), axis=0, dtype=np.int64))
    figures = {"inbound": inbound, **counts, "missed_share": ratio(counts["missed"], inbound)}
    if "calls" in source.unread:
        figures = unknown(figures)
    return grouped(groups.labels, figures, "inbound", "numpy_nullable")


def missed(
    history: History,
    *,
    outcome: str = "missed",
    timezone: str = "UTC",
    own: Collection[str] = _USERS,
    machines: Collection[str] = (),
) -> pd.DataFrame:
    """List the inbound sessions in which a person was tried and none answered.

    The definitions are those of :func:`inbound_outcomes`; sessions that only a machine
    answered are not missed, and are listed with ``outcome="machine"``.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    outcome : {"missed", "machine", "unanswered", "person"}
        Which of the inbound sessions to list.
    timezone : str
        IANA name of the timezone that ``start_date`` is given in.
    own, machines : collection of str
        As in :func:`inbound_outcomes`.

    Returns
    -------
    pandas.DataFrame
        One row a session, in the order of ``sessions``: ``call_session_history_id``,
        ``start_date``, ``application_name``, ``rule_name``, ``caller`` (the remote
        number of the first call from outside), ``local_number`` (that was called),
        ``waited`` (seconds that this call lasted; null when it is unknown),
        ``tried`` (outgoing calls to people), ``end_reason_code`` of the last of them and
        its ``meaning``.
    """
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome is one of {', '.join(OUTCOMES)}.")
    source = Source.of(history)
    judged = _judge(source, own, machines)
    rows = np.flatnonzero(judged.outcome == OUTCOMES.index(outcome))
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
        }
    )
    return to_frame(table, "numpy_nullable")
