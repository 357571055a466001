"""What a read asked, counted, mended and settled."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Why a result is complete, and what it took.

    Attributes
    ----------
    from_date, to_date : datetime
        The window asked for, UTC, with the ends that ``inclusive`` names; the
        whole window for a piece of it, too.
    inclusive : str
        Which ends belong to the result.
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
        Wall time.
    bytes : int
        Size of the answers, inflated.
    mended : Mapping[str, int]
        Everything that was put right on the way, by kind.
    """

    from_date: datetime
    to_date: datetime
    inclusive: str = "left"
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

    def to_dict(self) -> dict[str, Any]:
        """Give the receipt as plain JSON values, dates in ISO 8601.

        Returns
        -------
        dict
            One item a field.
        """
        plain = asdict(self)
        plain["from_date"] = self.from_date.isoformat()
        plain["to_date"] = self.to_date.isoformat()
        plain["mended"] = dict(self.mended)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Receipt":
        """Build a receipt from what :meth:`to_dict` gave.

        Parameters
        ----------
        plain : Mapping
            One item a field; unknown items are ignored.

        Returns
        -------
        Receipt
            Equal to the one that was written.
        """
        known = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        known["from_date"] = datetime.fromisoformat(known["from_date"])
        known["to_date"] = datetime.fromisoformat(known["to_date"])
        return cls(**known)
