"""One read under way: its intervals, and their pages turned into results with receipts."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa

from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._history import CallHistory
from voxframe._http.network import TooLargeError
from voxframe._http.redact import redact
from voxframe._http.usage import Usage
from voxframe._progress import Report
from voxframe._query.options import ReadSpec
from voxframe._read.count import Count, estimate
from voxframe._read.interval import (
    IDS,
    Interval,
    IntervalPages,
    IntervalReader,
    Request,
    ServiceState,
)
from voxframe._read.nothing import why_nothing
from voxframe._read.page import PageReader
from voxframe._read.pool import Pool
from voxframe._read.scheduler import IntervalResult, run
from voxframe._read.tracker import Tracker
from voxframe._receipt import Receipt
from voxframe._tables.assemble import assemble
from voxframe._text import many
from voxframe.errors import ApiError

logger = logging.getLogger("voxframe")
# The whole list is refused for one id in it that is unknown or outside of the dates asked.
_INVALID_ARGUMENT = 101
_UNKNOWN_ID = 150
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
    asked : Receipt
        The same as receipts say it.
    setting : ServiceState
        What is known of the service.
    workers : int
        Answers to plan for side by side, at most; fewer of them are in flight.
    sessions_per_interval : int
        Sessions that are read and held as one interval, about.
    pool, page_reader
        How pages are had.
    report : callable
        Called with each step.
    usage : Usage
        What was sent, received and mended so far.
    """

    reading: ReadSpec
    asked: Receipt
    setting: ServiceState
    workers: int
    sessions_per_interval: int
    pool: Pool[Any]
    page_reader: PageReader
    report: Report
    _usage: Usage = field(default_factory=Usage)
    _tracker: Tracker = field(init=False)
    _made: Receipt | None = None
    _counts_only: bool = False

    def __post_init__(self) -> None:
        self._tracker = Tracker(self.reading, self.page_reader.fetcher, self._usage, self.report)

    def gather(
        self, intervals: list[Interval], *, whole: bool = False, times_larger: float = 1
    ) -> Iterator[IntervalResult]:
        """Read intervals, each as a whole or cut as it needs to be.

        The parts of one that is cut have so many times `sessions_per_interval` sessions.
        """
        intervals = [each for each in intervals if each.first < each.end]
        forms = self.reading.query.forms
        per_interval = int(times_larger * self.sessions_per_interval)

        def read(interval: Interval, workers: int) -> IntervalReader:
            narrow = interval.end - interval.first == 1
            # A window that is not much larger is read as one: parts take more requests, and three
            # of them are held at once as well, in the reading, in the writing and in between.
            more = per_interval if interval.sessions else 2 * self.sessions_per_interval
            most = (per_interval + more) // len(forms)
            return IntervalReader(
                interval,
                self.setting,
                forms,
                workers=workers,
                splittable_by=self.reading.query.splittable_by,
                max_sessions=None if whole or narrow else max(most, 1),
            )

        return run(
            self.pool,
            intervals,
            read,
            self._fetch,
            workers=self.workers,
            sessions_per_interval=per_interval,
            usage=self._usage,
            clock=self.page_reader.fetcher.clock,
            on_page=self._tracker.received,
            on_wait=self._tracker.waited,
            newest_first=self.reading.desc_order,
        )

    def _fetch(self, request: Request, usage: Usage) -> Page | None:
        try:
            return self._page(request, usage)
        except ApiError as error:
            if error.code == _UNKNOWN_ID and IDS in request.reader.form:
                return None
            if error.code == _INVALID_ARGUMENT and request.ask.may_be_refused:
                # The service does not know a filter, or reach an offset, that only the plan wanted.
                return None
            raise

    def _page(self, request: Request, usage: Usage) -> Page:
        """Return a page, of fewer sessions than asked for where so many are too large."""
        page_size, form = self.setting.page_size, request.spelled()
        while True:
            count = min(request.ask.count, page_size.most)
            form["count"] = str(count)
            try:
                page, size = self.page_reader.read(form, request.asked, usage)
            except TooLargeError:
                if count == 1:
                    raise
                page_size.too_large(count)
                usage.mend("answers_too_large")
            else:
                page_size.fitted(page.count, size)
                return page

    def count(self, in_flight: int) -> Count:
        """Count the window by the first answer to each of the query's forms."""
        self._counts_only = True
        inside, clock = self.reading.window, self.page_reader.fetcher.clock
        if inside.first >= inside.end:
            return estimate((), (), self.nothing().receipt, in_flight=in_flight)
        read_at, began, usage = clock.now(), clock.monotonic(), Usage(self._usage)
        reader = IntervalReader(
            Interval(inside.first, inside.end),
            self.setting,
            self.reading.query.forms,
            workers=1,
            max_sessions=0,
        )
        (pages,) = self._first_answers([reader], usage)
        seconds = clock.monotonic() - began
        receipt = self.history(IntervalResult(pages, usage, read_at, seconds)).receipt
        return estimate(pages.pages, pages.settled, receipt, in_flight=in_flight)

    def counts(self, intervals: Sequence[Interval]) -> list[int]:
        """Count intervals by the first answer to each; where it holds all, exactly."""
        self._counts_only = True
        forms = self.reading.query.forms
        readers = [
            IntervalReader(each, self.setting, forms, workers=1, max_sessions=0)
            for each in intervals
        ]
        # The first one shows the service's clock, by which the others are asked.
        answers = [
            *self._first_answers(readers[:1], self._usage),
            *self._first_answers(readers[1:], self._usage),
        ]
        return [
            len(assemble(pages.pages, first=each.first, end=each.end).tables["sessions"])
            if pages.too_many is None
            else pages.too_many
            for each, pages in zip(intervals, answers, strict=True)
        ]

    def _first_answers(
        self, readers: Sequence[IntervalReader], usage: Usage
    ) -> list[IntervalPages]:
        """Read until each is complete, or known to be of too many sessions."""
        waiting = [(reader, request) for reader in readers for request in reader.start()]
        while any(reader.gathered is None for reader in readers):
            for reader, request in waiting:
                self.pool.submit(0, (reader, request), partial(self._fetch, request, usage))
            (reader, request), page = self.pool.next(self._tracker.waited)
            waiting = [(reader, more) for more in reader.receive(request, page)]
        return [reader.gathered for reader in readers if reader.gathered is not None]

    def history(self, result: IntervalResult) -> CallHistory:
        """Make the result of an interval."""
        interval, pages = result.pages.interval, result.pages.pages
        settled, usage = result.pages.settled, result.usage
        assembled = assemble(
            pages,
            first=interval.first,
            end=interval.end,
            desc_order=self.reading.desc_order,
        )
        mended = usage.mended.copy()
        for kinds in (*(each.mended for each in settled), *(page.mended for page in pages)):
            mended.update(kinds)
        unknown: Counter[str] = Counter()
        for page in pages:
            unknown.update(page.unknown_fields)
        stretch = self.reading.window.part(interval.first, interval.end)
        read_at = datetime.fromtimestamp(result.read_at, UTC)
        known = read_at - timedelta(seconds=mended["clock_ahead_s"])
        return self._history(
            assembled.tables,
            replace(
                self.asked,
                from_date=stretch.from_date,
                to_date=stretch.to_date,
                inclusive=stretch.inclusive,
                read_at=read_at,
                known_until=None if known >= stretch.to_date else max(stretch.from_date, known),
                timezone=self.setting.timezone,
                requests=usage.requests,
                retries=usage.retries,
                pages=sum(page.count > 0 for page in pages),
                duplicates=assembled.duplicates,
                total_count=sum(each.total or 0 for each in settled),
                settled="; ".join(dict.fromkeys(each.how for each in settled)),
                seconds=result.seconds,
                bytes=usage.bytes,
                mended=dict(+mended),
                unknown_fields=dict(unknown),
                warnings=self._warnings(pages),
                missing_ids=self._missing(assembled.tables["sessions"]),
            ),
        )

    def _warnings(self, pages: Sequence[Page]) -> tuple[str, ...]:
        """Return what the service warned of, without what is a person's."""
        forms = self.reading.query.forms
        said = dict.fromkeys(text for page in pages for text in page.warnings)
        return tuple(dict.fromkeys(_cleaned(text, forms) for text in said))

    def _missing(self, sessions: pa.Table) -> tuple[int, ...]:
        """Return the ids that were asked for and are not in the result."""
        forms = self.reading.query.forms
        asked = {int(each) for form in forms if IDS in form for each in form[IDS].split(";")}
        return tuple(sorted(asked.difference(sessions[IDS].to_pylist()))) if asked else ()

    def nothing(self) -> CallHistory:
        """Make the result of an empty window."""
        receipt = replace(
            self.asked,
            read_at=datetime.fromtimestamp(self.page_reader.fetcher.clock.now(), UTC),
            timezone=self.setting.timezone,
            settled="the window is empty, so nothing was asked",
        )
        return self._history(assemble((), first=0, end=0).tables, receipt)

    def _history(self, tables: dict[str, pa.Table], receipt: Receipt) -> CallHistory:
        receipt = replace(
            receipt,
            sessions=len(tables["sessions"]),
            calls=len(tables["calls"]),
            records=len(tables["records"]),
            resource_usage=len(tables["resource_usage"]),
        )
        self._made = receipt if self._made is None else Receipt.sum([self._made, receipt])
        return CallHistory(tables, receipt)

    def log(self) -> None:
        """Log what the run gave, once it is over, and what was mended for it."""
        if self._counts_only:
            return
        inside, made, again = self.reading.window, self._made, self._usage.retries
        window = inside.from_date, inside.to_date
        logger.info(
            "%s to %s: gave %s, %s; %s%s, %.2f s",
            *window,
            many(made.sessions if made else 0, "session"),
            many(made.calls if made else 0, "call"),
            many(self._usage.requests, "request"),
            f", {again:,} of them again" if again else "",
            self._tracker.seconds,
        )
        if made is None:
            return
        if why := why_nothing(made):
            logger.info("%s to %s: %s", *window, why)
        if made.unknown_fields:
            names = _cleaned(", ".join(sorted(made.unknown_fields)), [{}])
            logger.info("%s to %s: fields that are not declared: %s", *window, names)
        if made.mended:
            kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(made.mended.items()))
            logger.warning("%s to %s: mended %s", *window, kinds)
        for text in made.warnings:
            logger.warning("%s to %s: the service warns: %s", *window, text)
        if made.missing_ids:
            logger.warning(
                "%s to %s: %d of the session ids asked for were not found in the window; "
                "receipt.missing_ids names them",
                *window,
                len(made.missing_ids),
            )


def _cleaned(text: str, forms: Iterable[Mapping[str, str]]) -> str:
    """Return somebody else's words without control characters, numbers and filters' values."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    for form in forms:
        text = redact(text, form)
    return text
