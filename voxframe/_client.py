"""The client: a query in, one result out. Composes the halves and does nothing else."""

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd
import pyarrow as pa

from voxframe._dataset.report import SyncReport
from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._history import CallHistory
from voxframe._http.address import service_address
from voxframe._http.clock import Clock, system_clock
from voxframe._http.credentials import Credentials, CredentialsLike
from voxframe._http.fetcher import Fetcher
from voxframe._http.files import FileSource
from voxframe._http.limiter import ConcurrencyLimiter
from voxframe._http.retry import RetryPolicy
from voxframe._http.token import TokenSource
from voxframe._http.transport import Transport
from voxframe._http.usage import Usage
from voxframe._plan.model import format_wall_time
from voxframe._plan.plan import ahead
from voxframe._progress import Report, reporter
from voxframe._query.names import keywords_checked
from voxframe._query.options import Ids, ReadSpec, Texts, UnknownFields, prepare, prepare_page
from voxframe._query.window import DateLike, Inclusive, Window, timezone_of
from voxframe._read.asked import asked
from voxframe._read.beside import Beside
from voxframe._read.count import Count
from voxframe._read.interval import Interval, ServiceState
from voxframe._read.page import PageReader
from voxframe._read.pool import Pool
from voxframe._read.reader import Reader, decoding
from voxframe._read.scheduler import SESSIONS_PER_INTERVAL
from voxframe._receipt import Receipt
from voxframe._recordings.progress import DownloadReport, download_reporter
from voxframe._recordings.wanted import KINDS, Kind, Source, Wanted, wanted
from voxframe._sync import audit, prepare_audit, prepare_sync, sync
from voxframe._timezones import instant
from voxframe.errors import InvalidQueryError

logger = logging.getLogger("voxframe")

if TYPE_CHECKING:
    from voxframe._recordings.store import Entry, Store

_MOST_CONCURRENCY = 64


