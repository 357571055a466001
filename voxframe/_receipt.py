"""What a read asked, counted, mended and settled."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Why a result is complete, and what it took.

    Attributes
    ----------
    from_date, to_date : datetime
        The stretch of time that the result is of, UTC, with the ends that
        ``inclusive`` names: of a piece its own.
    inclusive : str
        Which ends belong to the result.
    filters : Mapping[str, str]
        What was selected, by the name of the parameter; of a person's values only
        how many.
    with_calls, with_records, with_other_resources : bool or None
        What was read besides the sessions; None if that is not known.
    account_id : int or None
        Whose key it was read with.
    address : str or None
        Where from.
    read_at : datetime or None
        When the read began, UTC by this machine's clock.
    known_until : datetime or None
        When what is known ends, where the stretch was not over when it was read: the
        moment of the read. None where all of it was over, up to ``to_date``.
    timezone : str
        The timezone of the service's answers (``"UTC"`` under any of its names).
    requests : int
        HTTP requests sent, retries included.
    retries : int
        Requests that were sent again after a fault.
    pages : int
        Answers that held rows.
    duplicates : int
        Rows received more than once and dropped.
    sessions, calls, records, resource_usage : int
        Rows in the result.
    total_count : int or None
        The service's own last count of the window as it was asked.
    settled : str
        How completeness was established, in one sentence.
    seconds : float
        Wall time from the first request to the last answer; of several
        stretches that were read side by side, time that they share counts once.
    bytes : int
        Size of the answers, inflated.
    mended : Mapping[str, int]
        Everything that was put right on the way, by kind.
    unknown_fields : Mapping[str, int]
        Fields that are not declared, as ``table.field``, and how often they came.
    warnings : tuple of str
        What the service warned of, in its own words.
    missing_ids : tuple of int
        Session ids that were asked for and are not in the result: unknown to the
        service, outside of the window, or left out by another filter.

    Examples
    --------
    >>> day = voxframe.read_call_history("2026-10-05", "2026-10-06")
    >>> day.receipt.sessions, day.receipt.requests, dict(day.receipt.mended)
    (90, 1, {})
    >>> print(day.receipt.settled)
    one answer held every session that the service counts
    >>> both = voxframe.Receipt.sum([history.receipt, day.receipt])
    >>> both.sessions
    2090
    >>> voxframe.Receipt.from_dict(both.to_dict()) == both
    True
    """

    from_date: datetime
    to_date: datetime
    inclusive: str = "left"
    filters: Mapping[str, str] = field(default_factory=dict)
    with_calls: bool | None = None
    with_records: bool | None = None
    with_other_resources: bool | None = None
    account_id: int | None = None
    address: str | None = None
    read_at: datetime | None = None
    known_until: datetime | None = None
    timezone: str = "UTC"
    requests: int = 0
    retries: int = 0
    pages: int = 0
    duplicates: int = 0
    sessions: int = 0
    calls: int = 0
    records: int = 0
    resource_usage: int = 0
    total_count: int | None = None
    settled: str = ""
    seconds: float = 0.0
    bytes: int = 0
    mended: Mapping[str, int] = field(default_factory=dict)
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing_ids: tuple[int, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        """Tables that were left out, by ``with_calls=False`` and its like."""
        asked = {
            "calls": self.with_calls,
            "records": self.with_records,
            "resource_usage": self.with_other_resources,
        }
        return tuple(table for table, read in asked.items() if read is False)

    @classmethod
    def sum(cls, receipts: "Sequence[Receipt]") -> "Receipt":
        """Sum up the receipts of several stretches of time as one.

        Parameters
        ----------
        receipts : sequence of Receipt
            At least one, in any order.

        Returns
        -------
        Receipt
            From the earliest ``from_date`` to the latest ``to_date``, begun at the
            earliest ``read_at``, known until the latest moment that any of them is. Counts
            are added up, except for ``total_count``, which is None: neighbours may both
            have counted a session on their border.
        """
        if not receipts:
            raise ValueError("receipts: needs at least one")
        if len(receipts) == 1:
            return receipts[0]
        first, last = min(r.from_date for r in receipts), max(r.to_date for r in receipts)
        known = max(r.known_until or r.to_date for r in receipts)
        counts = {name: sum(getattr(r, name) for r in receipts) for name in _COUNTS}
        settled = {r.settled for r in receipts}
        return cls(
            from_date=first,
            to_date=last,
            inclusive=_inclusive(
                any(r.from_date == first and r.inclusive in ("left", "both") for r in receipts),
                any(r.to_date == last and r.inclusive in ("right", "both") for r in receipts),
            ),
            filters=_one({tuple(r.filters.items()): r.filters for r in receipts}, {}),
            with_calls=_all(r.with_calls for r in receipts),
            with_records=_all(r.with_records for r in receipts),
            with_other_resources=_all(r.with_other_resources for r in receipts),
            account_id=_one({r.account_id: r.account_id for r in receipts}, None),
            address=_one({r.address: r.address for r in receipts}, None),
            read_at=min((r.read_at for r in receipts if r.read_at), default=None),
            known_until=known if known < last else None,
            timezone=receipts[-1].timezone,
            settled=settled.pop() if len(settled) == 1 else EACH_BY_ITSELF,
            seconds=_wall_time(receipts),
            mended=_added(r.mended for r in receipts),
            unknown_fields=_added(r.unknown_fields for r in receipts),
            warnings=tuple(dict.fromkeys(text for r in receipts for text in r.warnings)),
            missing_ids=_missing(receipts),
            **counts,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain JSON values, dates in ISO 8601.

        Returns
        -------
        dict
            One item a field.
        """
        plain = asdict(self)
        for name in _DATES:
            plain[name] = None if plain[name] is None else plain[name].isoformat()
        for name in _TEXTS_AND_IDS:
            plain[name] = list(plain[name])
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Receipt":
        """Build a receipt from what :meth:`to_dict` returned.

        Parameters
        ----------
        plain : Mapping
            One item a field; unknown items are ignored, and what an earlier
            version did not write is as if it was not known.

        Returns
        -------
        Receipt
            Equal to the one that was written.
        """
        known = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        for name in _DATES:
            if known.get(name) is not None:
                known[name] = datetime.fromisoformat(known[name])
        for name in _TEXTS_AND_IDS:
            known[name] = tuple(known.get(name) or ())
        return cls(**known)


EACH_BY_ITSELF = (
    "read in several stretches of time; in each, as many sessions are here as the service counts"
)
# Of rows that are not all that was read, or more: those that the service gave once are kept.
EACH_AT_ITS_TIME = (
    "read in several stretches of time, each as many sessions as the service counted at that moment"
)
_DATES = ("from_date", "to_date", "read_at", "known_until")
_TEXTS_AND_IDS = ("warnings", "missing_ids")
_COUNTS = (
    "requests",
    "retries",
    "pages",
    "duplicates",
    "sessions",
    "calls",
    "records",
    "resource_usage",
    "bytes",
)


T = TypeVar("T")


def _one(different: Mapping[Any, T], otherwise: T) -> T:
    """Return what all have in common."""
    return next(iter(different.values())) if len(different) == 1 else otherwise


def _all(flags: Iterable[bool | None]) -> bool | None:
    """Return whether all were read; a part that was not makes no whole, nor one not known."""
    found = set(flags)
    return False if False in found else None if None in found else True


def _missing(receipts: Sequence[Receipt]) -> tuple[int, ...]:
    """Return the ids that no stretch had: one is outside of all others' windows by nature."""
    common = set(receipts[0].missing_ids).intersection(*(r.missing_ids for r in receipts))
    return tuple(sorted(common))


def _inclusive(left: bool, right: bool) -> str:
    if left:
        return "both" if right else "left"
    return "right" if right else "neither"


def _wall_time(receipts: Sequence[Receipt]) -> float:
    """Add up the seconds, those in which several were read only once."""
    total = sum(receipt.seconds for receipt in receipts if receipt.read_at is None)
    begun = {(r.read_at.timestamp(), r.seconds) for r in receipts if r.read_at is not None}
    until = -math.inf
    for begin, seconds in sorted(begun):
        total += max(begin + seconds - max(begin, until), 0.0)
        until = max(until, begin + seconds)
    return total


def _added(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up what was mended; what ends in ``_s`` is no count but seconds: the most of them."""
    added: dict[str, int] = {}
    for mended in several:
        for kind, number in mended.items():
            before = added.get(kind, 0)
            added[kind] = max(before, number) if kind.endswith("_s") else before + number
    return added
