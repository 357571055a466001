"""The functions that most people need: one call, one client, one result."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta, tzinfo
from typing import Any, Literal

import pandas as pd

from voxframe._client import Client
from voxframe._dataset.report import SyncReport
from voxframe._history import CallHistory
from voxframe._http.credentials import CredentialsLike
from voxframe._http.retry import RetryPolicy
from voxframe._progress import Report
from voxframe._query.names import keywords_checked
from voxframe._query.options import Ids, ReadSpec, Texts, UnknownFields, prepare
from voxframe._query.window import DateLike, Inclusive
from voxframe._read.count import Count
from voxframe._receipt import Receipt
from voxframe._recordings.progress import DownloadReport
from voxframe._recordings.wanted import KINDS, Kind, Source
from voxframe._sync import audit, prepare_audit, prepare_sync, sync


@keywords_checked
def read_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> CallHistory:
    """Read every session of a window, each exactly once, as typed tables.

    Parameters
    ----------
    from_date, to_date : str, date, datetime, pandas.Timestamp or numpy.datetime64
        The window of the sessions' ``start_date``. Naive means UTC unless
        `timezone` says otherwise, aware is converted. A part of a second is exact,
        since sessions start on whole ones. None as `to_date` is now. A
        ``pandas.Period`` alone is that period.
    inclusive : {"left", "both", "right", "neither"}, default "left"
        Which ends belong to the result, decided on each session's start. With
        "left" adjacent windows neither share nor lose a session.
    timezone : str or tzinfo, default "UTC"
        IANA name, or a ``ZoneInfo``, for naive dates and periods. A day begins at
        its first moment there, also where the clocks change at midnight.
    call_session_history_id, application_id, user_id : int or iterable of int, optional
        Only these sessions, applications, users; any number of them. Whole floats
        are taken as well, which is what pandas makes of ids beside missing ones.
    application_name : str or iterable of str, optional
        The same by name; either this or `application_id`.
    rule_name : str, optional
        Only this rule; needs `application_id` or `application_name`.
    remote_number, remote_number_list, local_number : str or iterable of str, optional
        Only sessions with a call from or to one of these; either `remote_number` or
        `remote_number_list`. A number with ``+`` is also asked for without it.
    call_session_history_custom_data : str, optional
        Only sessions with this custom data.
    child_account_id : int, iterable of int or "all", optional
        Only these child accounts, or all of them.
    children_calls_only : bool, optional
        Only sessions of child accounts.
    min_duration, max_duration : int, optional
        Length of the session in seconds, both ends inside.
    with_calls, with_records, with_other_resources : bool, default True
        What comes with the sessions; a full price needs all three.
    desc_order : bool, default False
        Newest first. The result is always sorted by (``start_date``,
        ``call_session_history_id``), wholly reversed with this. Exports ignore it.
    credentials : path, dict, Credentials or None
        The service account's key; None reads the path in ``VOXIMPLANT_CREDENTIALS``.
    base_url : str, optional
        None reads ``VOXIMPLANT_BASE_URL``, else ``https://api.voximplant.com``.
        Plain http goes to this machine only.
    max_concurrency : int, default 8
        Requests in flight, 1 to 64; fewer by itself while the service throttles.
    retry : RetryPolicy
        How often and how long a page is tried.
    progress : bool, callable or None
        A bar on a terminal or in a notebook if None, always or never if True or
        False; a callable is given a `voxframe.Progress`.
    unknown_fields : {"keep", "ignore", "raise"}, default "keep"
        What becomes of fields that are not documented.

    Returns
    -------
    CallHistory
        Sessions, calls, records and resource usage: instants in UTC, costs
        exact, and a receipt that says why nothing is missing.

    Raises
    ------
    InvalidQueryError
        Refused before any request; names the parameter.
    CredentialsError
        No key, or one that cannot be used.
    ApiError
        The service said no.
    TransportError
        The network, or an answer that is none, after all retries.
    DecodeError
        A value that no column can hold.
    IncompleteHistoryError
        The service cannot be made to give every session. Never fewer in silence.

    See Also
    --------
    iter_call_history : the same in bounded memory.
    export_call_history : the same to a Parquet dataset.

    References
    ----------
    https://voximplant.com/docs/references/httpapi/history#getcallhistory

    Examples
    --------
    >>> history = voxframe.read_call_history("2026-10-01", "2026-11-01")
    >>> len(history), len(history.calls)
    (2000, 3845)
    >>> short = voxframe.read_call_history("2026-10-01", "2026-11-01", max_duration=5)
    >>> short.receipt.filters
    {'max_duration': '5'}
    >>> october = voxframe.read_call_history(pd.Period("2026-10"), timezone="Europe/Berlin")
    >>> print(october.receipt.from_date)
    2026-09-30 22:00:00+00:00
    """
    spec, client = _checked(locals())
    with client:
        return client._read(spec)


@keywords_checked
def iter_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> Iterator[CallHistory]:
    """Read the same sessions piece by piece, in memory that does not grow with the window.

    Parameters
    ----------
    from_date, to_date, inclusive, timezone, …
        As for :func:`read_call_history`.

    Yields
    ------
    CallHistory
        Neighbouring stretches of time, some 35,000 sessions each, none twice; one
        in which nothing starts is left out. Each has a receipt of its own, and
        `Receipt.sum` makes one of several. A slow consumer slows the reading.

    Raises
    ------
    VoxframeError
        As for :func:`read_call_history`; what can be refused is refused at the call.

    Examples
    --------
    >>> for piece in voxframe.iter_call_history("2026-10-01", "2026-11-01"):
    ...     print(f"{piece.receipt.from_date:%d %B}", len(piece))
    01 October 2000
    """
    return _iterate(*_checked(locals()))


def _iterate(spec: ReadSpec, client: Client) -> Iterator[CallHistory]:
    with client:
        yield from client._iterate(spec)


@keywords_checked
def export_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> Receipt:
    """Read the same sessions to a Parquet dataset, one folder a table and day.

    Parameters
    ----------
    path : path
        Folder of the dataset, ``path/<table>/start_day=YYYY-MM-DD/*.parquet``;
        the day is that of the session's start in UTC, the same for its children.
    from_date, to_date, inclusive, timezone, …
        As for :func:`read_call_history`.
    overwrite : bool, default False
        Read again what is finished, or replace another query's export, once the
        new data is whole. Without it a finished export of the same query stays as
        it is, and another one is refused. An unfinished one is always completed. A dataset
        that :func:`sync_call_history` keeps is never replaced: it may hold what the service no
        longer gives.

    Returns
    -------
    Receipt
        What was read and written.

    Raises
    ------
    ExportError
        The folder cannot be written, or holds other data.
    VoxframeError
        As for :func:`read_call_history`.

    Examples
    --------
    >>> receipt = voxframe.export_call_history("week", "2026-10-01", "2026-10-08")
    >>> receipt.sessions
    453
    >>> pd.read_parquet("week/calls", columns=["call_id", "cost"]).shape
    (862, 2)
    """
    spec, client = _checked(locals())
    with client:
        return client._export(path, spec, overwrite=overwrite)


@keywords_checked
def count_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> Count:
    """Count the sessions of a window, and estimate what a read of it would take.

    One request is sent (one for each value of ``application_id``, or each 1000 session
    ids): the first that a read would send. Its own size and time, the service's count and
    the most rows that its answer held are what the estimate is made from: as many
    answers like this one as the count fills, and a quarter more for what overlaps.

    Parameters
    ----------
    from_date, to_date, inclusive, timezone, …
        As for :func:`read_call_history`.

    Returns
    -------
    Count
        ``sessions``, and about how many ``requests``, ``seconds`` and ``bytes``.

    Raises
    ------
    VoxframeError
        As for :func:`read_call_history`.

    Examples
    --------
    >>> count = voxframe.count_call_history("2026-10-01", "2026-11-01")
    >>> count.sessions, count.receipt.requests
    (2000, 1)
    """
    spec, client = _checked(locals())
    with client:
        return client._count(spec)


@keywords_checked
def sync_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> SyncReport:
    """Make a dataset hold what the service knows, from a date until now.

    The same call is right for the first time and for every time after, be it each
    minute, hour or night. It reads the days that are new or not settled, today as far
    as it is, and replaces each as a whole, so that sessions that appear late and bills that
    grow come in. A run that was missed or killed is made good by the next one.

    A day of which a file on this machine is missing, cut short or, where its day is read
    again anyway, not as it was written, is read again. What is intact of it is kept as always,
    a damaged file is kept in ``_voxframe/damaged``. If the service no longer gives all that
    was there, by the rows and the cost that are noted, the day stays as it is: nothing is
    removed, and once all other days are done the sync ends in a
    :class:`~voxframe.errors.DamageError`, until the file is back at its place or `vanished` is
    ``"intact"``. A table of which nothing is there is refused before any request, since it may
    lie on a disk that is not mounted.

    Parameters
    ----------
    path : path
        Folder of the dataset, as :func:`export_call_history` writes it. An export of the
        same query is taken over.
    from_date : date-like, optional
        The first moment that is wanted; needed once, then remembered, also where the first
        sync was broken off. An earlier one extends the dataset, a later one changes nothing.
    to_date : date-like, optional
        None is now. What is held beyond it stays as it is.
    lookback : str or timedelta, default "3D"
        How long after its end a day is read again, by this machine's clock and by the
        service's: so late may sessions appear and bills change. With a longer one than
        before, days that are not settled any more are read again.
    format : {"parquet", "delta"}, optional
        None is what is there, else Parquet.
    storage_options : Mapping of str, optional
        For Delta tables in an object store.
    vanished : {"keep", "intact", "drop"}, default "keep"
        What becomes of sessions of days that are read again, if the service no longer
        gives them. A link that it has cleared keeps its old value in any case. ``"intact"`` is
        as ``"keep"``, and gives up what of a damaged day cannot be had again: of its tables
        those stay that are intact. All files that are replaced then are kept in
        ``_voxframe/damaged``; the log of a Delta table keeps its own.
    recordings : path, optional
        Folder for recordings, transcriptions and logs, as :func:`download_recordings` writes
        it. After the rows, the files of all days are fetched that were written since the
        last time, before their links expire. A file that cannot be had is tried again by the
        next sync, for a month; the rows are there in any case.
    timezone : str or tzinfo, default "UTC"
        For naive dates. Days of the dataset are those of UTC.
    call_session_history_id, application_id, …
        As for :func:`read_call_history`: the same each time, another query is refused.

    Returns
    -------
    SyncReport
        ``changes``, a row a day, and ``receipt``; ``lost``, a row a day of which not all can be
        had again; ``recordings``, a row a file.

    Raises
    ------
    DamageError
        A day is damaged, and the service no longer gives all that was there; it stays as it is.
    ExportError
        The folder cannot be written, is being written by another sync, or holds
        something else; or nothing of a table is there.
    VoxframeError
        As for :func:`read_call_history`. The days that were finished stay.

    Examples
    --------
    >>> report = voxframe.sync_call_history("history", "2026-10-01", "2026-10-08")
    >>> report.changes[["day", "sessions_before", "sessions_after", "added"]].head(2)
             day  sessions_before  sessions_after  added
    0 2026-10-01                0              90     90
    1 2026-10-02                0              66     66

    Every time after that, without the dates, until now; here up to the same end:

    >>> report = voxframe.sync_call_history("history", to_date="2026-10-08")
    >>> int(report.changes["added"].sum())
    0
    """
    order = prepare_sync(_of_the_query(locals()))
    with _client(locals()) as client:
        return sync(client, order)


@keywords_checked
def audit_call_history(
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
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | Report | None = None,
    unknown_fields: UnknownFields = "keep",
) -> pd.DataFrame:
    """Compare a dataset with the service's own counts.

    The service is asked for one count a month, and where it differs from what is held,
    for those of halves, down to the days. A count cannot tell a session that came from
    one that went. It is asked for the days that were read; those that a sync was asked for and
    never finished are named without being counted.

    Before that the files are looked at: every byte of a folder is compared with the
    checksums of what was written, which takes as long as reading it. Delta tables have none:
    of theirs, files on this machine are read, and in an object store the end of each, so that a
    byte that has changed inside of a value is not noticed there.

    Parameters
    ----------
    path : path
        What a sync or an export wrote.
    repair : bool, default False
        Read the days that differ, those of which files are damaged and those that were never
        finished again, as a sync does. A file that is not as it was written is kept in
        ``_voxframe/damaged``; a day that cannot be made whole stays as it is.
    storage_options : Mapping of str, optional
        For Delta tables in an object store.
    call_session_history_id, application_id, …
        As the dataset was written with.

    Returns
    -------
    pandas.DataFrame
        One row a day that differs, none if all is well: ``day`` (datetime64[s]); ``held``,
        ``counted`` (Int64), sessions here, without those that are kept although the service
        no longer gave them, and there; ``missing``, ``vanished`` (Int64), how many more
        or fewer the service has, the latter mostly purged; ``settled`` (boolean), if
        not the next sync reads the day again anyway; ``damaged`` (boolean), files of it
        were not there as they were written; ``unread`` (boolean), it was asked for and never
        finished, and what is missing is not known; ``repaired`` (boolean). What is wrong is a
        settled day with sessions ``missing``, and a day ``damaged`` or ``unread``. ``attrs``
        of the frame holds, in ISO 8601, ``from_date`` and ``to_date``, what was looked at, and
        ``synced_at``, when the last sync began to read the end of it.

    Raises
    ------
    DamageError
        With `repair`: a day is damaged, and the service no longer gives all that was there.
    ExportError
        It is not a dataset, or one of another query, or holds no day yet; nothing of a table
        is there; or, without `repair`, files of it are missing, cut short or overwritten, which
        are named.
    VoxframeError
        As for :func:`read_call_history`.

    Examples
    --------
    >>> receipt = voxframe.export_call_history("week", "2026-10-01", "2026-10-08")
    >>> len(voxframe.audit_call_history("week"))
    0
    """
    order = prepare_audit(_of_the_query(locals()))
    with _client(locals()) as client:
        return audit(client, order)


@keywords_checked
def download_recordings(
    source: Source,
    folder: str | os.PathLike[str],
    *,
    what: Kind | Iterable[Kind] = KINDS,
    timezone: str | tzinfo = "UTC",
    credentials: CredentialsLike = None,
    base_url: str | None = None,
    max_concurrency: int = 8,
    retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
    progress: bool | DownloadReport | None = None,
) -> pd.DataFrame:
    """Download recordings, transcriptions and logs, each once, checked and named by its id.

    The same call again asks only for what is not there yet; so it goes on after an
    error, a kill or a disk that was full, and fetches what is new of a `source` that has
    grown. Links expire and logs are cleared after a month: read the history anew then.

    Parameters
    ----------
    source : CallHistory, dataset or path
        What has the links: a result, or the path of an export or of what
        :meth:`CallHistory.to_parquet` wrote.
    folder : path
        Where the files go: new, empty, or filled by this function before. It will hold
        ``records/start_day=YYYY-MM-DD/<record_id>.<ext>`` (``call-<call_id>.<ext>`` of a
        recording that only its call names), ``transcriptions/`` by the same ids,
        ``logs/start_day=YYYY-MM-DD/<call_session_history_id>.<ext>``, and ``index.parquet``.
    what : {"records", "transcriptions", "logs"} or several of them
        All three by default.
    timezone : str or tzinfo, default "UTC"
        IANA name, or a ``ZoneInfo``; whose days the folders are, by the session's start.
    credentials, base_url, max_concurrency
        As for :func:`read_call_history`. The token is sent to https hosts of
        ``voximplant.com`` and to `base_url`, and to no other, after redirects neither;
        others are asked without it.
    retry : RetryPolicy
        How often and how long a file is tried without getting on; ``request_timeout`` is
        how long it may stand still, and the whole of it may take any time.
    progress : bool, callable or None
        A bar on a terminal or in a notebook if None, always or never if True or
        False; a callable is given a `voxframe.DownloadProgress`.

    Returns
    -------
    DataFrame
        A row for each thing wanted: ``table`` (``records``, ``calls``, ``transcriptions``
        or ``logs``), ``id`` (of the record, the call, the record, the session), ``session``
        (its ``call_session_history_id``), ``path`` below `folder`, ``bytes``, ``type`` (as
        ``audio/mpeg``) and ``error``, null where all is well: ``cut short``, ``failed``,
        ``forbidden``, ``gone``, ``longer than announced`` (the file is kept), ``no answer``,
        ``no link``, ``not a file``, ``not authorized``, ``not ready``, ``refused``,
        ``refused host``, ``throttled``, ``too large``. ``index.parquet`` holds the same
        for all that was ever asked for.

    Raises
    ------
    InvalidQueryError
        Refused before any request; names the parameter.
    CredentialsError
        No key, or one that cannot be used.
    ExportError
        The folder cannot be written, is in use, or holds other data; or `source` cannot
        be read. Files that were whole stay so.

    Examples
    --------
    >>> day = voxframe.read_call_history("2026-10-05", "2026-10-06")
    >>> files = voxframe.download_recordings(day, "recordings", what="records")
    >>> files[["table", "id", "type"]].head(2)
         table            id       type
    0  records  198400051248  audio/wav
    1  records  198400051696  audio/wav

    The files beside what their recordings cost:

    >>> paths = files.merge(day.records, left_on="id", right_on="record_id")
    >>> paths[["id", "session", "cost"]].head(2)
                 id     session     cost
    0  198400051248  3100000800   0.0042
    1  198400051696  3100000807  0.00375
    """
    with Client(
        credentials, base_url=base_url, max_concurrency=max_concurrency, retry=retry
    ) as client:
        return client.download_recordings(
            source, folder, what=what, timezone=timezone, progress=progress
        )


_CONNECTION = ("credentials", "base_url", "max_concurrency", "retry")
_DESTINATION = ("path", "overwrite")


def _checked(given: Mapping[str, Any]) -> tuple[ReadSpec, Client]:
    """Check the query, then the rest: a wrong date is said before a missing key."""
    query = _of_the_query(given)
    spec = prepare({name: value for name, value in query.items() if name not in _DESTINATION})
    return spec, _client(given)


def _of_the_query(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in _CONNECTION}


def _client(given: Mapping[str, Any]) -> Client:
    return Client(**{name: given[name] for name in _CONNECTION})
