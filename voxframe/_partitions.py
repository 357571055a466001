"""A window as pieces that are read elsewhere: in other processes, on other machines."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Literal, TypeAlias

from voxframe._client import Client, check_limits
from voxframe._history import CallHistory
from voxframe._http.address import service_address
from voxframe._http.credentials import key_path
from voxframe._http.retry import RetryPolicy
from voxframe._progress import Report
from voxframe._query.cuts import by_calendar, by_count, by_month
from voxframe._query.names import keywords_checked
from voxframe._query.options import Ids, ReadSpec, Texts, UnknownFields, prepare
from voxframe._query.query import Query
from voxframe._query.window import DateLike, Inclusive, Window, timezone_of
from voxframe.errors import CredentialsError, InvalidQueryError

Freq: TypeAlias = Literal["h", "D", "W"]
KeyPath: TypeAlias = str | os.PathLike[str]

# Not a matter of the query.
_APART = ("freq", "sessions", "credentials", "base_url", "max_concurrency", "retry")
# What has to be asked for to have a table; sessions always come.
_CONTENT = {
    "calls": "with_calls",
    "records": "with_records",
    "resource_usage": "with_other_resources",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A stretch of a window, to be read anywhere; made by :func:`voxframe.partitions`.

    A small value that can be pickled, compared and hashed. There is no key in it, and
    no value of a filter in its ``repr``.

    Attributes
    ----------
    from_date, to_date : datetime
        The stretch, UTC.
    inclusive : {"left", "both", "right", "neither"}
        Which ends belong to it: "left", but for the ends of the whole window, which
        are as they were asked for.
    credentials : str or None
        The path of the key file; None is what ``VOXIMPLANT_CREDENTIALS`` names where
        it is read.
    base_url : str
        The service's address.
    max_concurrency : int
        Requests in flight, of this partition alone.
    retry : RetryPolicy
        How often and how long a page is tried.

    Examples
    --------
    >>> first, *others = voxframe.partitions("2026-10-01", "2026-11-01")
    >>> print(first.from_date, first.to_date, first.inclusive)
    2026-10-01 00:00:00+00:00 2026-10-02 00:00:00+00:00 left
    >>> len(first.read())
    90
    """

    from_date: datetime
    to_date: datetime
    inclusive: str
    credentials: str | None
    base_url: str
    max_concurrency: int
    retry: RetryPolicy
    unknown_fields: str
    desc_order: bool
    progress: bool | Report
    forms: tuple[tuple[tuple[str, str], ...], ...] = field(repr=False)

    @property
    def window(self) -> Window:
        """The stretch with its first second and the one after its last."""
        return Window(self.from_date, self.to_date, self.inclusive)

    def read(self) -> CallHistory:
        """Read every session of the stretch, each exactly once.

        Returns
        -------
        CallHistory
            With a receipt and a proof of its own; ``Receipt.sum`` and
            ``CallHistory.concat`` make one of several.

        Raises
        ------
        VoxframeError
            As for :func:`voxframe.read_call_history`.
        """
        spec = ReadSpec(
            Query(self.window, tuple(map(dict, self.forms))),
            self.desc_order,
            self.progress,
            self.unknown_fields,
        )
        with Client(
            self.credentials,
            base_url=self.base_url,
            max_concurrency=self.max_concurrency,
            retry=self.retry,
        ) as client:
            return client._read(spec)  # noqa: SLF001 - it was checked when the window was cut


