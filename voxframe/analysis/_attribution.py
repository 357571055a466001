"""Whose calls cost what: a session's whole price, to its agents or its number outside."""

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._by_day import Sources
from voxframe.analysis._coded import Coded, encode
from voxframe.analysis._currency import Currency, currency_by, noted
from voxframe.analysis._derived import numbers_of, outside_leg, remote_numbers
from voxframe.analysis._grouping import KINDS, Groups, group
from voxframe.analysis._money import WIDE, billionths, from_billionths, sums
from voxframe.analysis._output import DtypeBackend, grouped
from voxframe.analysis._source import Entries, History, Ints, Source
from voxframe.analysis._tally import Tally, added

NOBODY = "(nobody)"
_METHODS = ("longest", "share")


def _prices(source: Source) -> list[int]:
    """Return each session's whole price in billionths; last, what belongs to no session."""
    size = source.count("sessions") + 1
    kinds = [
        billionths(sums(source[kind]["cost"], source.parents(kind) % size, size)) for kind in KINDS
    ]
    return [sum(parts) for parts in zip(*kinds, strict=True)]


def _agents_of_sessions(source: Source) -> pd.DataFrame:
    """Return a row for each session and agent that was connected in it."""
    legs, parents = source.legs, source.parents("calls")
    numbers = remote_numbers(source)
    rows = np.flatnonzero(source.own & legs.answered & (parents >= 0) & (numbers.codes >= 0))
    names = np.array(numbers.labels.to_pylist(), object)
    frame = pd.DataFrame(
        {
            "session": parents[rows],
            "agent": names[numbers.codes[rows]],
            "seconds": legs.seconds[rows],
            "first": legs.start[rows],
        }
    )
    together = frame.groupby(["session", "agent"], as_index=False)
    return together.agg(seconds=("seconds", "sum"), first=("first", "min"))


def _longest(agents: pd.DataFrame, prices: list[int]) -> list[int]:
    """Return what each row bears: all of its session's price, or nothing."""
    order = agents.sort_values(
        ["session", "seconds", "first", "agent"], ascending=[True, False, True, True]
    )
    bearer = set(order.drop_duplicates("session").index)
    sessions = agents["session"].tolist()
    return [prices[s] if row in bearer else 0 for row, s in enumerate(sessions)]


def _shares(agents: pd.DataFrame, prices: list[int]) -> list[int]:
    """Return what each row bears: its part of the session's price by connected seconds."""
    by_session = agents.groupby("session")["seconds"]
    whole, number = by_session.transform("sum"), by_session.transform("size")
    sessions = agents["session"].tolist()
    weights = agents["seconds"].where(whole > 0, 1).tolist()
    unders = whole.where(whole > 0, number).tolist()
    # Python's whole numbers: a price in billionths times seconds may outgrow 64 bits.
    parts = [
        divmod(prices[s] * weight, under)
        for s, weight, under in zip(sessions, weights, unders, strict=True)
    ]
    borne = [part for part, _ in parts]
    ranked = agents.assign(rest=[-rest for _, rest in parts])
    lacking = {s: prices[s] for s in sessions}
    for s, part in zip(sessions, borne, strict=True):
        lacking[s] -= part
    for row in ranked.sort_values(["session", "rest", "first", "agent"]).index.to_numpy():
        s = sessions[row]
        if lacking[s]:
            borne[row] += 1
            lacking[s] -= 1
    return borne


