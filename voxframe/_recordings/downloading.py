"""All that is wanted: what is there already, what is fetched, and how far it is."""

import contextlib
import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pandas as pd
import pyarrow as pa

from voxframe._dataset.reading import read
from voxframe._read.pool import Pool
from voxframe._recordings.fetching import FileFetcher
from voxframe._recordings.progress import DownloadProgress, DownloadReport, Tally
from voxframe._recordings.store import Entry, Store, as_table
from voxframe._recordings.wanted import COLUMNS, KINDS, Kind, Source, Wanted
from voxframe._tables.to_pandas import frame
from voxframe.errors import ExportError, InvalidQueryError

logger = logging.getLogger("voxframe")

# Files of one host in a row that could not be had after all attempts: then it is down, and the
# others are left for the next call instead of being waited for one by one.
_GIVEN_UP_AFTER = 8
_HOST_IS_DOWN = ("no answer", "failed", "throttled")


def kinds_of(what: str | Iterable[str]) -> tuple[Kind, ...]:
    """Return what is wanted, each once.

    Raises
    ------
    InvalidQueryError
        It is nothing that there is.
    """
    known = ", ".join(KINDS)
    if not isinstance(what, Iterable):
        raise InvalidQueryError(f"what: needs one or more of {known}")
    kinds = (what,) if isinstance(what, str) else tuple(what)
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidQueryError(f"what: {kind!r} is not one of {known}")
    if not kinds:
        raise InvalidQueryError(f"what: is empty; needs one or more of {known}")
    return tuple(kind for kind in KINDS if kind in kinds)


def tables_of(source: Source) -> dict[str, pa.Table]:
    """Return the columns with links of a history, a dataset or a path.

    Raises
    ------
    ExportError
        The path holds no call history.
    """
    if isinstance(source, str | bytes | os.PathLike):
        tables, _ = read(source)
        return {name: tables[name].select(list(each)) for name, each in COLUMNS.items()}
    if (in_memory := getattr(source, "tables", None)) is not None:
        return {name: in_memory[name].select(list(each)) for name, each in COLUMNS.items()}
    if (arrow := getattr(source, "arrow", None)) is not None:
        return {name: arrow(name).to_table(columns=list(each)) for name, each in COLUMNS.items()}
    raise InvalidQueryError(
        f"source: needs a CallHistory, a dataset or a path, not a {type(source).__name__}"
    )


def frame_of(wanted: Sequence[Wanted], entries: Sequence[Entry]) -> pd.DataFrame:
    """Return a row for each thing wanted."""
    return frame(
        as_table([(each.key, entry) for each, entry in zip(wanted, entries, strict=True)]),
        "numpy_nullable",
    )


def download(
    store: Store,
    wanted: Sequence[Wanted],
    pool: Pool[Entry],
    fetcher: FileFetcher,
    report: DownloadReport,
) -> list[Entry]:
    """Fetch what is not there yet, and note in the index what became of it.

    Parameters
    ----------
    store : Store
        Where files go.
    wanted : sequence of Wanted
        Each key once.
    pool : Pool
        Does the waiting.
    fetcher : FileFetcher
        Fetches one.
    report : callable
        Called with every file, and now and then while one is on its way.

    Returns
    -------
    list of Entry
        One for each.
    """
    found: dict[int, Entry] = {}
    for at, each in enumerate(wanted):
        if (entry := store.whole(each)) is not None:
            found[at] = entry
        elif each.problem:
            found[at] = Entry(error=each.problem)
    # What failed before comes last, so that it cannot keep the others waiting again.
    missing = sorted(
        set(range(len(wanted))) - found.keys(), key=lambda at: store.failed(wanted[at])
    )
    logger.info("%d of %d files are to be fetched", len(missing), len(wanted))
    places = {at: place for place, at in enumerate(missing)}
    tally = Tally([wanted[at].size or 0 for at in missing], fetcher.usage)
    try:
        for at, entry in _fetched(wanted, missing, pool, fetcher, lambda: report(tally.now())):
            found[at] = entry
            tally.done(places[at])
            report(tally.now())
    except BaseException:
        # What was fetched is there and is noted, unless it is the disk that is full.
        with contextlib.suppress(ExportError):
            store.note([(wanted[at], found[at]) for at in sorted(found)])
        raise
    entries = [found[at] for at in range(len(wanted))]
    store.note(list(zip(wanted, entries, strict=True)))
    _log(entries, tally.now())
    return entries


def _fetched(
    wanted: Sequence[Wanted],
    missing: Sequence[int],
    pool: Pool[Entry],
    fetcher: FileFetcher,
    on_wait: Callable[[], object],
) -> Iterator[tuple[int, Entry]]:
    """Yield files in the order in which they are done."""
    waiting, under_way = deque(missing), 0
    failures: Counter[str] = Counter()
    while waiting or under_way:
        # One more than there are workers, so that none has to wait for the next.
        if waiting and under_way <= pool.most:
            at = waiting.popleft()
            if failures[_host(wanted[at])] >= _GIVEN_UP_AFTER:
                yield at, Entry(error="no answer")
                continue
            fetcher.store.prepare(wanted[at])
            pool.submit(at, at, partial(fetcher.fetch, wanted[at]))
            under_way += 1
            continue
        at, entry = pool.next(on_wait)
        under_way -= 1
        host = _host(wanted[at])
        failures[host] = failures[host] + 1 if entry.error in _HOST_IS_DOWN else 0
        yield at, entry


def _host(wanted: Wanted) -> str:
    return "/".join((wanted.link or "").split("/", 3)[:3])


def _log(entries: Sequence[Entry], now: DownloadProgress) -> None:
    kinds = Counter(entry.error for entry in entries if entry.error)
    logger.log(
        logging.WARNING if any(entry.path is None for entry in entries) else logging.INFO,
        "%d of %d files are there, %d of them new%s; %d requests, %d bytes, %.1f s",
        sum(entry.path is not None for entry in entries),
        len(entries),
        now.files,
        "".join(f", {number} {kind}" for kind, number in sorted(kinds.items())),
        now.requests,
        now.bytes,
        now.seconds,
    )
