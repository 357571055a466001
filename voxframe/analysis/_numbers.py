"""Which numbers do not answer."""

from collections.abc import Iterable
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import stamps, zone
from voxframe.analysis._by_day import Sources
from voxframe.analysis._grouping import coded
from voxframe.analysis._output import ratio, to_frame
from voxframe.analysis._sip_codes import meaning
from voxframe.analysis._source import Entries, History, Source, integers

_KEYS = ["number", "code"]
# What an unknown code counts as, behind all that are known.
_NO_CODE = 1 << 20
_SUMS = [("calls", "sum"), ("answered", "sum"), ("last", "max")]


@checked
def unanswered_numbers(
    history: History,
    *,
    timezone: str = "UTC",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """List the numbers that were dialled, those that answer least first, and why they do not.

    What counts are the attempts of :func:`traffic`: outgoing legs of the telephone network.
    One number written with ``+``, ``00`` or neither is one row, as with
    ``by="remote_number"`` (see :func:`cost_breakdown`).

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    timezone : str
        IANA name of the timezone that ``last`` is given in.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.

    Returns
    -------
    pandas.DataFrame
        One row a number of which a call was not answered: ``number``; ``dialled`` (how many
        times), ``answered``, ``answer_rate`` (answered / dialled, 0 to 1); ``last``, when it
        was last dialled (null where no start is known); ``end_reason_code`` that those not
        answered ended with most often (of equals the lowest; null when the service gave
        none), its ``meaning`` in plain words and its ``outcome``, as in :func:`end_reasons`.
        The lowest rate first, then the most dialled. Empty when the calls were not read.

    Raises
    ------
    ValueError
        For an unknown timezone.

    Examples
    --------
    >>> numbers = analysis.unanswered_numbers(history)
    >>> numbers[["dialled", "answered", "meaning"]].head(2)
       dialled  answered         meaning
    0        2         0            Busy
    1        2         0  No such number
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    found = reduce(_together, map(_dialled, sources))
    by_number = found.group_by("number").aggregate(_SUMS)
    failed = found.append_column("failed", pc.subtract(found["calls"], found["answered"]))
    order = [("failed", "descending"), ("code", "ascending")]
    ranked = failed.filter(pc.field("failed") > 0).sort_by(order).to_pandas()
    most = ranked.drop_duplicates("number").set_index("number")["code"]
    by_number = by_number.filter(pc.field("answered_sum") < pc.field("calls_sum"))
    numbers = by_number["number"].to_pylist()
    codes = [None if most[number] == _NO_CODE else int(most[number]) for number in numbers]
    dialled, answered = (integers(by_number[f"{name}_sum"]) for name in ("calls", "answered"))
    last = integers(by_number["last_max"], null=-1)
    table = pa.table(
        {
            "number": pa.array(numbers, pa.string()),
            "dialled": dialled,
            "answered": answered,
            "answer_rate": ratio(answered, dialled),
            "last": pc.if_else(pa.array(last >= 0), stamps(last, zone(timezone)), None),
            "end_reason_code": pa.array(codes, pa.int64()),
            "meaning": pa.array([meaning(code).text for code in codes], pa.string()),
            "outcome": pa.array([meaning(code).outcome for code in codes], pa.string()),
        }
    )
    order = [("answer_rate", "ascending"), ("dialled", "descending"), ("number", "ascending")]
    return to_frame(table.sort_by(order), "numpy_nullable")


def _dialled(source: Source) -> pa.Table:
    """Count the attempts of each number, by how they ended."""
    numbers = coded(source, "remote_number", ("calls",), "UTC")
    legs = source.legs
    rows = legs.outgoing & source.network & (numbers.codes >= 0)
    table = pa.table(
        {
            "number": numbers.labels.take(pa.array(numbers.codes[rows])).cast(pa.string()),
            "code": integers(source["calls"]["end_reason_code"], null=_NO_CODE)[rows],
            "calls": np.ones(int(rows.sum()), np.int64),
            "answered": legs.answered[rows].astype(np.int64),
            "last": pa.array(legs.start[rows], mask=~legs.timed[rows]),
        }
    )
    return _summed([table])


def _together(one: pa.Table, other: pa.Table) -> pa.Table:
    return _summed([one, other])


def _summed(tables: Iterable[pa.Table]) -> pa.Table:
    """Add up counts of the same number and code, and keep the latest start."""
    grouped = pa.concat_tables(tables).group_by(_KEYS, use_threads=False).aggregate(_SUMS)
    return grouped.rename_columns([*_KEYS, *(name for name, _ in _SUMS)])
