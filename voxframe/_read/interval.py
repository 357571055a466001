"""An interval of the window: plans ask, pages come in, until they are proven complete."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._decode.decode import Page
from voxframe._plan.model import REFUSED, PageRequest, PageRows, format_wall_time
from voxframe._plan.plan import Completeness, Plan, StrayRowsError
from voxframe._plan.service_time import ServiceTimezone
from voxframe._read.page import PageSize
from voxframe._timezones import zone
from voxframe.errors import IncompleteHistoryError

IDS = "call_session_history_id"
_MICRO = 1_000_000
# A service that changes its timezone more often than this while one window is read is broken.
_TIMEZONES = 4


@dataclass(slots=True)
class ServiceState:
    """What all jobs of a client know of the service, and learn for each other."""

    clock: ServiceTimezone = field(default_factory=ServiceTimezone)
    timezone: str = "UTC"
    page_size: PageSize = field(default_factory=PageSize)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of the window that is read as one: seconds since 1970, UTC, half-open."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class IntervalPages:
    """What was read of a piece.

    Attributes
    ----------
    piece : Interval
        Which one.
    pages : sequence of Page
        In the order received.
    settled : sequence of Completeness
        Why they are complete, for each of the query's forms.
    """

    piece: Interval
    pages: Sequence[Page]
    settled: Sequence[Completeness]

    @property
    def too_many(self) -> int | None:
        """How many sessions there are, if those are too many to be read as one piece."""
        if all(settled.too_many is None for settled in self.settled):
            return None
        return sum(settled.total or 0 for settled in self.settled)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One request: what is asked, and under which of the query's forms."""

    ask: PageRequest
    reader: "_FormReader" = field(repr=False)

    def spelled(self) -> dict[str, str]:
        """Spell it as form fields."""
        ask = self.ask
        spelled = dict(self.reader.form)
        spelled |= {name: str(value) for name, value in ask.narrow.items()}
        spelled |= {
            "from_date": format_wall_time(ask.first),
            "to_date": format_wall_time(ask.last),
            "count": str(ask.count),
            "with_total_count": "true" if ask.total else "false",
        }
        if ask.offset:
            spelled["offset"] = str(ask.offset)
        if ask.desc:
            spelled["desc_order"] = "true"
        return spelled


class IntervalReader:
    """Reads a piece under all of the query's forms at once: requests out, pages in.

    Parameters
    ----------
    piece : Interval
        What to read.
    setting : ServiceState
        What is known of the service; what is learned is added.
    forms : Sequence of Mapping
        The query's filters.
    workers : int
        Requests wanted side by side.
    free : Sequence of str
        Filters that the query leaves free.
    most : int, optional
        Give up, and say how many there are, if a form has more sessions than this.

    Attributes
    ----------
    gathered : IntervalPages or None
        The pages, once they are complete.
    """

    def __init__(
        self,
        piece: Interval,
        setting: ServiceState,
        forms: Sequence[Mapping[str, str]],
        *,
        workers: int,
        free: Sequence[str] = (),
        most: int | None = None,
    ) -> None:
        self.gathered: IntervalPages | None = None
        self._piece = piece
        self._pages: list[Page] = []
        self._reader = partial(_FormReader, piece, setting, workers=workers, free=free, most=most)
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
            self.gathered = IntervalPages(self._piece, self._pages, settled)


class _FormReader:
    """One form over a piece, planned anew when the service's clock is not what was thought."""

    def __init__(
        self,
        piece: Interval,
        setting: ServiceState,
        form: Mapping[str, str],
        *,
        workers: int,
        free: Sequence[str],
        most: int | None,
    ) -> None:
        self.settled: Completeness | None = None
        self.form = form
        self._piece, self._setting = piece, setting
        self._workers, self._free, self._most = workers, free, most
        self._tried: list[ServiceTimezone] = []

    def start(self) -> list[Request]:
        clock = self._setting.clock
        if len(self._tried) == _TIMEZONES:
            raise IncompleteHistoryError(
                "the service changes the timezone of its answers again and again, to "
                f"{self._setting.timezone} in the end; a window cannot be read on one clock",
            )
        self._tried.append(clock)
        self._plan = Plan(
            *clock.faces(self._piece.first, self._piece.end),
            workers=self._workers,
            splittable_by=self._free,
            max_sessions=self._most,
        )
        return self._requests(self._plan.start())

    def receive(self, ask: PageRequest, page: Page | None) -> list[Request]:
        if self.settled is not None or ask not in self._mine:
            return []
        if page is None:
            return self._requests(self._plan.receive(ask, REFUSED), self._mine)
        setting, clock = self._setting, self._tried[-1]
        ids, starts = page.ids_and_starts()
        instants = starts // _MICRO
        setting.clock = setting.clock.learn(ask, zone(page.timezone), instants)
        setting.timezone = page.timezone
        if setting.clock != clock:
            return self.start()
        values = _values(page) if ask.last - ask.first <= 1 else {}
        try:
            asks = self._plan.receive(
                ask, PageRows(ids, clock.of(instants), page.total_count, values)
            )
        except StrayRowsError:
            setting.clock = setting.clock.other()
            if setting.clock in self._tried:
                raise
            return self.start()
        if (settled := self._plan.settled) is not None:
            settled.mended["timezone_of_answers"] += len(self._tried) - 1
            self.settled = settled
        return self._requests(asks, self._mine)

    def _requests(
        self, asks: Iterable[PageRequest], mine: Iterable[PageRequest] = ()
    ) -> list[Request]:
        asks = list(asks)
        self._mine = {*mine, *asks}
        return [Request(ask, self) for ask in asks]


def _column(page: Page, name: str) -> NDArray[np.int64]:
    array = page.tables["sessions"].column(name).combine_chunks().cast(pa.int64())
    return np.asarray(array.fill_null(-1).to_numpy(zero_copy_only=False))


def _values(page: Page) -> dict[str, NDArray[np.int64]]:
    return {name: _column(page, name) for name in ("application_id", "user_id", "duration")}
