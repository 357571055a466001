"""What was decided about far ends, for a person to check."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._far_ends import SIDES, lower, sip_domains
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import Entries, History, Source, integers
from voxframe.analysis._tally import Tally, added

_KEYS = ["type", "domain", "direction", "side", "rule"]


@checked
def far_ends(
    history: History, *, own: Entries = (), machine: Entries = (), network: Entries = ()
) -> pd.DataFrame:
    """List what kinds of far ends there are, which side each is on, and why.

    Each leg has one far end. It is the *telephone network*'s (a customer, a trunk, an
    agent's mobile), the account's *own* people's (app users, SIP desks), a *machine*'s,
    or *unknown*. ASR, NER, ACD, lines and the price of a minute are by default of network
    legs. The first of these that fits decides:

    1. what is said in `own`, `machine` and `network`: a number beats a SIP domain, which
       beats a type;
    2. type ``user`` is own;
    3. type ``sip``: a telephone number as the SIP name (7 to 15 digits) is the network (a
       trunk), else own (a desk);
    4. types ``pstn``, ``mobile`` and ``tollfree`` are the network;
    5. another type, or none: a telephone number is the network, else unknown.

    Known mistakes of 3: desks whose SIP name is a full number, bots and rooms with names.
    They show here; say it with the three keywords.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    own, machine, network : str or collection of str
        Types (``"user"``), SIP domains (``"@pbx.example.com"``), numbers or their
        beginnings (``"+4420794601*"``, with ``+``, ``00`` or neither).

    Returns
    -------
    pandas.DataFrame
        One row a kind, the most legs first: ``type`` (in lower case), ``domain`` (of SIP
        addresses), ``direction`` (in, out), ``side``, ``rule`` (which decided, in words),
        ``legs`` and ``numbers`` (different ones).

    Raises
    ------
    ValueError
        For an entry of another form, or one that is named for two sides.

    Examples
    --------
    >>> analysis.far_ends(history)[["type", "direction", "side", "legs"]].head(3)
       type direction     side  legs
    0  user       out      own  1085
    1  pstn        in  network   661
    2  pstn       out  network   577
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)
    (found,) = added((_kinds(source),) for source in sources)
    table = found.labels.append_column("legs", pa.array(found["legs"]))
    counted = table.group_by(_KEYS).aggregate([("legs", "sum"), ("number", "count_distinct")])
    counted = counted.rename_columns([*_KEYS, "legs", "numbers"])
    order = [("legs", "descending"), *((key, "ascending") for key in _KEYS)]
    return to_frame(counted.sort_by(order), "numpy_nullable")


def _kinds(source: Source) -> Tally:
    """Count the legs of each kind and number."""
    calls, judged, legs = source["calls"], source.judged, source.legs
    direction = np.select([legs.incoming, legs.outgoing], ["in", "out"], "")
    table = pa.table(
        {
            "type": lower(calls["remote_number_type"]),
            "domain": sip_domains(calls["remote_number"]),
            "direction": pa.array(direction, mask=direction == ""),
            "side": pa.array(np.array(SIDES)[judged.side]),
            "rule": pa.array(np.array(judged.rules)[judged.rule]),
            "number": calls["remote_number"],
        }
    )
    counted = table.group_by([*_KEYS, "number"]).aggregate([([], "count_all")])
    labels = counted.select([*_KEYS, "number"])
    return Tally(labels, len(counted), {"legs": integers(counted["count_all"])})
