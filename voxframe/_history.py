"""The result of a read: four tables, as Arrow, as pandas, as Parquet."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from voxframe._extras import needed_for
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe._summary import as_html, as_text, glance
from voxframe._tables.to_pandas import frame

Backend = Literal["numpy_nullable", "pyarrow"]
BACKENDS = ("numpy_nullable", "pyarrow")


class CallHistory:
    """Every session of a window once, with its calls, records and resource usage.

    Sessions are sorted by (``start_date``, ``call_session_history_id``); the rows
    of the other tables follow the order of their sessions and carry
    ``call_session_history_id`` first. All instants are UTC, durations are
    seconds, costs are in the account's currency.

    Parameters
    ----------
    tables : dict of pyarrow.Table
        ``sessions``, ``calls``, ``records`` and ``resource_usage``.
    receipt : Receipt
        What the read asked, counted and mended.

    Attributes
    ----------
    tables : dict of pyarrow.Table
        The four tables; present and typed when they are empty.
    receipt : Receipt
        What the read asked, counted and mended.

    Examples
    --------
    >>> history.calls[["call_id", "duration", "incoming", "cost"]].head(2)
            call_id  duration  incoming    cost
    0  198400000128        66      True  0.0044
    1  198400000129         0     False     0.0
    >>> history.tables["calls"].schema.field("cost").type
    Decimal128Type(decimal128(18, 9))
    >>> history.to_parquet("month")
    >>> voxframe.CallHistory.from_parquet("month").receipt == history.receipt
    True
    >>> again = voxframe.CallHistory.concat([history, history])
    >>> len(again) == len(history)
    True
    """

    def __init__(self, tables: dict[str, pa.Table], receipt: Receipt) -> None:
        self.tables = {name: tables[name] for name in SCHEMAS}
        self.receipt = receipt
        self._frames: dict[str, pd.DataFrame] = {}

    @property
    def sessions(self) -> pd.DataFrame:
        """One row a session, made on first use."""
        return self._frame("sessions")

    @property
    def calls(self) -> pd.DataFrame:
        """One row a call (a leg of a session), made on first use."""
        return self._frame("calls")

    @property
    def records(self) -> pd.DataFrame:
        """One row a recording, made on first use."""
        return self._frame("records")

    @property
    def resource_usage(self) -> pd.DataFrame:
        """One row a use of another resource, made on first use."""
        return self._frame("resource_usage")

    def _frame(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            # One step of the interpreter, so that all threads are given the same frame; a lock
            # might be held by another thread when the process is forked.
            self._frames.setdefault(name, frame(self.tables[name], "numpy_nullable"))
        return self._frames[name]

    def to_pandas(self, dtype_backend: Backend = "numpy_nullable") -> dict[str, pd.DataFrame]:
        """Make new pandas frames of the four tables.

        Parameters
        ----------
        dtype_backend : {"numpy_nullable", "pyarrow"}, default "numpy_nullable"
            pandas' nullable types, in which a cost is the nearest float, or
            Arrow's own without a copy, in which it is an exact decimal.

        Returns
        -------
        dict of pandas.DataFrame
            Under the names of the tables.

        Raises
        ------
        ValueError
            For another `dtype_backend`.
        """
        if dtype_backend not in BACKENDS:
            raise ValueError(
                f"dtype_backend: {dtype_backend!r} is not one of {', '.join(BACKENDS)}"
            )
        return {name: frame(table, dtype_backend) for name, table in self.tables.items()}

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write one Parquet file a table, all of them or none.

        Parameters
        ----------
        path : path-like
            A folder: new, empty, or written by this method before. It will hold
            ``sessions.parquet``, ``calls.parquet``, ``records.parquet`` and
            ``resource_usage.parquet``, each with the receipt in its metadata.

        Raises
        ------
        ExportError
            If `path` is a file or holds other data, or cannot be written. What
            was in it is as it was before.
        """
        from voxframe._dataset import files as _parquet  # noqa: PLC0415 - not needed to read

        _parquet.write(self.tables, self.receipt, path)

    def to_excel(self, path: str | os.PathLike[str], *, timezone: str = "UTC") -> None:
        """Write an Excel workbook: a summary, and a sheet a table.

        Heads are frozen and can be filtered, instants are Excel's own in `timezone`, costs are
        numbers, and the summary has their exact sums. Telephone numbers, and whatever begins
        with ``=``, are text. A whole number beyond 2**53, which Excel cannot hold, is text too.

        Parameters
        ----------
        path : path-like
            The file, new or written by this method before, in a folder that is there;
            conventionally ``*.xlsx``.
        timezone : str, default "UTC"
            IANA name of the timezone that instants are shown in.

        Raises
        ------
        InvalidQueryError
            There is no such timezone.
        ExportError
            `path` is another file, cannot be written, or a table has more rows than a sheet
            (1,048,575). What was there is as it was before.
        MissingExtraError
            The extra ``voxframe[excel]`` is not installed.
        """
        with needed_for("a workbook", "excel"):
            from voxframe._dataset.excel import write_excel  # noqa: PLC0415 - an extra
        write_excel(self.tables, self.receipt, path, timezone)

    @classmethod
    def from_parquet(
        cls, path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    ) -> "CallHistory":
        """Read what :meth:`to_parquet` or an export wrote.

        Parameters
        ----------
        path : path-like or iterable of path-like
            The folder, or several, which are put together as by :meth:`concat`. Of an
            export, unknown fields are columns of their own again.

        Returns
        -------
        CallHistory
            With the same tables, types and order included, and the same receipt.

        Raises
        ------
        ExportError
            If `path` holds no call history, an unfinished export, or files that are missing,
            cut short or do not belong together; names them. An export that was written
            before its window was over is read; its receipt says up to when.
        """
        from voxframe._dataset.reading import read  # noqa: PLC0415 - not needed for a read from the service

        if isinstance(path, str | bytes | os.PathLike) or not isinstance(path, Iterable):
            return cls(*read(path))
        return cls.concat(cls(*read(each)) for each in path)

    @classmethod
    def concat(cls, histories: "Iterable[CallHistory]") -> "CallHistory":
        """Put several results together as one.

        Parameters
        ----------
        histories : iterable of CallHistory
            In any order; at least one. Their windows may overlap.

        Returns
        -------
        CallHistory
            Each session once, as it was read last by ``receipt.read_at`` (among equals,
            as in the last of `histories`), with the children that it had then; sorted by
            (``start_date``, ``call_session_history_id``). The receipt is their sum.

        Raises
        ------
        ValueError
            There is none.
        """
        from voxframe._dataset.reading import concatenated  # noqa: PLC0415 - not needed to read

        several = [(each.tables, each.receipt) for each in histories]
        if not several:
            raise ValueError("histories: needs at least one")
        return cls(*concatenated(several))

    def report_html(
        self,
        *,
        title: str | None = None,
        timezone: str = "UTC",
        show_numbers: bool = False,
        previous: "CallHistory | None" = None,
        currency: str | Mapping[int, str] | None = None,
        own: Collection[str] | str = (),
        machine: Collection[str] | str = (),
        network: Collection[str] | str = (),
    ) -> str:
        """Write one self-contained page: what it cost, how busy it was, whom to call back.

        Parameters
        ----------
        title : str, optional
            None is "Call history".
        timezone : str, default "UTC"
            IANA name; hours and days of the page are its.
        show_numbers : bool, default False
            Show phone numbers; else callers are named by their last two digits.
        previous : CallHistory, optional
            The period before: the page then says what changed.
        currency : str or mapping of int to str, optional
            What prices are in, by ``account_id`` where they differ.
        own, machine, network : str or collection of str
            What is known of far ends, as in :func:`voxframe.analysis.far_ends`.

        Returns
        -------
        str
            HTML. Needs the extra ``voxframe[report]``.

        Raises
        ------
        MissingExtraError
            The extra is not installed.
        ValueError
            A timezone or an entry for far ends that is not understood, or an account
            without a currency.
        """
        from voxframe.report._page import report_html  # noqa: PLC0415 - an extra, and slow to import

        return report_html(
            self, title=title, timezone=timezone, show_numbers=show_numbers, previous=previous,
            currency=currency, own=own, machine=machine, network=network,
        )  # fmt: skip

    def select(
        self,
        *,
        timezone: str = "UTC",
        own: Collection[str] | str = (),
        machine: Collection[str] | str = (),
        network: Collection[str] | str = (),
        **values: Any,
    ) -> "CallHistory":
        """Return the history of some of the sessions, with all that belongs to them.

        So whatever is counted can be counted of a part: of an application, a rule, of
        nights. Sessions are taken whole, so prices and outcomes are those of whole sessions.

        Parameters
        ----------
        timezone : str
            IANA name of the timezone of ``hour`` and ``weekday``.
        own, machine, network : str or collection of str
            What is known of far ends, as in `voxframe.analysis.far_ends`.
        **values : value or collection of values
            Columns of ``sessions``, or ``session_kind``, ``caller``, ``called``, ``agent``,
            ``hour`` (0 to 23) and ``weekday`` (Mon to Sun) as in
            `voxframe.analysis.cost_breakdown`, each with the value or the values to keep;
            None stands for no value. Sessions that fit all are kept. A telephone number is
            understood in any spelling: with ``+``, ``00`` or neither, with spaces, brackets
            or dashes, or in a SIP address.

        Returns
        -------
        CallHistory
            Its receipt is that of the read, with what was selected among its filters: of
            what may name a person only how many values.

        Raises
        ------
        ValueError
            For an unknown column or timezone, a value of another type than the column's, or
            an hour, day or kind of session that there cannot be.

        Warns
        -----
        UserWarning
            No session of the history has a value: a slip, perhaps; what is meant is named.

        Examples
        --------
        >>> support = history.select(application_name="support-line")
        >>> dict(support.receipt.filters)
        {'application_name': 'support-line'}
        >>> nights = history.select(hour=[22, 23, 0, 1], timezone="Europe/Berlin")
        >>> len(nights) < len(support) < len(history)
        True
        """
        from voxframe.analysis._select import select  # noqa: PLC0415 - not needed to read
        from voxframe.analysis._source import Source  # noqa: PLC0415 - not needed to read

        source = Source.of(self, own=own, machine=machine, network=network)
        tables, said = select(source, values, timezone)
        filters = {**self.receipt.filters, **said}
        return CallHistory(tables, replace(self.receipt, filters=filters))

    def __len__(self) -> int:
        return len(self.tables["sessions"])

    def __repr__(self) -> str:
        return as_text(glance(self.tables, self.receipt), self.receipt)

    def _repr_html_(self) -> str:
        return as_html(glance(self.tables, self.receipt), self.receipt)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the lock, and without frames that can be made again. In one chunk, since a slice
        # of a page would take all of its page along.
        tables = {name: table.combine_chunks() for name, table in self.tables.items()}
        return CallHistory, (tables, self.receipt)
