"""What a sync changed, for people and monitors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pandas as pd

from voxframe._dataset.loss import Loss
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS


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
    damaged: bool


# More files than these are not spelled out in a message.
_MANY = 10
_INTEGERS = ("sessions_before", "sessions_after", "added", "changed", "vanished")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync read and changed.

    Attributes
    ----------
    changes : pandas.DataFrame
        One row a day that was replaced and holds or held sessions, in order. ``day``
        (datetime64[s]); ``sessions_before``, ``sessions_after``, ``added``, ``changed``,
        ``vanished`` (Int64): sessions that are held, that are new, that are not as they
        were, and that the service no longer gives; ``cost_before``, ``cost_after``
        (Float64): calls, records and resources, missing where an early version wrote the
        day; ``changed_after`` (timedelta64[s]): how long after their end sessions of the day
        still appeared or changed, at least; missing where none did; ``damaged`` (boolean):
        files of the day were not there as they were written, and only what was intact could
        be compared. All of it is told of this run, beside the one before it: the dataset holds
        each session as it was last, and not how often it changed, so keep the reports if that
        is asked later.
    lost : pandas.DataFrame
        One row a damaged day of which the service does not give all again that was there.
        ``day`` (datetime64[s]); ``sessions``, ``calls``, ``records``, ``resource_usage``
        (Int64): rows that cannot be had again; ``cost`` (Float64): theirs, as far as it is
        missing from the day's sum; ``what`` (str): what is wrong with which files. Such a day
        stays as it is, and the sync ends in a :class:`~voxframe.errors.DamageError`, unless
        `vanished` is ``"intact"``.
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
    lost: pd.DataFrame = field(repr=False)
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
        damaged, lost = int(self.changes["damaged"].sum()), len(self.lost)
        return (
            f"<voxframe.SyncReport: {len(self.changes)} days, {total.added:,} sessions added, "
            f"{total.changed:,} changed, {total.vanished:,} vanished"
            + f", {damaged:,} damaged days read again" * bool(damaged)
            + f", {lost:,} of which something is lost" * bool(lost)
            + f"; {self.receipt.requests:,} requests>"
        )


def report(days: Sequence[DayChange], lost: Sequence[Loss], receipt: Receipt) -> SyncReport:
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
        "damaged": pd.Series([each.damaged for each in rows], dtype="boolean"),
    }
    order = [
        "day", "sessions_before", "sessions_after", "cost_before", "cost_after",
        "added", "changed", "vanished", "changed_after", "damaged",
    ]  # fmt: skip
    return SyncReport(pd.DataFrame(columns)[order], _lost(lost), receipt)


def _lost(losses: Sequence[Loss]) -> pd.DataFrame:
    rows = [
        {
            "day": each.day,
            **{name: each.rows.get(name, 0) for name in SCHEMAS},
            "cost": float(each.cost),
            "what": "; ".join(each.faults),
        }
        for each in sorted(losses, key=lambda each: each.day)
    ]
    types = {"day": "datetime64[s]", **dict.fromkeys(SCHEMAS, "Int64"), "cost": "Float64"}
    return pd.DataFrame(rows, columns=[*types, "what"]).astype({**types, "what": "str"})


def in_words(damage: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong with the files of which days."""
    faults = [fault for each in damage.values() for fault in each]
    more = f" and {len(faults) - _MANY:,} more" if len(faults) > _MANY else ""
    days = f" ({len(damage):,} days)" if len(damage) > 1 else ""
    return f"{'; '.join(faults[:_MANY])}{more}{days}"


def loss_in_words(lost: pd.DataFrame) -> str:
    """Return what cannot be had again of which days, and what to do."""
    days = []
    for row in lost.head(_MANY).to_dict(orient="records"):
        rows = [f"{row[name]:,} {name.replace('_', ' ')}" for name in SCHEMAS if row[name]]
        rows += [f"{row['cost']:.2f} of its cost"] if row["cost"] else []
        *most, last = rows
        told = f"{', '.join(most)} and {last}" if most else last
        days.append(f"{row['day']:%Y-%m-%d}: {row['what']}, and the service no longer gives {told}")
    more = f"; and {len(lost) - _MANY:,} more days" if len(lost) > _MANY else ""
    return (
        f"{'; '.join(days)}{more}. {'These days are' if len(lost) > 1 else 'The day is'} left as "
        "it was, all others are done. Put the file back at its place, from a backup, and run the "
        "same again; or let sync_call_history with vanished='intact' read the "
        "day again and keep what is intact of it"
    )
