"""A dataset that is there, without reading it."""

import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from voxframe._extras import needed_for
from voxframe._history import CallHistory
from voxframe._query.names import keywords_checked, nearest
from voxframe._query.window import DateLike, Window, window
from voxframe._receipt import EACH_AT_ITS_TIME, Receipt
from voxframe._spec.tables import SCHEMAS, SESSION_ID
from voxframe._timezones import instant
from voxframe.errors import InvalidQueryError

if TYPE_CHECKING:
    import duckdb
    import pyarrow.dataset as ds

    from voxframe._dataset.manifest import Manifest
    from voxframe._dataset.source import Source

_DAY = 86_400
# More stretches of days than these are not spelled out in a message.
_FEW = 3
# Who called `Dataset.read`, seen from where its window is checked.
_CALLER = 3
# What a window is that has no ends.
_OPEN = window("1970-01-02", "9999-12-30")


@keywords_checked
def open_dataset(
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    storage_options: Mapping[str, str] | None = None,
) -> "Dataset":
    """Open what a sync or an export wrote, without reading it.

    Parameters
    ----------
    path : path-like or iterable of path-like
        The dataset, or several, which are taken as one: many accounts, say.
    storage_options : Mapping of str, optional
        For Delta tables in an object store.

    Returns
    -------
    Dataset
        Sees each day as it is when it is asked.

    Raises
    ------
    ExportError
        There is no finished dataset.

    Examples
    --------
    >>> receipt = voxframe.export_call_history("week", "2026-10-01", "2026-10-08")
    >>> voxframe.open_dataset("week")
    <voxframe.Dataset of 453 sessions, 2026-10-01 to 2026-10-07>

    A year of many accounts, each in a folder of its own; the same again reads what is new::

        from pathlib import Path

        import joblib
        import voxframe
        from voxframe import analysis

        keys = sorted(Path("keys").glob("*.json"))  # a key file an account
        sync = joblib.delayed(voxframe.sync_call_history)
        joblib.Parallel(n_jobs=8)(
            sync(f"accounts/{key.stem}", "2026-01-01", credentials=key) for key in keys
        )
        accounts = voxframe.open_dataset(sorted(Path("accounts").iterdir()))
        print(analysis.cost_breakdown(accounts, by="account_id"))
    """
    from voxframe._dataset.source import source_of  # noqa: PLC0415 - not needed to read

    if isinstance(path, str | bytes | os.PathLike) or not isinstance(path, Iterable):
        path = [path]
    sources = [source_of(each, storage_options) for each in path]
    if not sources:
        raise InvalidQueryError("path: needs at least one")
    return Dataset(sources)


