"""A sync as it is asked for, checked; and the reads that it takes."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from voxframe._dataset.report import SyncReport, in_words, loss_in_words
from voxframe._query.options import ReadSpec, prepare
from voxframe._read.asked import asked
from voxframe._read.beside import Beside
from voxframe._read.interval import Interval
from voxframe._receipt import Receipt
from voxframe._spec.parameters import of_role
from voxframe._timezones import instant
from voxframe.errors import DamageError, ExportError, InvalidQueryError

if TYPE_CHECKING:
    from voxframe._client import Client
    from voxframe._dataset.sync import Sync

_DAY = 86_400
# What a sync without dates is checked with; its window follows from the dataset.
_ANY_DATE = "1970-01-02"
# A sync reads the same days again and again. Of three days of 200,000 sessions intervals of 35,000
# take some 670 requests, of 70,000 650, where 600 answers hold them all. They take twice the
# memory: years that are new are read as by an export.
_TIMES_LARGER = 2
_FORMATS = (None, "parquet", "delta")
_VANISHED = ("keep", "intact", "drop")


@dataclass(frozen=True, slots=True)
class SyncOrder:
    """A sync, checked and ready to run.

    Attributes
    ----------
    path, format, storage_options
        Where.
    reading : ReadSpec
        What is read; its window does not count.
    first, end : int or None
        The first second that is wanted, and the first one that is not: None is what is
        there, and now.
    lookback : int
        Seconds after its end for which a day is read again.
    keep : bool
        Whether sessions that the service no longer gives stay.
    give_up : bool
        Whether what cannot be had again of damaged days is given up.
    recordings : path or None
        A folder for files.
    progress : bool or None
        Whether a bar shows how far those are.
    """

    path: str | os.PathLike[str]
    format: str | None
    storage_options: Mapping[str, str] | None
    reading: ReadSpec
    first: int | None
    end: int | None
    lookback: int
    keep: bool
    give_up: bool
    recordings: str | os.PathLike[str] | None
    progress: bool | None


def prepare_sync(options: Mapping[str, Any]) -> SyncOrder:
    """Check everything that can be checked before a request.

    Raises
    ------
    InvalidQueryError
        Something cannot be asked; the message names the parameter.
    """
    from voxframe._dataset.lookback import seconds_of  # noqa: PLC0415 - not needed to read

    given = dict(options)
    path, form, storage = (given.pop(name) for name in ("path", "format", "storage_options"))
    _one_of("format", form, _FORMATS)
    vanished = given.pop("vanished")
    _one_of("vanished", vanished, _VANISHED)
    lookback = seconds_of(given.pop("lookback"))
    recordings = given.pop("recordings")
    if recordings is not None:
        _check_apart(path, recordings)
    begin, end = given["from_date"], given["to_date"]
    given["from_date"] = _ANY_DATE if begin is None else begin
    reading = prepare({**given, "desc_order": False})
    is_open = end is None and not hasattr(begin, "start_time")
    return SyncOrder(
        path,
        form,
        storage,
        reading,
        None if begin is None else reading.window.first,
        None if is_open else reading.window.end,
        lookback,
        vanished != "drop",
        vanished == "intact",
        recordings,
        # Who wants to be called is called with sessions, which files are not.
        given["progress"] if given["progress"] in (True, None) else False,
    )


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """An audit, checked and ready to run."""

    path: str | os.PathLike[str]
    storage_options: Mapping[str, str] | None
    reading: ReadSpec
    repair: bool


def prepare_audit(options: Mapping[str, Any]) -> AuditOrder:
    """Check everything that can be checked before a request.

    Raises
    ------
    InvalidQueryError
        Something cannot be asked; the message names the parameter.
    """
    given = dict(options)
    path, storage, repair = (given.pop(name) for name in ("path", "storage_options", "repair"))
    if not isinstance(repair, bool):
        raise InvalidQueryError("repair: needs True or False")
    reading = prepare({**given, "from_date": _ANY_DATE, "to_date": None, "desc_order": False})
    return AuditOrder(path, storage, reading, repair)


def _check_apart(path: str | os.PathLike[str], recordings: str | os.PathLike[str]) -> None:
    """Refuse a folder of files inside of a dataset, and the other way round."""
    from voxframe._dataset.disk import is_url, local_path  # noqa: PLC0415 - not needed to read

    files = local_path(recordings)
    data = None if is_url(path) else local_path(path)
    if data is not None and (files == data or files in data.parents or data in files.parents):
        raise InvalidQueryError(
            f"recordings: {files} and the dataset, {data}, lie in one another; name a folder "
            "beside it",
        )


def _one_of(name: str, value: object, known: Sequence[str | None]) -> None:
    if value not in known:
        raise InvalidQueryError(f"{name}: {value!r} is not one of {', '.join(map(repr, known))}")


def sync(client: "Client", order: SyncOrder) -> SyncReport:
    """Bring a dataset up to date, and the files that it has links to."""
    report = _with_files(client, order)
    if len(report.lost) and not order.give_up:
        raise DamageError(loss_in_words(report.lost), report=report, lost=report.lost)
    return report


def _with_files(client: "Client", order: SyncOrder) -> SyncReport:
    if order.recordings is None:
        return _sync(client, order)
    from voxframe._dataset.source import source_of  # noqa: PLC0415 - not needed to read
    from voxframe._recordings import downloading, following, store  # noqa: PLC0415 - not needed to read

    # Whether the folder can be had is known before anything is asked.
    with store.opened(order.recordings) as place:
        report = _sync(client, order)
        source = source_of(order.path, order.storage_options)
        with client._fetching(place, order.progress) as fetch:
            files, entries = following.fetch_new(place.root, source, fetch)
        return replace(report, recordings=downloading.frame_of(files, entries))


def _sync(client: "Client", order: SyncOrder) -> SyncReport:
    from voxframe._dataset.sync import Place, syncing  # noqa: PLC0415 - not needed to read

    query = client._identity(order.reading)
    place = Place(order.path, order.format, order.storage_options)
    with syncing(
        place, query, order.first,
        lookback=order.lookback, keep=order.keep, give_up=order.give_up,
    ) as running:  # fmt: skip
        now = time.time()
        until = _midnight_after(now) if order.end is None else order.end
        _read_into(running, client, order.reading, running.to_read(until, now))
        # The service may be in a later day than this machine's clock.
        later = _midnight_after(now + running.behind)
        if order.end is None and later > until:
            _read_into(running, client, order.reading, [(until, later)])
        return running.finish(_nothing(client, order.reading))


def audit(client: "Client", order: AuditOrder) -> pd.DataFrame:
    """Compare a dataset with the service's counts; read the days again that differ."""
    from voxframe._dataset import audit as compare  # noqa: PLC0415 - not needed to read
    from voxframe._dataset.identity import difference  # noqa: PLC0415 - not needed to read
    from voxframe._dataset.layout import day_number  # noqa: PLC0415 - not needed to read
    from voxframe._dataset.source import source_of, starting_at  # noqa: PLC0415 - not needed to read
    from voxframe._dataset.sync import Place, joined, syncing, unsettled  # noqa: PLC0415 - not needed to read

    query = client._identity(order.reading)
    source = source_of(order.path, order.storage_options)
    manifest = source.manifest()
    if manifest.query["fingerprint"] != query["fingerprint"]:
        raise ExportError(
            f"{order.path} holds the call history of another query, account or address "
            f"({difference(manifest, query)}); give the same as it was written with",
        )
    if not manifest.read:
        raise ExportError(f"{order.path} holds no day yet, so there is nothing to compare; sync it")
    # The manifest alone says nothing of a file that somebody removed since.
    damage = source.damage()
    if damage and not order.repair:
        whose = "its day" if len(damage) == 1 else "their days"
        raise ExportError(f"{in_words(damage)}: repair=True reads {whose} again")
    damaged = {day_number(name) for name in damage}
    now = time.time()
    again = unsettled(manifest, now)
    with client._running(_light(order.reading), lean=True) as running:

        def starting(second: int) -> int:
            if second // _DAY in damaged:
                return 0
            if any(each.first <= second < each.end for each in manifest.read):
                return starting_at(source, second)
            return running.counts([Interval(second, second + 1)])[0]

        found = list(
            compare.differences(
                manifest,
                damaged,
                manifest.not_read(_midnight_after(now)),
                count=lambda stretches: running.counts([Interval(*each) for each in stretches]),
                starting_at=starting,
                settled=lambda day: all(e <= day * _DAY or f >= (day + 1) * _DAY for f, e in again),
            )
        )
    left: set[int] = set()
    lost = pd.DataFrame()
    if order.repair and found:
        place = Place(order.path, None, order.storage_options)
        with syncing(place, query, None, lookback=None, keep=True) as repairing:
            days = joined([compare.span(manifest, each.day) for each in found])
            _read_into(repairing, client, order.reading, days)
            lost = repairing.finish(_nothing(client, order.reading)).lost
            left = {day_number(f"{day:%Y-%m-%d}") for day in lost["day"]}
    frame = compare.table(found, repaired=order.repair, left=left)
    # As text, so that pandas can write it with the frame.
    frame.attrs = {
        "from_date": instant(manifest.first).isoformat(),
        "to_date": instant(min(manifest.end, int(now))).isoformat(),
        "synced_at": max(manifest.read, key=lambda each: each.end).read_at.isoformat(),
    }
    if left:
        raise DamageError(loss_in_words(lost), report=frame, lost=lost)
    return frame


