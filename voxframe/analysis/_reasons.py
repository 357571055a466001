"""How calls and sessions ended."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._coded import Coded
from voxframe.analysis._grouping import By, columns_by, group, names_of, of_rows
from voxframe.analysis._output import grouped, ratio
from voxframe.analysis._sip_codes import is_effective, meaning
from voxframe.analysis._source import Entries, Flags, History, Ints, Source
from voxframe.analysis._tally import Tally, added

# What says how something ended is no group that endings are a share of.
_OF_THE_END = frozenset({"end_reason_code", "end_reason_details", "finish_reason"})
_NORMAL = "Normal termination"
_FINISHES = {
    _NORMAL: "The scenario ended by itself",
    "Insufficient funds": "The account had no money left",
    "Internal error (billing timeout)": "Billing on the service's side did not answer",
    "Terminated administratively": "Someone, or the API, stopped it",
    "JS session error": "The scenario's code failed",
    "Timeout": "It ran into the longest time a session may last",
}


def _counted(columns: list[tuple[str, Coded]], rows: Flags) -> tuple[Tally]:
    groups = group(of_rows(columns, rows), int(rows.sum()))
    return (Tally.of(groups, rows=np.bincount(groups.codes, minlength=groups.size)),)


def _shares(labels: pa.Table, by: By, counts: Ints) -> pa.Array:
    """Each row's part of what its own combination of ``by`` holds."""
    names = [name for name in names_of(by) if name.rpartition(".")[2] not in _OF_THE_END]
    if not names:
        return ratio(counts, np.full(len(counts), counts.sum()))
    keys = labels.select(names)
    codes = np.zeros(len(counts), np.int64)
    for name in names:
        encoded = keys[name].combine_chunks().dictionary_encode(null_encoding="encode")
        codes = codes * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy()
    _, owner = np.unique(codes, return_inverse=True)
    return ratio(counts, np.bincount(owner, counts)[owner])


@checked
def end_reasons(
    history: History,
    *,
    by: By = None,
    answered: bool = False,
    timezone: str = "UTC",
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count why calls failed, in plain words, by default those of the telephone network.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at: calls (legs) that were not answered.
    by : str or sequence of str, optional
        As in :func:`traffic`; ``"end_reason_details"`` gives the service's own words.
    answered : bool
        Look at the answered calls instead.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    side : {"network", "own", "machine", "unknown"} or None
        Which far ends count; None is all.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``end_reason_code`` (SIP, RFC 3261; null when the
        service gave none), ``meaning`` (plain words), ``outcome`` (busy, no answer,
        cancelled, rejected, number, refused, network, completed, unknown),
        ``delivered`` (whether it counts for the NER, see :func:`traffic`), ``calls``,
        ``share``, 0 to 1, of these calls in the same group of ``by``, in which a reason is
        not a group: with ``"end_reason_details"`` alone, of all these calls. The most calls
        first, by hour and day of the week in their order; empty when there are none.

    Examples
    --------
    >>> analysis.end_reasons(history)[["meaning", "outcome", "calls"]].head(2)
                          meaning    outcome  calls
    0                        Busy       busy    123
    1  Cancelled before an answer  cancelled     93
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    names = [name for name in names_of(by) if name != "end_reason_code"]
    chosen = None if "side" in names else side

    def tally(source: Source) -> tuple[Tally]:
        columns = columns_by(source, [*names, "end_reason_code"], ("calls",), timezone)
        return _counted(columns, source.are_of(chosen) & (source.legs.answered == answered))

    (found,) = added(map(tally, sources))
    counts, codes = found["rows"], found.labels["end_reason_code"].to_pylist()
    figures = {
        "meaning": pa.array([meaning(code).text for code in codes], pa.string()),
        "outcome": pa.array([meaning(code).outcome for code in codes], pa.string()),
        "delivered": pa.array([answered or is_effective(code) for code in codes], pa.bool_()),
        "calls": pa.array(counts),
        "share": _shares(found.labels, names, counts),
    }
    return grouped(found.labels, figures, "calls", "numpy_nullable")


@checked
def finish_reasons(
    history: History,
    *,
    by: By = None,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Count how sessions ended, in the service's words and in plain ones.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at: all sessions.
    by : str or sequence of str, optional
        Columns of ``sessions``, and what :func:`inbound_outcomes` names besides.
    timezone : str
        IANA name of the timezone of ``"hour"`` and ``"weekday"``.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by``, then ``finish_reason`` (null when the service gave none),
        ``meaning`` (null for a reason that is not documented), ``failed`` (any but
        "Normal termination"; null for no reason), ``sessions``, ``share`` (of the
        group's sessions, 0 to 1). The most sessions first, by hour and day of the week in
        their order; empty when there are none.

    Examples
    --------
    >>> analysis.finish_reasons(history)[["finish_reason", "failed", "sessions"]].head(2)
            finish_reason  failed  sessions
    0  Normal termination   False      1955
    1    JS session error    True        13
    """
    sources = Sources.of(history, by=by, own=own, machine=machine, network=network)
    names = [name for name in names_of(by) if name != "finish_reason"]

    def tally(source: Source) -> tuple[Tally]:
        columns = columns_by(source, [*names, "finish_reason"], ("sessions",), timezone)
        return _counted(columns, np.ones(source.count("sessions"), np.bool_))

    (found,) = added(map(tally, sources))
    counts, reasons = found["rows"], found.labels["finish_reason"].to_pylist()
    failed = [None if reason is None else reason != _NORMAL for reason in reasons]
    figures = {
        "meaning": pa.array([_FINISHES.get(reason) for reason in reasons], pa.string()),
        "failed": pa.array(failed, pa.bool_()),
        "sessions": pa.array(counts),
        "share": _shares(found.labels, names, counts),
    }
    return grouped(found.labels, figures, "sessions", "numpy_nullable")
