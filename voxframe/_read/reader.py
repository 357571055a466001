"""One read under way: its pieces, its counts, and its pages turned into results."""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._history import CallHistory
from voxframe._http.usage import Usage
from voxframe._progress import Progress, Report
from voxframe._query.options import ReadSpec
from voxframe._read import interval
from voxframe._read.interval import (
    Interval,
    IntervalPages,
    IntervalReader,
    Request,
    ServiceState,
    run,
)
from voxframe._read.page import PageReader
from voxframe._read.pool import Pool
from voxframe._receipt import Receipt
from voxframe._tables.assemble import assemble
from voxframe.errors import ApiError

logger = logging.getLogger("voxframe")
# Without it Python prints warnings to stderr for a program that set up no logging.
logger.addHandler(logging.NullHandler())


def decoding(pool: Pool[Page], unknown_fields: str, *, lean: bool) -> Callable[[RawPage], Page]:
    """Make pages of bytes to tables on the pool's cores.

    Parameters
    ----------
    pool : Pool
        Whose threads wait for it.
    unknown_fields : {"keep", "ignore", "raise"}
        As for :func:`voxframe.read_call_history`.
    lean : bool
        Give memory back after each page.

    Returns
    -------
    callable
        From a page of bytes to its tables.
    """

    def read(raw: RawPage) -> Page:
        page = decode(raw, unknown_fields=unknown_fields)
        if lean:
            # Each thread's allocator keeps what was freed; a long read would collect that.
            pa.default_memory_pool().release_unused()
        return page

    return lambda raw: pool.compute(lambda: read(raw))


@dataclass(slots=True)
class Reader:
    """One read under way.

    Attributes
    ----------
    reading : ReadSpec
        What is read.
    setting : ServiceState
        What is known of the service.
    workers : int
        Answers to plan for side by side, at most; fewer of them are in flight.
    pool, page_reader
        How pages are had.
    report : callable
        Called with each step.
    usage : Usage
        What was sent, received and mended so far.
    """

    reading: ReadSpec
    setting: ServiceState
    workers: int
    pool: Pool[Page]
    page_reader: PageReader
    report: Report
    usage: Usage = field(default_factory=Usage)
    _began: float = field(default_factory=time.monotonic)
    _lap: float = field(default_factory=time.monotonic)
    _told: Usage = field(default_factory=Usage)
    _mended: Counter[str] = field(default_factory=Counter)
    _given: Counter[str] = field(default_factory=Counter)
    _rows: int = 0
    _total: int | None = None

    def gather(self, pieces: list[Interval], *, whole: bool) -> Iterator[IntervalPages]:
        """Read pieces, each as a whole or cut as it needs to be."""
        pieces = [piece for piece in pieces if piece.first < piece.end]
        forms = self.reading.query.forms

        # Half as many pieces as workers: what is read ahead has to be held until its turn.
        ahead = max(self.workers // 2, 1)

        def read(piece: Interval, left: int) -> IntervalReader:
            narrow = piece.end - piece.first == 1
            return IntervalReader(
                piece,
                self.setting,
                forms,
                workers=max(self.workers // min(left, ahead), 1),
                free=self.reading.query.free,
                most=None
                if whole or narrow
                else max(3 * interval.SESSIONS_PER_INTERVAL // 2 // len(forms), 1),
            )

        return run(
            self.pool,
            pieces,
            read,
            self._fetch,
            ahead=ahead,
            told=self._note,
            newest_first=self.reading.desc_order,
        )

    def _fetch(self, request: Request) -> Page:
        try:
            return self.page_reader.read(request.spelled(), str(request.ask), self.usage)
        except ApiError as error:
            if not request.ask.probe or type(error) is not ApiError:
                raise
            # The service does not answer this question, which is an answer too.
            nothing = json.dumps({"result": [], "timezone": self.setting.timezone})
            return decode(RawPage(nothing.encode()))

    def _note(self, request: Request, page: Page) -> None:
        if request.ask.count > 1:
            self._rows += len(page.tables["sessions"])
        if self._total is None and len(self.reading.query.forms) == 1:
            self._total = page.total_count
        rows = self._rows if self._total is None else min(self._rows, self._total)
        usage = self.usage
        self.report(Progress(rows, self._total, usage.requests, time.monotonic() - self._began))

    def history(self, gathered: IntervalPages | None) -> CallHistory:
        """Make the result of a piece, or of an empty window."""
        inside = self.reading.window
        piece = gathered.piece if gathered else Interval(inside.first, inside.first)
        pages = gathered.pages if gathered else ()
        assembled = assemble(
            pages,
            first=piece.first,
            end=piece.end,
            desc_order=self.reading.desc_order,
        )
        tables = assembled.tables
        usage, told, now = self.usage.copy(), self._told, time.monotonic()
        settled = gathered.settled if gathered else ()
        mended = usage.mended.copy()
        mended.subtract(told.mended)
        for kinds in (*(each.mended for each in settled), *(page.mended for page in pages)):
            mended.update(kinds)
        receipt = Receipt(
            from_date=inside.from_date,
            to_date=inside.to_date,
            inclusive=inside.inclusive,
            timezone=self.setting.timezone,
            requests=usage.requests - told.requests,
            retries=usage.retries - told.retries,
            pages=sum(page.count > 0 for page in pages),
            duplicates=assembled.duplicates,
            sessions=len(tables["sessions"]),
            calls=len(tables["calls"]),
            records=len(tables["records"]),
            resource_usage=len(tables["resource_usage"]),
            total_count=sum(each.total or 0 for each in settled) if settled else None,
            settled="; ".join(dict.fromkeys(each.how for each in settled))
            or "the window is empty, so nothing was asked",
            seconds=now - self._lap,
            bytes=usage.bytes - told.bytes,
            mended=dict(+mended),
        )
        self._told, self._lap = usage, now
        self._mended.update(receipt.mended)
        self._given.update(sessions=receipt.sessions, calls=receipt.calls)
        return CallHistory(tables, receipt)

    def log(self) -> None:
        """Say in the log what the run gave, once it is over, and what was mended for it."""
        inside, usage = self.reading.window, self.usage
        logger.info(
            "%s to %s: gave %d sessions, %d calls; %d requests, %d of them again, %.2f s",
            inside.from_date,
            inside.to_date,
            self._given["sessions"],
            self._given["calls"],
            usage.requests,
            usage.retries,
            time.monotonic() - self._began,
        )
        if self._mended:
            kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(self._mended.items()))
            logger.warning("%s to %s: mended %s", inside.from_date, inside.to_date, kinds)