def _light(reading: ReadSpec) -> ReadSpec:
    """Leave out what comes with the sessions: it changes no count."""
    without = {p.name: "false" for p in of_role("content")}
    forms = tuple({**form, **without} for form in reading.query.forms)
    return replace(reading, query=replace(reading.query, forms=forms))


def _midnight_after(now: float) -> int:
    return (int(now) // _DAY + 1) * _DAY


def _read_into(
    running: "Sync", client: "Client", reading: ReadSpec, stretches: Sequence[tuple[int, int]]
) -> None:
    intervals = [Interval(first, end) for first, end in stretches]
    held = running.manifest.end
    again = sum(max(min(end, held) - first, 0) for first, end in stretches)
    larger = _TIMES_LARGER if 2 * again >= sum(end - first for first, end in stretches) else 1
    running.begin(intervals)
    if not intervals:
        return
    with Beside(running.write) as write:
        for piece, history in client._pieces(reading, intervals, times_larger=larger):
            write(piece, history.tables, history.receipt)
            del history  # the writer has it, and no longer than it needs it


def _nothing(client: "Client", reading: ReadSpec) -> Receipt:
    return replace(
        asked(reading.query, account_id=client._account, address=client._url),
        read_at=datetime.fromtimestamp(time.time(), UTC),
        settled="no day is new or unsettled, so nothing was asked",
    )
