"""One page of bytes to four typed tables.

The fast way leaves the page to Arrow's JSON reader: no Python object is made for
a value, and other threads run meanwhile. It refuses whatever is not exactly as
documented, and a page that it refuses is read by :mod:`voxframe._decode.tolerant`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._decode import fast as _fast
from voxframe._decode import tolerant as _tolerant
from voxframe._decode.columns import Lengths, typed
from voxframe._decode.page import RawPage
from voxframe._spec.tables import SESSION_ID

_UNKNOWN_FIELDS = ("keep", "ignore", "raise")


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One answer of the service as typed tables.

    Attributes
    ----------
    tables : dict of pyarrow.Table
        ``sessions``, ``calls``, ``records`` and ``resource_usage``, in the
        order of the answer. Instants are UTC.
    count : int
        How many sessions the answer says it holds.
    total_count : int or None
        How many sessions the query has, if that was asked for.
    timezone : str
        The timezone of the answer's dates as the service names it, ``"UTC"``
        if it names none.
    warnings : tuple of str
        What the service says about the query in its own words: usually a
        parameter that it did not take as meant.
    mended : Mapping[str, int]
        What was put right on the way, by kind.
    unknown_fields : Mapping[str, int]
        Values of fields that no table declares, by name with where it stands:
        ``"calls.mos"``, ``"calls.end_reason.q850"``, ``"envelope.server"``.
        Fields of rows are not counted with ``unknown_fields="ignore"``.

    Examples
    --------
    >>> with voxframe.Client() as client:
    ...     page = client.get_call_history(
    ...         from_date="2026-10-01", to_date="2026-11-01", count=3, with_total_count=True
    ...     )
    >>> page.count, page.total_count, page.timezone
    (3, 2000, 'Etc/GMT')
    >>> page.tables["sessions"]["call_session_history_id"].to_pylist()
    [3100000002, 3100000006, 3100000010]
    """

    tables: dict[str, pa.Table]
    count: int
    total_count: int | None
    timezone: str
    warnings: tuple[str, ...]
    mended: Mapping[str, int]
    unknown_fields: Mapping[str, int]
    _lengths: Lengths = field(repr=False)

    def ids_and_starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sessions' ids and starts, which are never null.

        Returns
        -------
        tuple of ndarray
            Ids; starts in microseconds since 1970, UTC.
        """
        ids, starts = (
            self.tables["sessions"].column(name).combine_chunks().view(pa.int64())
            for name in (SESSION_ID, "start_date")
        )
        return ids.to_numpy(zero_copy_only=True), starts.to_numpy(zero_copy_only=True)

    def __repr__(self) -> str:
        rows = ", ".join(f"{len(table):,} {name}" for name, table in self.tables.items())
        return f"<Page: {rows}>"


def decode(page: RawPage, *, unknown_fields: str = "keep") -> Page:
    """Read one page.

    Parameters
    ----------
    page : RawPage
        One answer that is a result.
    unknown_fields : {"keep", "ignore", "raise"}
        What becomes of fields that are not documented: columns of their own
        after the declared ones (objects and lists as JSON text), nothing, or a
        `DecodeError`.

    Returns
    -------
    Page
        Four typed tables and what the answer says about itself.

    Raises
    ------
    DecodeError
        If a value cannot be held by its column, if a row has no id or a session
        no start_date, or if the answer is not a result at all. The message names
        the field and the session, never a value.
    """
    if unknown_fields not in _UNKNOWN_FIELDS:
        raise ValueError(f"unknown_fields is one of {', '.join(_UNKNOWN_FIELDS)}")
    columns = _fast.read(page.body, unknown_fields)
    if columns is None:
        columns = _tolerant.read(page.body, unknown_fields, page.asked)
    tables = typed(columns)
    return Page(
        tables=tables,
        count=len(tables["sessions"]) if columns.count is None else columns.count,
        total_count=columns.total_count,
        timezone=columns.timezone or "UTC",
        warnings=columns.warnings,
        mended=dict(+columns.mended),
        unknown_fields=dict(+columns.unknown_fields),
        _lengths=columns.lengths,
    )
