"""In which currency prices are: a label from the user, since the history has none."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._by_day import Sources
from voxframe.analysis._coded import Coded, encode
from voxframe.analysis._grouping import KINDS, By, names_of
from voxframe.analysis._money import billionths, sums
from voxframe.analysis._source import Ints, Source
from voxframe.analysis._tally import Tally, added

Currency = str | Mapping[int, str] | None
"""One label for all, or one for each ``account_id``."""


def currency_by(source: Source, currency: Currency, owners: Ints) -> list[tuple[str, Coded]]:
    """Return the column of currencies, by the session of each row; none if none was said.

    Raises
    ------
    ValueError
        When an account of the history is not in the mapping.
    """
    if currency is None:
        return []
    if isinstance(currency, str):
        return [("currency", Coded(np.zeros(len(owners), np.int64), pa.array([currency])))]
    known = {int(account): label for account, label in currency.items()}
    accounts = encode(source["sessions"]["account_id"])
    names = accounts.labels.to_pylist()
    if missing := sorted({name for name in names if name is not None} - set(known)):
        listed = ", ".join(map(str, missing))
        raise ValueError(
            f"currency: the history also holds calls of account{'s' * (len(missing) != 1)} "
            f"{listed}, without a label; name the currency of every account."
        )
    labels = sorted(set(known.values()))
    place = np.array([labels.index(known[name]) for name in names] + [-1], np.int64)
    return [("currency", Coded(place[accounts.take(owners).codes], pa.array(labels, pa.string())))]


def noted(frame: pd.DataFrame, sources: Sources, currency: Currency, by: By = None) -> pd.DataFrame:
    """Note beside the frame that prices of several accounts were added up, and their parts."""
    if currency is not None or "account_id" in names_of(by):
        return frame
    if parts := prices_by_account(sources):
        listed = ", ".join(f"{account}: {price:,.2f}" for account, price in parts.items())
        frame.attrs["note"] = (
            f"Prices of {len(parts)} accounts are added up as if they were in one currency "
            f"({listed}). {how_to_tell_apart(parts)}"
        )
    return frame


def how_to_tell_apart(accounts: Iterable[int]) -> str:
    """Return what to do about prices of several accounts."""
    one = next(iter(accounts))
    return (
        f"Name it with currency='EUR', or with currency={{{one}: 'EUR', ...}}, a label for each "
        "account, where they differ."
    )


def prices_by_account(sources: Sources) -> dict[int, float]:
    """Return the whole price of each account's sessions, if there are several accounts."""
    found = (encode(source["sessions"]["account_id"]) for source in sources.reading("account_id"))
    # One account has nothing to be told apart from.
    if len({name for accounts in found for name in accounts.labels.to_pylist()}) < 2:  # noqa: PLR2004
        return {}
    (paid,) = added((_paid(source),) for source in sources.reading("account_id", "cost"))
    parts = [billionths(paid[kind]) for kind in KINDS]
    whole = [sum(each) / 1e9 for each in zip(*parts, strict=True)]
    return dict(sorted(zip(paid.labels["account"].to_pylist(), whole, strict=True)))


def _paid(source: Source) -> Tally:
    """Add up the prices of each kind by account."""
    accounts = encode(source["sessions"]["account_id"])
    size = len(accounts.labels)
    paid = {
        kind: sums(source[kind]["cost"], accounts.take(source.parents(kind)).codes, size)
        for kind in KINDS
    }
    return Tally(pa.table({"account": accounts.labels}), size, paid)
