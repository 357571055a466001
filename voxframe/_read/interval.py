"""An interval of the window: plans ask, pages come in, until they are proven complete."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._decode.decode import Page
from voxframe._plan.model import REFUSED, PageRequest, PageRows
from voxframe._plan.plan import Completeness, Plan, StrayRowsError
from voxframe._plan.service_time import RequestTime, ServiceTimezone
from voxframe._read.page import PageSize
from voxframe._timezones import zone
from voxframe.errors import IncompleteHistoryError

IDS = "call_session_history_id"
_MICRO = 1_000_000
# A service that changes its timezone so often while one window is read is broken. One that is not
# has its window planned three times: as in UTC, in a timezone that is new, as requests are read.
_TIMEZONES = 9
# A row that is asked for is gone by then now and then; three in a row are not.
_PROBES = 3


@dataclass(slots=True)
class ServiceState:
    """What all readers of a client know of the service, and learn for each other."""

    clock: ServiceTimezone = field(default_factory=ServiceTimezone)
    timezone: str = "UTC"
    page_size: PageSize = field(default_factory=PageSize)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of the window that is read as one: seconds since 1970, UTC, half-open.

    It has about ``sessions`` sessions, as far as that is known.
    """

    first: int
    end: int
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class IntervalPages:
    """What was read of an interval.

    Attributes
    ----------
    interval : Interval
        Which one.
    pages : sequence of Page
        In the order received.
    settled : sequence of Completeness
        Why they are complete, for each of the query's forms.
    """

    interval: Interval
    pages: Sequence[Page]
    settled: Sequence[Completeness]

    @property
    def too_many(self) -> int | None:
        """How many sessions there are, if those are too many to be read as one."""
        if all(settled.too_many is None for settled in self.settled):
            return None
        return sum(settled.total or 0 for settled in self.settled)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One request: what is asked, and under which of the query's forms."""

    ask: PageRequest
    reader: "_FormReader" = field(repr=False)
    time: RequestTime

    @property
    def asked(self) -> str:
        """What is asked for, without a filter's value."""
        return self.ask.describe(self.time.spell)

    def spelled(self) -> dict[str, str]:
        """Spell it as form fields."""
        ask, spell = self.ask, self.time.spell
        spelled = dict(self.reader.form)
        spelled |= {name: str(value) for name, value in ask.narrow.items()}
        spelled |= {
            "from_date": spell(ask.first),
            "to_date": spell(ask.last),
            "count": str(ask.count),
            "with_total_count": "true" if ask.total else "false",
        }
        if ask.offset:
            spelled["offset"] = str(ask.offset)
        if ask.desc:
            spelled["desc_order"] = "true"
        return spelled


class IntervalReader:
    """Read an interval under all of the query's forms at once: requests out, pages in.

    Parameters
    ----------
    interval : Interval
        What to read.
    state : ServiceState
        What is known of the service; what is learned is added.
    forms : Sequence of Mapping
        The query's filters.
    workers : int
        Requests wanted side by side.
    splittable_by : Sequence of str
        Filters that the query leaves free.
    max_sessions : int, optional
        Give up, and say how many there are, if a form has more sessions than this.

    Attributes
    ----------
    gathered : IntervalPages or None
        The pages, once they are complete.
    """

    def __init__(
        self,
        interval: Interval,
        state: ServiceState,
        forms: Sequence[Mapping[str, str]],
        *,
        workers: int,
        splittable_by: Sequence[str] = (),
        max_sessions: int | None = None,
    ) -> None:
        self.gathered: IntervalPages | None = None
        self._interval = interval
        self._pages: list[Page] = []
        self._reader = partial(
            _FormReader,
            interval,
            state,
            workers=workers,
            splittable_by=splittable_by,
            max_sessions=max_sessions,
            expected=interval.sessions // max(len(forms), 1),
        )
        self._parts = [self._reader(form) for form in forms]

    def start(self) -> list[Request]:
        """Return the requests to begin with."""
        return [request for part in self._parts for request in part.start()]

    def receive(self, request: Request, page: Page | None) -> list[Request]:
        """Take a page in, None for a question that was refused; return what to send next."""
        if request.reader not in self._parts:
            return []
        if page is None and not request.ask.may_be_refused:
            return self._halved(request)
        if page is not None:
            self._pages.append(page)
        more = request.reader.receive(request.ask, page)
        self._gather()
        return more

    @property
    def counted(self) -> int:
        """About how many sessions there are, as far as answers have said so."""
        return sum(part.counted for part in self._parts)

    def widen(self, workers: int) -> None:
        """Have so many requests side by side from now on, if those are more."""
        for part in self._parts:
            part.widen(workers)

    def _halved(self, request: Request) -> list[Request]:
        """Return the first requests of both halves of a list of ids that was refused."""
        # One id that is unknown, or outside of the dates of one request, spoils its list.
        at = self._parts.index(request.reader)
        form = request.reader.form
        ids = form[IDS].split(";")
        if len(ids) == 1:
            request.reader.settled = Completeness("the service does not know a session id", 0)
            self._gather()
            return []
        middle = len(ids) // 2
        halves = [{**form, IDS: ";".join(half)} for half in (ids[:middle], ids[middle:])]
        parts = [self._reader(half) for half in halves]
        self._parts[at : at + 1] = parts
        return [sent for part in parts for sent in part.start()]

    def _gather(self) -> None:
        settled = [part.settled for part in self._parts if part.settled is not None]
        if len(settled) == len(self._parts):
            self.gathered = IntervalPages(self._interval, self._pages, settled)