class Dataset:
    """A dataset of whole days, read only as far as it is asked; see :func:`open_dataset`.

    Examples
    --------
    >>> receipt = voxframe.export_call_history("week", "2026-10-01", "2026-10-08")
    >>> dataset = voxframe.open_dataset("week")
    >>> dataset.days[["day", "sessions", "cost"]].head(2)
             day  sessions      cost
    0 2026-10-01        90  5.353404
    1 2026-10-02        66  6.297873
    >>> len(dataset.read("2026-10-05", "2026-10-06", columns=["duration"]))
    90
    >>> connection = dataset.duckdb()
    >>> connection.sql("select count(*) from calls where incoming").fetchall()
    [(360,)]
    >>> dataset.arrow("calls").count_rows()
    862
    """

    def __init__(self, sources: "Sequence[Source]") -> None:
        self._sources = sources

    def __repr__(self) -> str:
        days = self.days
        if not len(days):
            return "<voxframe.Dataset without a session>"
        return f"<voxframe.Dataset of {days['sessions'].sum():,} sessions, {self._span()}>"

    @property
    def query(self) -> Mapping[str, Any] | tuple[Mapping[str, Any], ...]:
        """What was asked for, of several datasets a tuple.

        ``from_date``, ``to_date``, ``inclusive`` and the names of the ``filters``; their
        values, which may be phone numbers, are only in a ``fingerprint``.
        """
        found = tuple(dict(source.manifest().query) for source in self._sources)
        return found[0] if len(found) == 1 else found

    @property
    def receipt(self) -> Receipt:
        """What was read in all, and what it took; of several datasets their sum."""
        return Receipt.sum([source.manifest().summary() for source in self._sources])

    @property
    def days(self) -> pd.DataFrame:
        """One row a day with sessions, in order; of several datasets their sum, each session once.

        ``day`` (datetime64[s]); ``sessions``, ``calls``, ``records``, ``resource_usage`` and
        ``vanished`` (Int64), the last those sessions that are kept although the service no
        longer gave them; ``cost`` (Float64), missing where an early version wrote the day;
        ``read_at`` (datetime64[us, UTC]), when it was read first of all parts; ``settled``
        (boolean), whether a sync would not read it again.
        """
        rows = [
            {
                "day": name,
                **day.rows,
                "cost": None if day.cost is None else float(day.cost),
                "vanished": day.vanished,
                "read_at": day.read_at,
                "settled": not any(
                    a < _end_of(name) and b > _end_of(name) - _DAY for a, b in again
                ),
            }
            for manifest, again in map(_again, self._sources)
            for name, day in manifest.days.items()
            if day.rows["sessions"]
        ]
        names = ["day", *SCHEMAS, "cost", "vanished", "read_at", "settled"]
        types = dict.fromkeys((*SCHEMAS, "vanished"), "Int64")
        types |= {"day": "datetime64[s]", "cost": "Float64", "settled": "boolean"}
        types |= {"read_at": "datetime64[us, UTC]"}
        frame = pd.DataFrame(rows, columns=names).astype(types)
        if len(self._sources) == 1:
            return frame
        sums = dict.fromkeys((*SCHEMAS, "vanished"), "sum")
        whole = frame.groupby("day").agg(
            {**sums, "cost": _sum_if_known, "read_at": "min", "settled": "all"}
        )
        for day, figures in _counted_once(self._sources):
            whole.loc[day, list(figures)] = list(figures.values())
        return whole.reset_index()[names].astype(types)

    def arrow(self, table: str) -> "ds.Dataset":
        """Return a table as an Arrow dataset, which is read when it is asked something.

        Parameters
        ----------
        table : {"sessions", "calls", "records", "resource_usage"}
            Which one.

        Returns
        -------
        pyarrow.dataset.Dataset
            The declared columns, ``unknown_fields`` as JSON, and ``start_day`` (date32), by
            which days are left out unread. Of several datasets each session once, as by
            :meth:`read`; days of which they share sessions are read at once, and held.
        """
        from voxframe._dataset.overlap import side_by_side  # noqa: PLC0415 - not needed to read

        if table not in SCHEMAS:
            raise InvalidQueryError(
                f"table: {table!r} is not one of {', '.join(map(repr, SCHEMAS))}"
                + nearest(str(table), SCHEMAS)
            )
        if len(self._sources) == 1:
            return self._sources[0].arrow(table)
        return side_by_side(self._sources, table)

    def duckdb(self) -> "duckdb.DuckDBPyConnection":
        """Return a new connection to DuckDB with four views, read when they are asked.

        Returns
        -------
        duckdb.DuckDBPyConnection
            ``sessions``, ``calls``, ``records`` and ``resource_usage``.

        Raises
        ------
        MissingExtraError
            The extra ``voxframe[duckdb]`` is not installed.
        """
        with needed_for("Dataset.duckdb", "duckdb"):
            import duckdb  # noqa: PLC0415 - an extra

        connection = duckdb.connect()
        for name in SCHEMAS:
            connection.register(name, self.arrow(name))
        return connection

    def read(
        self,
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        *,
        timezone: str | tzinfo = "UTC",
        columns: Iterable[str] | None = None,
    ) -> CallHistory:
        """Read a window of it, or all.

        Parameters
        ----------
        from_date, to_date : date-like, optional
            Of the sessions' ``start_date``; naive ones are in `timezone`, `to_date` is
            outside. None is all that there is on that side.
        timezone : str or tzinfo, default "UTC"
            IANA name, or a timezone itself.
        columns : iterable of str, optional
            Only these, of every table that has them, and the ids and ``start_date``;
            names of unknown fields as well.

        Returns
        -------
        CallHistory
            As it was read from the service, unknown fields as columns of their own. Only
            the days and columns that are wanted are read. Of several datasets each session
            once, the latest read.

        Raises
        ------
        InvalidQueryError
            None of the days that are asked for is held.
        ExportError
            A file is missing, or was cut short or replaced.

        Warns
        -----
        UserWarning
            Some of the days are not held, which are named; or the window is empty.
        """
        if isinstance(columns, str):
            columns = [columns]
        wanted = None if columns is None else list(columns)
        if from_date is not None and to_date is None and hasattr(from_date, "start_time"):
            inside = window(from_date, timezone=timezone)
        else:
            inside = window(
                _OPEN.from_date if from_date is None else from_date,
                _OPEN.to_date if to_date is None else to_date,
                timezone=timezone,
            )
        if (from_date, to_date) != (None, None):
            _check_held(self._held(), inside, self._span())
        parts = [_part(source, inside.first, inside.end, wanted) for source in self._sources]
        return parts[0] if len(parts) == 1 else CallHistory.concat(parts)

    def _held(self) -> list[tuple[int, int]]:
        """Return the stretches of days, counted from 1970, that there are."""
        from voxframe._dataset.sync import joined  # noqa: PLC0415 - not needed to read

        found = []
        for manifest in (source.manifest() for source in self._sources):
            found += [(s.first // _DAY, -(-s.end // _DAY)) for s in manifest.read]
            found += [(end - 1, end) for end in (_end_of(day) // _DAY for day in manifest.days)]
        return joined(sorted(found))

    def _span(self) -> str:
        """Return in words the days that there are, without those that were yet to come."""
        known = max(-(-source.manifest().known_until() // _DAY) for source in self._sources)
        return _spelled([(a, min(b, known)) for a, b in self._held() if a < known])


def _check_held(held: Sequence[tuple[int, int]], inside: Window, span: str) -> None:
    """Report days of a window that are not held, which look like days without a call.

    Raises
    ------
    InvalidQueryError
        It has no other days.
    """
    first, end = inside.first // _DAY, -(-inside.end // _DAY)
    if inside.first >= inside.end:
        warnings.warn(
            "from_date and to_date are the same moment, so nothing is read; to_date is outside of "
            "the window: for a whole day give the next one, or "
            f"pandas.Period('{inside.from_date.date()}') alone",
            stacklevel=_CALLER,
        )
        return
    there = [(max(a, first), min(b, end)) for a, b in held if a < end and b > first]
    if not there:
        raise InvalidQueryError(
            "from_date: the window has no day of the dataset, which holds " + (span or "none yet")
        )
    # A side that was left open ends where the dataset does.
    edges = [
        there[0][0] if inside.from_date == _OPEN.from_date else first,
        *(edge for stretch in there for edge in stretch),
        there[-1][1] if inside.to_date == _OPEN.to_date else end,
    ]
    if gaps := [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]:
        warnings.warn(
            f"nothing of {_spelled(gaps)} is held, so it is not read; the dataset holds {span}",
            stacklevel=_CALLER,
        )


def _spelled(stretches: Sequence[tuple[int, int]]) -> str:
    """Return days in words, their last one included."""
    from voxframe._dataset.layout import day_name  # noqa: PLC0415 - not needed to read

    words = [
        day_name(a) if b == a + 1 else f"{day_name(a)} to {day_name(b - 1)}"
        for a, b in stretches[:_FEW]
    ]
    more = [f"{len(stretches) - _FEW} more stretches"] if len(stretches) > _FEW else []
    return " and ".join([*words, *more])


def _counted_once(sources: "Sequence[Source]") -> Iterator[tuple[pd.Timestamp, dict[str, Any]]]:
    """Return the rows and the cost of the days of which several sources share sessions."""
    from voxframe._dataset.layout import by_day, cost_of, day_name  # noqa: PLC0415 - not needed to read
    from voxframe._dataset.overlap import merged, shared_days  # noqa: PLC0415 - the same

    if both := shared_days(sources):
        for day, tables in by_day(merged(sources, both, ["cost"])):
            held = [s.manifest().days.get(day_name(day)) for s in sources]
            yield (
                pd.Timestamp(day * _DAY, unit="s"),
                {name: len(table) for name, table in tables.items()}
                | {
                    "cost": float(cost_of(tables)),
                    "vanished": max(each.vanished for each in held if each),
                },
            )


def _sum_if_known(costs: "pd.Series[float]") -> Any:
    return costs.sum(skipna=False)


def _again(source: "Source") -> tuple["Manifest", list[tuple[int, int]]]:
    """Return what there is, and what of it the next sync would read again."""
    from voxframe._dataset.sync import unsettled  # noqa: PLC0415 - not needed to read

    manifest = source.manifest()
    return manifest, unsettled(manifest, time.time())


def _end_of(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) + _DAY


def _part(source: "Source", first: int, end: int, columns: list[str] | None) -> CallHistory:
    manifest = source.manifest()
    days = [n for n in manifest.days if _end_of(n) > first and _end_of(n) - _DAY < end]
    tables = source.tables(days, columns)
    begins = tables["sessions"]["start_date"].cast(pa.int64())
    inside = pc.and_(pc.greater_equal(begins, first * 1_000_000), pc.less(begins, end * 1_000_000))
    if not pc.all(inside).as_py():
        ids = tables["sessions"].filter(inside)[SESSION_ID].combine_chunks()
        tables = {
            name: table.filter(pc.is_in(table[SESSION_ID], value_set=ids))
            for name, table in tables.items()
        }
    receipt, known = manifest.summary(), manifest.known_until()
    low, high = max(first, manifest.first), min(end, known)
    if (low, high) != (manifest.first, known):
        receipt = replace(
            receipt,
            from_date=instant(low),
            to_date=instant(max(low, high)),
            inclusive="left",
        )
    rows = {name: len(table) for name, table in tables.items()}
    if rows["sessions"] != receipt.sessions:
        receipt = replace(receipt, settled=EACH_AT_ITS_TIME)
    return CallHistory(tables, Receipt.from_dict({**receipt.to_dict(), **rows}))