@checked
def cost_by_agent(
    history: History,
    *,
    method: str = "longest",
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Divide the whole price of every session among the agents who were connected in it.

    ============  ====================================================================
    ``longest``   all of it to the agent with the most connected seconds; of equals the
                  one whose first leg was earlier, then the name: what do this agent's
                  calls cost
    ``share``     by connected seconds: each gets price x seconds // all seconds in whole
                  billionths, and the billionths that are left go one by one to the
                  largest remainders (of equals as above): what does this agent's time
                  cost. Where all seconds are 0, in equal parts
    ============  ====================================================================

    Where no agent was connected the price stands under ``(nobody)`` and is not spread, and
    so does that of rows whose session is not there. Either way the rows add up to
    everything that was paid, to the last digit. ``cost_breakdown(by="agent")`` counts each
    session to the agent who answered *first* instead.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    method : {"longest", "share"}
        As above.
    currency : str or mapping of int to str, optional
        As in :func:`cost_breakdown`.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`; agents are own ones.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        As in :func:`cost_breakdown`.

    Returns
    -------
    pandas.DataFrame
        ``currency`` (where it was given), ``agent``, ``sessions`` (in which the agent was
        connected; so they do not add up), ``connected_minutes`` of the agent's legs,
        ``cost``. The dearest first. The cost is null when a part of it was not read
        (``with_records=False`` …).

    Raises
    ------
    ValueError
        For an unknown method, or an account without a currency.

    Examples
    --------
    >>> analysis.cost_by_agent(history).head(3)
          agent  sessions  connected_minutes       cost
    0  (nobody)       827                0.0  17.243154
    1   agent30        25         134.016667    4.48898
    2   agent11        30         125.666667   4.396644
    """
    if method not in _METHODS:
        raise ValueError(f"method: {method!r} is not one of {', '.join(map(repr, _METHODS))}.")
    sources = Sources.of(history, own=own, machine=machine, network=network)

    def tally(source: Source) -> Tally:
        prices, agents = _prices(source), _agents_of_sessions(source)
        borne = (_longest if method == "longest" else _shares)(agents, prices)
        sessions = agents["session"].to_numpy(np.int64)
        alone = np.ones(len(prices), np.bool_)
        alone[sessions] = False
        alone[-1] = bool(prices[-1])
        nobody = np.flatnonzero(alone)
        names = pa.array([*agents["agent"], *[NOBODY] * len(nobody)], pa.string())
        amounts = [*borne, *(prices[session] for session in nobody)]
        seconds = np.append(agents["seconds"].to_numpy(np.int64), np.zeros(len(nobody), np.int64))
        owners = np.append(sessions, nobody)
        groups = _grouped_by(source, currency, owners, "agent", encode(pa.chunked_array([names])))
        inside = groups.codes[owners < len(prices) - 1]
        return Tally.of(
            groups,
            sessions=np.bincount(inside, minlength=groups.size),
            seconds=np.bincount(groups.codes, seconds, groups.size).astype(np.int64),
            cost=_added(source, groups, amounts),
        )

    (found,) = added((tally(source),) for source in sources)
    figures = {
        "sessions": found["sessions"],
        "connected_minutes": found["seconds"] / 60,
        "cost": found["cost"],
    }
    return noted(grouped(found.labels, figures, "cost", dtype_backend), sources, currency)


def _grouped_by(
    source: Source, currency: Currency, owners: Ints, name: str, column: Coded
) -> Groups:
    """Group rows by currency, if any, and one column; an owner past the end is no session."""
    inside = np.where(owners < source.count("sessions"), owners, -1)
    return group([*currency_by(source, currency, inside), (name, column)], len(owners))


def _added(source: Source, groups: Groups, amounts: list[int]) -> pa.Array:
    """Add up billionths by group; nulls where a part of the price was not read."""
    if source.unread:
        return pa.nulls(groups.size, WIDE)
    added = [0] * groups.size
    for code, amount in zip(groups.codes.tolist(), amounts, strict=True):
        added[code] += amount
    return from_billionths(added)


@checked
def cost_by_caller(
    history: History,
    *,
    currency: Currency = None,
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Add up whole prices by the number outside: the caller's, or the first one dialled.

    An inbound session counts to its caller, any other to the first number of the telephone
    network that was dialled; an internal one to none. Numbers are compared without ``+``,
    ``00`` and what surrounds them in a SIP address.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at.
    currency : str or mapping of int to str, optional
        As in :func:`cost_breakdown`.
    own, machine, network : str or collection of str
        What is known of far ends, as in :func:`far_ends`.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        As in :func:`cost_breakdown`.

    Returns
    -------
    pandas.DataFrame
        ``currency`` (where it was given), ``number``, ``sessions``, ``cost``; the dearest
        first. What was paid for no number stands last, with a null, so that the rows add up to
        everything that was paid. The cost is null when a part of it was not read
        (``with_records=False`` …).

    Raises
    ------
    ValueError
        For an account without a currency.

    Examples
    --------
    >>> callers = analysis.cost_by_caller(history)
    >>> float(callers["cost"].head(3).sum().round(2))
    5.55
    """
    sources = Sources.of(history, own=own, machine=machine, network=network)

    def tally(source: Source) -> Tally:
        prices, size = _prices(source), source.count("sessions")
        # The last price is of rows whose session is not there.
        owners = np.arange(size + bool(prices[-1]))
        numbers = numbers_of(source, np.append(outside_leg(source), -1)[owners])
        groups = _grouped_by(source, currency, owners, "number", numbers)
        return Tally.of(
            groups,
            sessions=np.bincount(groups.codes[owners < size], minlength=groups.size),
            cost=_added(source, groups, prices[: len(owners)]),
        )

    (found,) = added((tally(source),) for source in sources)
    frame = grouped(found.labels, found.figures, "cost", dtype_backend)
    order = np.argsort(frame["number"].isna().to_numpy(), kind="stable")
    return noted(frame.iloc[order].reset_index(drop=True), sources, currency)