class _FormReader:
    """Read one form over an interval; plan anew when the service's clock is another one."""

    def __init__(
        self,
        interval: Interval,
        state: ServiceState,
        form: Mapping[str, str],
        *,
        workers: int,
        splittable_by: Sequence[str],
        max_sessions: int | None,
        expected: int,
    ) -> None:
        self.settled: Completeness | None = None
        self.form = form
        self._interval, self._state = interval, state
        self._workers, self._splittable_by = workers, splittable_by
        self._max_sessions, self._expected = max_sessions, expected
        self._tried: list[ServiceTimezone] = []

    def start(self) -> list[Request]:
        clock = self._state.clock
        if len(self._tried) == _TIMEZONES:
            raise IncompleteHistoryError(
                "the service changes the timezone of its answers again and again, to "
                f"{self._state.timezone} in the end; a window cannot be read on one clock",
            )
        self._tried.append(clock)
        self._probes: set[PageRequest] = set()
        self._probed = 0
        self._time, first, last = clock.window(self._interval.first, self._interval.end)
        self._plan = Plan(
            first,
            last,
            workers=self._workers,
            splittable_by=self._splittable_by,
            # What is one second to the plan is not cut any finer.
            max_sessions=None if last - first == 1 else self._max_sessions,
            expected=self._expected,
            spell=self._time.spell,
        )
        return self._requests(self._plan.start())

    @property
    def counted(self) -> int:
        return self._plan.counted

    def widen(self, workers: int) -> None:
        self._workers = max(self._workers, workers)
        self._plan.widen(workers)

    def receive(self, ask: PageRequest, page: Page | None) -> list[Request]:
        if self.settled is not None or ask not in self._mine:
            return []
        if page is None:
            return self._planned(ask, REFUSED)
        state, clock = self._state, self._tried[-1]
        ids, starts = page.ids_and_starts()
        instants = starts // _MICRO
        dates = self._time.asked(ask.first), self._time.asked(ask.last)
        state.clock = state.clock.learn(*dates, zone(page.timezone), instants)
        # UTC has many names, and whoever reads the receipt may know none of the others.
        state.timezone = "UTC" if zone(page.timezone) is UTC else page.timezone
        if state.clock != clock:
            return self.start()
        places = clock.places(self._time, instants)
        if self._probes or not np.array_equal(places[0], places[-1]):
            return self._probe(ask, places)
        values = _values(page) if ask.last - ask.first <= 1 else {}
        try:
            return self._planned(ask, PageRows(ids, places[0], page.total_count, values))
        except StrayRowsError:
            state.clock = clock.other()
            if state.clock in self._tried:
                raise
            return self.start()

    def _planned(self, ask: PageRequest, held: PageRows) -> list[Request]:
        """Pass on to the plan what came; return what it asks next."""
        asks = self._plan.receive(ask, held)
        if (settled := self._plan.settled) is not None:
            settled.mended["timezone_of_answers"] += len({c.speaks for c in self._tried}) - 1
            self.settled = settled
        return self._requests(asks, self._mine)

    def _probe(self, ask: PageRequest, places: Sequence[NDArray[np.int64]]) -> list[Request]:
        """Ask for one row under both readings, of which the right one alone gives it.

        The plan waits meanwhile, and begins anew once the answers have shown it.
        """
        self._probes.discard(ask)
        apart = np.abs(places[0] - places[-1])
        if apart.any():
            rows = np.flatnonzero(apart >= min(apart.max(), 2))
            self._doubtful = np.stack([places[0][rows], places[-1][rows]], axis=1)
        if self._probes:
            return []
        if self._probed == _PROBES:
            raise IncompleteHistoryError(
                f"the service answers in the timezone {self._state.timezone}, and nothing shows "
                "whether it reads the dates of requests in it or in UTC",
            )
        # Another row each time: one that is gone by now shows nothing.
        row = self._probed * (len(self._doubtful) - 1) // (_PROBES - 1)
        self._probed += 1
        self._probes = {PageRequest(at, at + 1) for at in self._doubtful[row].tolist()}
        return self._requests(self._probes, self._mine)

    def _requests(
        self, asks: Iterable[PageRequest], mine: Iterable[PageRequest] = ()
    ) -> list[Request]:
        asks = list(asks)
        self._mine = {*mine, *asks}
        return [Request(ask, self, self._time) for ask in asks]


def _column(page: Page, name: str) -> NDArray[np.int64]:
    array = page.tables["sessions"].column(name).combine_chunks().cast(pa.int64())
    return np.asarray(array.fill_null(-1).to_numpy(zero_copy_only=False))


def _values(page: Page) -> dict[str, NDArray[np.int64]]:
    return {name: _column(page, name) for name in ("application_id", "user_id", "duration")}