class Client:
    """A connection to one account, shared by its reads and safe to use from many threads.

    Parameters
    ----------
    credentials : path, dict, Credentials or None
        The service account's key; None reads the path in ``VOXIMPLANT_CREDENTIALS``.
    base_url : str, optional
        None reads ``VOXIMPLANT_BASE_URL``, else ``https://api.voximplant.com``.
        Plain http goes to this machine only.
    max_concurrency : int, default 8
        Requests in flight, 1 to 64; fewer by itself while the service throttles.
    retry : RetryPolicy
        How often and how long a page is tried.

    Raises
    ------
    CredentialsError
        There is no key, or it cannot be used.
    InvalidQueryError
        Another argument is wrong.

    Examples
    --------
    >>> with voxframe.Client(max_concurrency=4) as client:
    ...     first = client.read_call_history("2026-10-01", "2026-10-16")
    ...     second = client.read_call_history("2026-10-16", "2026-11-01")
    >>> len(first) + len(second)
    2000
    """

    _sessions_per_interval = SESSIONS_PER_INTERVAL

    def __init__(
        self,
        credentials: CredentialsLike = None,
        *,
        base_url: str | None = None,
        max_concurrency: int = 8,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    ) -> None:
        check_limits(max_concurrency, retry)
        self._url = service_address(base_url)
        loaded = Credentials.load(credentials)
        self._account = loaded.account_id
        self._tokens = TokenSource(loaded, time.time)
        self._transport = Transport(self._url)
        self._most = max_concurrency
        self._retry = retry
        self._setting = ServiceState()
        self._clock = system_clock
        # Changed by single steps of the interpreter only, so that there is no lock to be held when
        # another thread forks.
        self._pools: set[Pool[Any]] = set()
        # For a client that is dropped, or still open when its program ends.
        weakref.finalize(self, self._transport.close)

    def __repr__(self) -> str:
        return f"<voxframe.Client of {self._url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; whatever is still being read ends with an error."""
        self._transport.close()
        for pool in list(self._pools):
            pool.stop()

    @keywords_checked
    def get_call_history(
        self,
        from_date: DateLike,
        to_date: DateLike | None = None,
        *,
        call_session_history_id: Ids = None,
        application_id: int | None = None,
        application_name: str | None = None,
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
        with_calls: bool = False,
        with_records: bool = False,
        with_other_resources: bool = True,
        desc_order: bool = False,
        with_total_count: bool = True,
        count: int = 20,
        offset: int = 0,
    ) -> Page:
        """Send one request and return its page, as the service gives it.

        Parameters
        ----------
        from_date, to_date : str, date, datetime, pandas.Timestamp or numpy.datetime64
            The window; naive dates are sent as they are, aware ones in UTC. None as
            `to_date` is now.
        call_session_history_id, application_id, application_name, …
            The filters, as for :func:`voxframe.read_call_history`; of applications one.
        with_calls, with_records, with_other_resources : bool
            What comes with the sessions; the defaults are the service's own.
        desc_order : bool, default False
            Newest first.
        with_total_count : bool, default True
            Have all sessions of the window counted; False is faster.
        count : int, default 20
            Sessions of this page, 1 to 1000.
        offset : int, default 0
            Sessions left out before it, at most 10,000.

        Returns
        -------
        Page
            ``.tables``, ``.count``, ``.total_count``, ``.timezone``.

        Raises
        ------
        InvalidQueryError
            Refused before any request.
        ApiError, TransportError, DecodeError
            As for :func:`voxframe.read_call_history`.
        """
        inside, form = prepare_page(_without_self(locals()))
        form["from_date"] = format_wall_time(inside.first)
        form["to_date"] = format_wall_time(inside.end)
        asked = f"{form['from_date']} to {form['to_date']}"
        pool: Pool[Page]
        with self._pool(1, cores=0) as pool:
            page_reader = self._page_reader(pool, decode)
            pool.submit(0, None, lambda: page_reader.read(form, asked, Usage())[0])
            return pool.next()[1]

    @keywords_checked
    def read_call_history(
        self,
        from_date: DateLike,
        to_date: DateLike | None = None,
        *,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> CallHistory:
        """Read every session of a window, each exactly once.

        As :func:`voxframe.read_call_history`, on this client's connections.
        """
        return self._read(prepare(_without_self(locals())))

    @keywords_checked
    def iter_call_history(
        self,
        from_date: DateLike,
        to_date: DateLike | None = None,
        *,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> Iterator[CallHistory]:
        """Read the same sessions piece by piece, in bounded memory.

        As :func:`voxframe.iter_call_history`, on this client's connections.
        """
        return self._iterate(prepare(_without_self(locals())))

    @keywords_checked
    def export_call_history(
        self,
        path: str | os.PathLike[str],
        from_date: DateLike,
        to_date: DateLike | None = None,
        *,
        overwrite: bool = False,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> Receipt:
        """Read the same sessions to a Parquet dataset.

        As :func:`voxframe.export_call_history`, on this client's connections.
        """
        spec = prepare(_without_self(locals()))
        return self._export(path, spec, overwrite=overwrite)

    @keywords_checked
    def count_call_history(
        self,
        from_date: DateLike,
        to_date: DateLike | None = None,
        *,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> Count:
        """Count the sessions of a window, and estimate what a read of it would take.

        As :func:`voxframe.count_call_history`, on this client's connections.
        """
        return self._count(prepare(_without_self(locals())))

    @keywords_checked
    def sync_call_history(
        self,
        path: str | os.PathLike[str],
        from_date: DateLike | None = None,
        to_date: DateLike | None = None,
        *,
        lookback: str | timedelta = "3D",
        format: Literal["parquet", "delta"] | None = None,  # noqa: A002 - as pandas and Arrow call it
        storage_options: Mapping[str, str] | None = None,
        vanished: Literal["keep", "intact", "drop"] = "keep",
        recordings: str | os.PathLike[str] | None = None,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> SyncReport:
        """Make a dataset hold what the service knows, from a date until now.

        As :func:`voxframe.sync_call_history`, on this client's connections.
        """
        return sync(self, prepare_sync(_without_self(locals())))

    @keywords_checked
    def audit_call_history(
        self,
        path: str | os.PathLike[str],
        *,
        repair: bool = False,
        storage_options: Mapping[str, str] | None = None,
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
        progress: bool | Report | None = None,
        unknown_fields: UnknownFields = "keep",
    ) -> pd.DataFrame:
        """Compare a dataset with the service's own counts.

        As :func:`voxframe.audit_call_history`, on this client's connections.
        """
        return audit(self, prepare_audit(_without_self(locals())))

    @keywords_checked
    def download_recordings(
        self,
        source: Source,
        folder: str | os.PathLike[str],
        *,
        what: Kind | Iterable[Kind] = KINDS,
        timezone: str | tzinfo = "UTC",
        progress: bool | DownloadReport | None = None,
    ) -> pd.DataFrame:
        """Download recordings, transcriptions and logs, each once.

        As :func:`voxframe.download_recordings`, with this client's key.
        """
        from voxframe._recordings import downloading, store  # noqa: PLC0415 - not needed to read

        kinds, zone = downloading.kinds_of(what), timezone_of(timezone)
        files = wanted(downloading.tables_of(source), kinds, zone)
        with store.opened(folder) as place, self._fetching(place, progress) as fetch:
            return downloading.frame_of(files, fetch(files))

    @contextlib.contextmanager
    def _fetching(
        self, place: "Store", progress: bool | DownloadReport | None
    ) -> Iterator[Callable[[Sequence[Wanted]], "list[Entry]"]]:
        """Yield what fetches files to a folder that is open."""
        from voxframe._recordings import downloading, fetching  # noqa: PLC0415 - not needed to read

        with (
            FileSource(self._url, self._tokens) as links,
            self._pool(self._most, cores=0, abort=links.abort) as pool,
            download_reporter(progress) as report,
        ):
            clock = self._clock(pool.sleep)
            fetcher = fetching.FileFetcher(
                links, place, self._retry, self._limiter(clock), clock, pool.stopped
            )
            yield lambda files: downloading.download(place, files, pool, fetcher, report)

    def _read(self, reading: ReadSpec) -> CallHistory:
        """Read what was checked before, as one result."""
        whole = Interval(reading.window.first, reading.window.end)
        with self._running(reading, lean=False) as running:
            for result in running.gather([whole], whole=True):
                return running.history(result)
            return running.nothing()

    def _count(self, reading: ReadSpec) -> Count:
        """Count what was checked before."""
        with self._running(reading, lean=False) as running:
            return running.count(self._most)

    def _iterate(self, reading: ReadSpec) -> Iterator[CallHistory]:
        """Read what was checked before, piece by piece; empty pieces are left out."""
        for _, history in self._pieces(reading):
            if len(history):
                yield history
            del history  # or it would be held until the next one is there

    def _export(
        self, path: str | os.PathLike[str], reading: ReadSpec, *, overwrite: bool
    ) -> Receipt:
        """Read what was checked before to a dataset."""
        from voxframe._dataset.parquet import exporting  # noqa: PLC0415 - not needed to read

        # A dataset grows by days, oldest first, whatever order is wanted of a table.
        reading = replace(reading, desc_order=False)
        whole = Interval(reading.window.first, reading.window.end)
        with exporting(path, self._identity(reading), whole, overwrite=overwrite) as export:
            if (first := export.resume_from()) is not None:
                rest = Interval(max(first, whole.first), whole.end)
                with Beside(export.write) as write:
                    for piece, history in self._pieces(reading, [rest]):
                        write(piece, history.tables, history.receipt)
                        del history  # the writer has it, and no longer than it needs it
            else:
                logger.info("%s: is complete already, so nothing was asked", path)
            return export.finish()

    def _pieces(
        self,
        reading: ReadSpec,
        intervals: Sequence[Interval] | None = None,
        *,
        times_larger: float = 1,
    ) -> Iterator[tuple[Interval, CallHistory]]:
        """Read piece by piece, oldest first unless newest first was asked for.

        Parameters
        ----------
        reading : ReadSpec
            What to read.
        intervals : sequence of Interval, optional
            Read these, in order, instead of the whole window.
        times_larger : float, default 1
            Read so many times more sessions as one: fewer requests, more memory.

        Yields
        ------
        tuple of Interval and CallHistory
            Neighbouring stretches of time, empty ones included.
        """
        if intervals is None:
            intervals = [Interval(reading.window.first, reading.window.end)]
        else:
            first, end = intervals[0].first, intervals[-1].end
            window = Window(instant(first), instant(end))
            reading = replace(reading, query=replace(reading.query, window=window))
        with self._running(reading, lean=True) as running:
            for result in running.gather([*intervals], times_larger=times_larger):
                piece, history = result.pages.interval, running.history(result)
                del result
                yield piece, history
                del history

    def _identity(self, reading: ReadSpec) -> dict[str, Any]:
        """Identify the query, without a filter's value: phone numbers are among them."""
        inside, values = reading.window, defaultdict[str, set[str]](set)
        for form in reading.query.forms:
            for name, text in form.items():
                several = json.loads(text) if name == "remote_number_list" else text.split(";")
                values[name].update(several)
        # The order in which a set gives its values, or a person theirs, makes no other query.
        forms = [{name: ";".join(sorted(each)) for name, each in values.items()}]
        whole = [self._url, self._account, forms, reading.unknown_fields]
        return {
            "from_date": inside.from_date.isoformat(),
            "to_date": inside.to_date.isoformat(),
            "inclusive": inside.inclusive,
            "filters": sorted(values),
            "fingerprint": hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest(),
        }

    @contextlib.contextmanager
    def _running(self, reading: ReadSpec, *, lean: bool) -> Iterator[Reader]:
        workers = ahead(self._most)
        with (
            self._pool(workers, cores=pa.cpu_count()) as pool,
            reporter(reading.progress) as report,
        ):
            decoded = decoding(pool, reading.unknown_fields, lean=lean)
            running = Reader(
                reading,
                asked(reading.query, account_id=self._account, address=self._url),
                self._setting,
                workers,
                self._sessions_per_interval,
                pool,
                self._page_reader(pool, decoded),
                report,
            )
            try:
                yield running
            finally:
                running.log()

    @contextlib.contextmanager
    def _pool(
        self, workers: int, *, cores: int, abort: Callable[[threading.Event], None] | None = None
    ) -> Iterator[Pool[Any]]:
        """Have threads that end with this client, and what they wait for broken then."""
        pool: Pool[Any] = Pool(workers, cores)
        abort = abort or self._transport.abort
        self._pools.add(pool)
        try:
            yield pool
        finally:
            self._pools.discard(pool)
            pool.close(lambda: abort(pool.stopped))

    def _page_reader(self, pool: Pool[Page], decode: Callable[[RawPage], Page]) -> PageReader:
        clock = self._clock(pool.sleep)
        limiter = self._limiter(clock)
        fetcher = Fetcher(self._transport, self._tokens, self._retry, limiter, clock, pool.stopped)
        return PageReader(fetcher, decode)

    def _limiter(self, clock: Clock) -> ConcurrencyLimiter:
        return ConcurrencyLimiter(self._most, clock=clock.monotonic, sleep=clock.sleep)


def check_limits(max_concurrency: object, retry: object) -> None:
    """Refuse limits of a connection that mean nothing."""
    if (
        not isinstance(max_concurrency, int)
        or isinstance(max_concurrency, bool)
        or not 1 <= max_concurrency <= _MOST_CONCURRENCY
    ):
        raise InvalidQueryError(
            f"max_concurrency: is {max_concurrency!r}, needs to be 1 to {_MOST_CONCURRENCY}",
        )
    if not isinstance(retry, RetryPolicy):
        raise InvalidQueryError("retry: needs a voxframe.RetryPolicy")


def _without_self(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a read is asked for, without where it comes from and goes to."""
    apart = ("self",) if "storage_options" in given else ("self", "path", "overwrite")
    return {name: value for name, value in given.items() if name not in apart}
