"""A call history as four Dask DataFrames, which the workers of a cluster read.

Needs the extra ``voxframe[dask]``; ``import voxframe`` does not load it.

Examples
--------
>>> import voxframe.dask  # doctest: +SKIP
>>> frames = voxframe.dask.read_call_history("2026-01-01", "2027-01-01")  # doctest: +SKIP
>>> calls = frames["calls"].persist()  # read once  # doctest: +SKIP
>>> calls.groupby("remote_number_type").cost.sum().compute()  # doctest: +SKIP
>>> calls.loc["2026-10-05":"2026-10-11"].compute()  # doctest: +SKIP
"""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from voxframe._dataset.layout import STORED, session_starts, stored
from voxframe._history import BACKENDS, Backend
from voxframe._http.retry import RetryPolicy
from voxframe._partitions import Freq, KeyPath, Partition, only, partitions
from voxframe._progress import Report
from voxframe._query.names import keywords_checked
from voxframe._query.options import Ids, Texts, UnknownFields
from voxframe._query.window import DateLike, Inclusive
from voxframe._tables.to_pandas import frame
from voxframe.errors import InvalidQueryError, MissingExtraError

try:
    import dask
    from dask import dataframe
    from dask.dataframe.utils import clear_known_categories
except ModuleNotFoundError as error:
    raise MissingExtraError(
        "voxframe.dask needs Dask: pip install 'voxframe[dask]'", name=error.name
    ) from None

__all__ = ["read_call_history"]

_INDEX = "session_start"


@keywords_checked
def read_call_history(
    from_date: DateLike,
    to_date: DateLike | None = None,
    *,
    freq: Freq = "D",
    sessions: int | None = None,
    dtype_backend: Backend = "numpy_nullable",
    inclusive: Inclusive = "left",
    timezone: str | tzinfo = "UTC",
    call_session_history_id: Ids = None,
    application_id: Ids = None,
    application_name: Texts = None,
    user_id: Ids = None,
    rule_name: str | None = None,
    remote_number: Texts = None,
    remote_number_list: Texts = None,
    local_number: Texts = None,
    call_session_history_custom_data: str | None = None,
    child_account_id: Ids | Literal["all"] = None,
    children_calls_only: bool | None = None,
    min_duration: int | None = None,
    max_duration: int | None = None,
    with_calls: bool = True,
    with_records: bool = True,
    with_other_resources: bool = True,
    desc_order: bool = False,
    credentials: KeyPath | Iterable[KeyPath] | None = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> dict[str, Any]:
    """Return the four tables of a window as Dask DataFrames, of which nothing is read yet.

    Parameters
    ----------
    from_date, to_date, inclusive, timezone, …
        As for :func:`voxframe.read_call_history`.
    freq, sessions, credentials, base_url, max_concurrency, progress
        As for :func:`voxframe.partitions`: each stretch is a partition of each frame.
    dtype_backend : {"numpy_nullable", "pyarrow"}, default "numpy_nullable"
        As for :meth:`voxframe.CallHistory.to_pandas`. With "pyarrow" costs are exact
        decimals, which Dask sums in groups and in frames (``calls[["cost"]].sum()``),
        but not as a single Series.

    Returns
    -------
    dict of dask.dataframe.DataFrame
        ``sessions``, ``calls``, ``records`` and ``resource_usage``, with the columns of
        a :class:`voxframe.CallHistory` and in its types, then ``unknown_fields``, a JSON
        object of whatever else came, or null. The index, ``session_start``, is when
        the session of a row started, UTC; the divisions are where the window is cut, so
        that ``.loc`` and ``.resample`` read and move only what they need. With several
        accounts, or newest first, the divisions are not known.

    Raises
    ------
    VoxframeError
        As for :func:`voxframe.partitions`. What goes wrong in a worker is raised by
        ``compute``, as for :func:`voxframe.read_call_history`.

    Notes
    -----
    Each frame asks the service for its own table only, each time that it is computed:
    ``persist`` it to use it more than once. A partition is proven as a read of its
    stretch is; who wants the receipts reads :func:`voxframe.partitions`.
    """
    given = dict(locals())
    backend = given.pop("dtype_backend")
    if backend not in BACKENDS:
        raise InvalidQueryError(
            f"dtype_backend: {backend!r} is not one of {', '.join(map(repr, BACKENDS))}"
        )
    parts = partitions(**given)
    divisions = None
    if len({part.credentials for part in parts}) == 1 and not desc_order:
        # The end of the last one belongs to it: the last second in which a session can start.
        last = pd.Timestamp(max(parts[-1].window.end - 1, parts[-1].window.first), unit="s")
        begins = [pd.Timestamp(part.from_date) for part in parts]
        divisions = (*begins, max(last.tz_localize("UTC").as_unit("us"), begins[-1]))
    # Dask has a type of its own for text, unless it is told to leave it.
    with dask.config.set({"dataframe.convert-string": False}):
        return {
            table: dataframe.from_map(
                _read,
                [only(part, table) for part in parts],
                table=table,
                dtype_backend=backend,
                meta=_meta(table, backend),
                divisions=divisions,
                label=f"voxframe-{table}",
            )
            for table in STORED
        }


def _read(part: Partition, table: str, dtype_backend: Backend) -> pd.DataFrame:
    tables = part.read().tables
    return _frame(stored(tables[table], table), session_starts(tables, table), dtype_backend)


def _meta(table: str, backend: Backend) -> Any:
    empty = {name: schema.empty_table() for name, schema in STORED.items()}
    return clear_known_categories(_frame(empty[table], session_starts(empty, table), backend))


def _frame(rows: pa.Table, starts: pa.ChunkedArray, backend: Backend) -> pd.DataFrame:
    made = frame(rows, backend)
    made.index = pd.DatetimeIndex(frame(pa.table({_INDEX: starts}), "numpy_nullable")[_INDEX])
    return made
