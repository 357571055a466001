"""What each session was: its calls, its talk, its whole price."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SESSION_ID
from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import zone
from voxframe.analysis._by_day import Sources
from voxframe.analysis._coded import encode
from voxframe.analysis._grouping import KINDS
from voxframe.analysis._money import cost_of, total
from voxframe.analysis._output import DtypeBackend, to_frame, unknown
from voxframe.analysis._source import Entries, Flags, History, Ints, Legs, Source
from voxframe.analysis._talk import talk_seconds

_DETECTOR = "VOICEMAILDETECTION"
_NEVER = np.iinfo(np.int64).max


def _tally(parents: Ints, rows: Flags, size: int) -> Ints:
    return np.bincount(parents[rows & (parents >= 0)], minlength=size).astype(np.int64)


def _add(parents: Ints, seconds: Ints, size: int) -> Ints:
    inside = parents >= 0
    return np.bincount(parents[inside], seconds[inside], size).astype(np.int64)


def _first_answer(people: Flags, legs: Legs, parents: Ints, size: int) -> Ints:
    first = np.full(size, _NEVER)
    rows = people & legs.answered & legs.timed & (parents >= 0)
    np.minimum.at(first, parents[rows], legs.start[rows])
    return first


def _detections(source: Source, size: int) -> Ints:
    kinds = encode(source["resource_usage"]["resource_type"])
    wanted = [code for code, label in enumerate(kinds.labels.to_pylist()) if label == _DETECTOR]
    return _tally(source.parents("resource_usage"), np.isin(kinds.codes, wanted), size)


@checked
def session_totals(
    history: History,
    *,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Sum every session up in one row.

    =========================  =======================================================
    ``call_session_history_id``, ``start_date``, ``application_name``, ``rule_name``
    ----------------------------------------------------------------------------------
    ``calls_in, calls_out``    its calls by direction
    ``answered_in``            incoming calls that were answered: by the scenario, which
                               an announcement is enough for
    ``answered_out``           outgoing calls that were answered by whoever was called
    ``answered_legs``          all calls with ``successful``
    ``first_answer``           when a person first answered: the earliest ``start_time``
                               of an answered outgoing call that is not to a machine;
                               :func:`leg_clock` says whether that is the answer or the
                               dial
    ``leg_seconds``            ``duration`` of the answered calls added up: what is paid
    ``talk_seconds``           seconds in which a customer and one of us were connected
                               at once, see :func:`minutes`. A caller alone with an
                               announcement does not talk, and two that are connected
                               for a minute talk for one minute, not two
    ``voicemail_detections``   uses of VOICEMAILDETECTION: that the detector listened,
                               not that it heard a machine; the history does not say
    ``calls_cost``, ``records_cost``, ``resources_cost``, ``total_cost``
    ----------------------------------------------------------------------------------
    =========================  =======================================================

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    timezone : str
        IANA name of the timezone that ``start_date`` and ``first_answer`` are given in.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        The sums are exact. ``"numpy_nullable"`` gives each as the nearest Float64,
        ``"pyarrow"`` gives them as decimal128(38, 9).

    Returns
    -------
    pandas.DataFrame
        One row a session, in the order of ``sessions``. Counts, seconds and prices
        (the account's currency) of a session without calls are 0, its ``first_answer``
        is null. What was not read (``with_calls=False`` …) is null, and so is the total.

    Examples
    --------
    >>> totals = analysis.session_totals(history)
    >>> totals[["call_session_history_id", "answered_legs", "total_cost"]].head(2)
       call_session_history_id  answered_legs  total_cost
    0               3100000002              1    0.007968
    1               3100000006              1     0.00048
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    instant = pa.timestamp("us", zone(timezone))
    whole = pa.concat_tables([_totals(source, instant) for source in sources])
    costs = [whole[f"{name}_cost"].combine_chunks() for name in KINDS.values()]
    return to_frame(whole.append_column("total_cost", total(sources.unread, *costs)), dtype_backend)


def _totals(source: Source, instant: pa.DataType) -> pa.Table:
    sessions, legs, parents = source["sessions"], source.legs, source.parents("calls")
    size = source.count("sessions")
    first = _first_answer(source.people, legs, parents, size)
    never = first == _NEVER
    figures: dict[str, Any] = {
        "calls_in": _tally(parents, legs.incoming, size),
        "calls_out": _tally(parents, legs.outgoing, size),
        "answered_in": _tally(parents, legs.incoming & legs.answered, size),
        "answered_out": _tally(parents, legs.outgoing & legs.answered, size),
        "answered_legs": _tally(parents, legs.answered, size),
        "first_answer": pa.array(np.where(never, 0, first) * 1_000_000, mask=never).cast(instant),
        "leg_seconds": _add(parents, legs.seconds, size),
        "talk_seconds": talk_seconds(source),
    }
    if "calls" in source.unread:
        figures = unknown(figures)
    detections = {"voicemail_detections": _detections(source, size)}
    figures |= unknown(detections) if "resource_usage" in source.unread else detections
    costs = {
        f"{name}_cost": cost_of(source, kind, source.parents(kind), size)
        for kind, name in KINDS.items()
    }
    known = {
        SESSION_ID: sessions[SESSION_ID],
        "start_date": sessions["start_date"].cast(instant),
        "application_name": sessions["application_name"],
        "rule_name": sessions["rule_name"],
    }
    return pa.table({**known, **figures, **costs})