@keywords_checked
def partitions(
    from_date: DateLike,
    to_date: DateLike | None = None,
    *,
    freq: Freq = "D",
    sessions: int | None = None,
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
) -> list[Partition]:
    """Cut a window into stretches that can be read by other processes and machines.

    The service limits the requests of an account, and workers on one account do not
    know of each other: several of them read it no faster than one that is allowed as
    many requests. What this is for is many accounts, and platforms where workers are.

    Parameters
    ----------
    from_date, to_date, inclusive, timezone, …
        As for :func:`voxframe.read_call_history`; what is said below is different.
    freq : {"h", "D", "W"}, default "D"
        Where to cut: at full hours, at midnights, at those before a Monday, all in
        `timezone`. The first and the last stretch can be shorter.
    sessions : int, optional
        Cut instead into stretches of about so many sessions: each month is counted,
        by one request that needs the key here, and its sessions are taken to start
        evenly within it.
    credentials : path or iterable of path, optional
        Of key files; several are several accounts, and each stretch is there for each
        of them (``account_id`` is a column of `sessions`). None is what
        ``VOXIMPLANT_CREDENTIALS`` names where a stretch is read. A key itself is
        refused, since it would end up in queues and files.
    base_url : str, optional
        As for a read; the environment's is that of this process.
    max_concurrency : int, default 8
        Requests in flight for each stretch that is being read.
    progress : bool, callable or None
        True draws a bar a stretch, None draws none. A callable has to be one that
        pickle takes.

    Returns
    -------
    list of Partition
        Neighbouring half-open stretches that together are the window, at least one;
        account by account, oldest first.

    Raises
    ------
    CredentialsError
        `credentials` holds something else than paths, or two keys of one account; or
        a key file that is here cannot be used.
    InvalidQueryError
        As for a read, or there would be more than 100,000 stretches of an account.
    VoxframeError
        With `sessions`: as for :func:`voxframe.count_call_history`.

    Examples
    --------
    >>> parts = voxframe.partitions("2026-10-01", "2026-11-01", freq="W")
    >>> len(parts), len(parts[0].read())
    (5, 198)

    On one machine, with processes of Python's own::

        import multiprocessing
        import voxframe

        if __name__ == "__main__":
            parts = voxframe.partitions("2026-10-01", "2026-11-01", max_concurrency=2)
            with multiprocessing.get_context("spawn").Pool(2) as pool:
                histories = pool.map(voxframe.Partition.read, parts)
            october = voxframe.CallHistory.concat(histories)
            print(len(october), "sessions")

    With joblib::

        import joblib
        import voxframe

        parts = voxframe.partitions("2026-10-01", "2026-11-01", max_concurrency=2)
        jobs = (joblib.delayed(voxframe.Partition.read)(part) for part in parts)
        october = voxframe.CallHistory.concat(joblib.Parallel(n_jobs=2)(jobs))
        print(len(october), "sessions")

    With Ray::

        read = ray.remote(voxframe.Partition.read)
        histories = ray.get([read.remote(part) for part in parts])

    In a task of Airflow, for its interval and for each of several accounts::

        @task
        def read(account, data_interval_start=None, data_interval_end=None):
            for part in voxframe.partitions(
                data_interval_start, data_interval_end, freq="h", credentials=account
            ):
                part.read().to_parquet(f"{account}-calls/{part.from_date:%Y-%m-%dT%H}")

        read.expand(account=["shop.json", "support.json"])
    """
    spec = prepare({name: value for name, value in locals().items() if name not in _APART})
    if sessions is not None and (
        not isinstance(sessions, int) or isinstance(sessions, bool) or sessions < 1
    ):
        raise InvalidQueryError(f"sessions: is {sessions!r}, needs to be a whole number from 1")
    zone = timezone_of(timezone)
    windows = by_calendar(spec.window, freq, zone)
    check_limits(max_concurrency, retry)
    address = service_address(base_url)
    found = []
    for path in _key_paths(credentials):
        if sessions is not None:
            with Client(
                path, base_url=address, max_concurrency=max_concurrency, retry=retry
            ) as client:
                windows = _by_count(spec, zone, sessions, client)
        found += [
            Partition(
                from_date=each.from_date,
                to_date=each.to_date,
                inclusive=each.inclusive,
                credentials=path,
                base_url=address,
                max_concurrency=max_concurrency,
                retry=retry,
                unknown_fields=spec.unknown_fields,
                desc_order=spec.desc_order,
                # Bars of stretches that are read side by side would overwrite one another.
                progress=spec.progress or False,
                forms=tuple(tuple(form.items()) for form in spec.query.forms),
            )
            for each in windows
        ]
    return found


def only(partition: Partition, table: str) -> Partition:
    """Return the same without what other tables than one are made of."""
    others = {flag: "false" for name, flag in _CONTENT.items() if name != table}
    forms = tuple(tuple({**dict(form), **others}.items()) for form in partition.forms)
    return replace(partition, forms=forms)


def _by_count(spec: ReadSpec, zone: tzinfo, sessions: int, client: Client) -> list[Window]:
    months = by_month(spec.window, zone)
    bare = dict.fromkeys(_CONTENT.values(), "false")
    forms = tuple({**form, **bare} for form in spec.query.forms)
    counts = [
        client._count(replace(spec, query=Query(month, forms), progress=False)).sessions  # noqa: SLF001
        for month in months
    ]
    return by_count(spec.window, months, counts, sessions)


def _key_paths(credentials: object) -> list[str | None]:
    """Return the paths of key files, of which no two are of the same account."""
    if credentials is None:
        return [None]
    if isinstance(credentials, str | os.PathLike | Mapping) or not isinstance(
        credentials, Iterable
    ):
        return [key_path(credentials)[0]]
    paths: dict[str, str] = {}
    for path, account in map(key_path, credentials):
        owner = path if account is None else str(account)
        if owner in paths:
            raise CredentialsError(
                f"credentials: {paths[owner]} and {path} are keys of one account, whose sessions "
                "would be there twice; leave one out",
            )
        paths[owner] = path
    if not paths:
        raise CredentialsError("credentials: is empty; give a path at least, or leave it out")
    return list(paths.values())
