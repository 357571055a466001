"""What a sync changed, for people and monitors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pandas as pd

from voxframe._receipt import Receipt


@dataclass(frozen=True, slots=True)
class DayChange:
    """What a sync did to one day."""

    day: str
    sessions_before: int
    sessions_after: int
    cost_before: Decimal | None
    cost_after: Decimal
    added: int
    changed: int
    vanished: int
    changed_after: int | None


_INTEGERS = ("sessions_before", "sessions_after", "added", "changed", "vanished")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync read and changed.

    Attributes
    ----------
    changes : pandas.DataFrame
        One row a day that was read and holds or held sessions, in order. ``day``
        (datetime64[s]); ``sessions_before``, ``sessions_after``, ``added``, ``changed``,
        ``vanished`` (Int64): sessions that are held, that are new, that are not as they
        were, and that the service no longer gives; ``cost_before``, ``cost_after``
        (Float64): calls, records and resources, missing where an early version wrote the
        day; ``changed_after`` (timedelta64[s]): how long after their end sessions of the day
        still appeared or changed, at least; missing where none did. All of it is told of
        this run, beside the one before it: the dataset holds each session as it was last, and
        not how often it changed, so keep the reports if that is asked later.
    receipt : Receipt
        What the sync read, and what that took; ``settled`` also says how long after their
        end sessions still changed.
    recordings : pandas.DataFrame or None
        One row a file of the days whose files were looked at, as
        :func:`voxframe.download_recordings` returns them; None if none were wanted.

    Examples
    --------
    >>> report = voxframe.sync_call_history("history", "2026-10-01", "2026-10-08")
    >>> int(report.changes["added"].sum())
    453
    >>> report.receipt.sessions
    453
    >>> print(report.changed_after)
    None
    """

    changes: pd.DataFrame = field(repr=False)
    receipt: Receipt
    recordings: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def changed_after(self) -> timedelta | None:
        """How long after their end sessions still appeared or changed, at least.

        A sync sees that a session has changed since the day was read before, so it changed
        later than that; a `lookback` that is shorter would have missed it. None if all was
        as it was.
        """
        most = self.changes["changed_after"].max()
        return None if pd.isna(most) else most.to_pytimedelta()

    def __repr__(self) -> str:
        total = self.changes[[*_INTEGERS]].sum()
        return (
            f"<voxframe.SyncReport: {len(self.changes)} days, {total.added:,} sessions added, "
            f"{total.changed:,} changed, {total.vanished:,} vanished; "
            f"{self.receipt.requests:,} requests>"
        )


def report(days: Sequence[DayChange], receipt: Receipt) -> SyncReport:
    """Make the report of what was done to days."""
    rows = sorted(days, key=lambda each: each.day)
    columns = {
        "day": pd.Series([each.day for each in rows], dtype="datetime64[s]"),
        **{n: pd.Series([getattr(each, n) for each in rows], dtype="Int64") for n in _INTEGERS},
        "cost_before": pd.Series(
            [None if e.cost_before is None else float(e.cost_before) for e in rows], dtype="Float64"
        ),
        "cost_after": pd.Series([float(each.cost_after) for each in rows], dtype="Float64"),
        "changed_after": pd.Series(
            pd.to_timedelta([each.changed_after for each in rows], unit="s"),
            dtype="timedelta64[s]",
        ),
    }
    order = [
        "day", "sessions_before", "sessions_after", "cost_before", "cost_after",
        "added", "changed", "vanished", "changed_after",
    ]  # fmt: skip
    return SyncReport(pd.DataFrame(columns)[order], receipt)
