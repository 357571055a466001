"""Whether what the history says was paid is what a ledger says."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._grouping import KINDS
from voxframe.analysis._money import billionths, from_billionths
from voxframe.analysis._output import DtypeBackend, to_frame
from voxframe.analysis._source import History, Source
from voxframe.errors import InvalidQueryError


def _amounts(ids: Iterable[object], prices: Iterable[object]) -> dict[int, int]:
    """Add up a ledger's prices by transaction, in billionths."""
    added: dict[int, int] = defaultdict(int)
    for row, (number, price) in enumerate(zip(ids, prices, strict=True)):
        try:
            nano = Decimal(str(price)).quantize(Decimal("1E-9")).scaleb(9)
            added[int(str(number))] += int(nano)
        except (InvalidOperation, ValueError, OverflowError) as error:
            raise ValueError(
                f"frame: row {row} does not hold a whole transaction id and a price."
            ) from error
    return added


@checked
def reconcile(
    history: History,
    frame: pd.DataFrame,
    *,
    transaction_id: str = "transaction_id",
    cost: str = "cost",
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Compare prices with a ledger, by ``transaction_id``.

    Calls, records and uses of resources each carry the id of their billing transaction.
    Prices of one transaction are added up on either side before they are compared, exactly,
    in billionths.

    Parameters
    ----------
    history : CallHistory or mapping of tables
        What to look at.
    frame : pandas.DataFrame
        The ledger: a row a booking. What was paid is positive, as in the history.
    transaction_id, cost : str
        What the columns are called in `frame`. A price as a float counts as the decimal
        that it is written as.
    dtype_backend : {"numpy_nullable", "pyarrow"}
        As in :func:`cost_breakdown`.

    Returns
    -------
    pandas.DataFrame
        One row a transaction: ``transaction_id``; ``status``, one of ``matched``,
        ``different``, ``only in history``, ``only in ledger``, and, in one row for all,
        ``no transaction`` for what is in the history without one; ``cost`` (of the
        history), ``ledger``, ``difference`` (cost - ledger; what is missing counts as
        nothing); ``rows`` of the history. What does not match comes first, the largest
        difference ahead. ``result.groupby("status")["difference"].sum()`` sums it up.

    Raises
    ------
    ValueError
        For a column that `frame` does not have, or a row without an id or a price.

    Examples
    --------
    >>> statement = pd.concat([history.calls, history.records, history.resource_usage])
    >>> statement = statement[["transaction_id", "cost"]].dropna()
    >>> analysis.reconcile(history, statement)["status"].value_counts().to_dict()
    {'matched': 6710, 'no transaction': 1}
    """
    if not isinstance(frame, pd.DataFrame):
        raise InvalidQueryError(
            f"frame: is a {type(frame).__name__}, needs to be a pandas.DataFrame"
        )
    for keyword, name in (("transaction_id", transaction_id), ("cost", cost)):
        if name not in frame.columns:
            raise InvalidQueryError(f"{keyword}: frame: there is no column {name!r}.")
    source = Source.of(history)
    ours: dict[int | None, int] = defaultdict(int)
    rows: dict[int | None, int] = defaultdict(int)
    for kind in KINDS:
        ids = source[kind]["transaction_id"].to_pylist()
        for number, price in zip(ids, billionths(source[kind]["cost"]), strict=True):
            ours[number] += price
            rows[number] += 1
    theirs = _amounts(frame[transaction_id], frame[cost])
    lines = []
    for number in dict.fromkeys([*ours, *theirs]):
        mine, other = ours.get(number, 0), 0 if number is None else theirs.get(number, 0)
        if number is None:
            status = "no transaction"
        elif number not in theirs:
            status = "only in history"
        elif number not in ours:
            status = "only in ledger"
        else:
            status = "matched" if mine == other else "different"
        lines.append((number, status, mine, other))
    lines.sort(key=lambda line: (line[1] == "matched", -abs(line[2] - line[3]), line[0] or 0))
    table = pa.table(
        {
            "transaction_id": pa.array([line[0] for line in lines], pa.int64()),
            "status": pa.array([line[1] for line in lines], pa.string()),
            "cost": from_billionths(line[2] for line in lines),
            "ledger": from_billionths(line[3] for line in lines),
            "difference": from_billionths(line[2] - line[3] for line in lines),
            "rows": pa.array([rows.get(line[0], 0) for line in lines], pa.int64()),
        }
    )
    return to_frame(table, dtype_backend)
