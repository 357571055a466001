"""Where the halves meet: plans ask, threads fetch and decode, pages come out in order."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe._decode.decode import Page
from voxframe._plan.model import Ask, Held, clock_face
from voxframe._plan.plan import Settled, StrayRowsError, plan
from voxframe._plan.service_time import ServiceClock
from voxframe._read.pool import Pool
from voxframe._timezones import zone
from voxframe.errors import IncompleteHistoryError

_MICRO = 1_000_000
# A service that changes its timezone more often than this while one window is read is broken.
_TIMEZONES = 4


@dataclass(slots=True)
class Setting:
    """What all jobs of a client know of the service, and learn for each other."""

    clock: ServiceClock = field(default_factory=ServiceClock)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the window that is read as one: seconds since 1970, UTC, half-open."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of a piece.

    Attributes
    ----------
    piece : Piece
        Which one.
    pages : sequence of Page
        In the order received.
    settled : sequence of Settled
        Why they are complete, for each of the query's forms.
    """

    piece: Piece
    pages: Sequence[Page]
    settled: Sequence[Settled]

    @property
    def too_many(self) -> int | None:
        """How many sessions there are, if those are too many to be read as one piece."""
        if all(settled.too_many is None for settled in self.settled):
            return None
        return sum(settled.total or 0 for settled in self.settled)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One request: what is asked, and under which of the query's forms."""

    ask: Ask
    form: Mapping[str, str] = field(repr=False)

    def spelled(self) -> dict[str, str]:
        """Spell it as form fields."""
        ask = self.ask
        spelled = dict(self.form)
        spelled |= {name: str(value) for name, value in ask.narrow.items()}
        spelled |= {
            "from_date": clock_face(ask.first),
            "to_date": clock_face(ask.last),
            "count": str(ask.count),
            "with_total_count": "true" if ask.total else "false",
        }
        if ask.offset:
            spelled["offset"] = str(ask.offset)
        if ask.desc:
            spelled["desc_order"] = "true"
        return spelled


T = TypeVar("T")
Requests: TypeAlias = Generator[list[Request], tuple[Request, Page], T]


def read_piece(
    piece: Piece,
    setting: Setting,
    forms: Sequence[Mapping[str, str]],
    *,
    workers: int,
    free: Sequence[str] = (),
    most: int | None = None,
) -> Requests[Gathered]:
    """Read a piece under all of the query's forms at once.

    Parameters
    ----------
    piece : Piece
        What to read.
    setting : Setting
        What is known of the service; what is learned is added.
    forms : Sequence of Mapping
        The query's filters.
    workers : int
        Requests wanted side by side.
    free : Sequence of str
        Filters that the query leaves free.
    most : int, optional
        Give up, and say how many there are, if a form has more sessions than this.

    Yields
    ------
    list of Request
        To send now; each answer comes back as ``(Request, Page)``.

    Returns
    -------
    Gathered
        Its pages.
    """
    pages: list[Page] = []
    jobs = [_read_form(piece, setting, workers, free, most) for _ in forms]
    settled: dict[int, Settled] = {}
    sending = [Request(ask, forms[at]) for at, job in enumerate(jobs) for ask in next(job)]
    owner = {id(form): at for at, form in enumerate(forms)}
    while len(settled) < len(jobs):
        request, page = yield sending
        sending = []
        at = owner[id(request.form)]
        pages.append(page)
        if at in settled:
            continue
        try:
            sending = [Request(ask, request.form) for ask in jobs[at].send((request.ask, page))]
        except StopIteration as end:
            settled[at] = end.value
    return Gathered(piece, pages, [settled[at] for at in range(len(jobs))])


def _read_form(
    piece: Piece,
    setting: Setting,
    workers: int,
    free: Sequence[str],
    most: int | None,
) -> Generator[list[Ask], tuple[Ask, Page], Settled]:
    """Read in the service's own timezone, whichever that turns out to be."""
    restarts = 0
    stray: StrayRowsError | None = None
    tried: set[ServiceClock] = set()
    while restarts < _TIMEZONES:
        clock = setting.clock
        tried.add(clock)
        first, last = clock.faces(piece.first, piece.end)
        steps = plan(first, last, workers=workers, free=free, most=most)
        try:
            settled = yield from _on_clock(steps, clock, setting)
        except StrayRowsError as error:
            stray = error
            setting.clock = setting.clock.other()
            if setting.clock in tried:
                raise
        else:
            if settled is not None:
                settled.mended["timezone_of_answers"] += restarts
                return settled
        restarts += 1
    raise stray or IncompleteHistoryError(
        f"the service changes the timezone of its answers again and again, to {setting.timezone} "
        "in the end; a window cannot be read on one clock",
    )


def _on_clock(
    steps: Generator[list[Ask], tuple[Ask, Held], Settled],
    clock: ServiceClock,
    setting: Setting,
) -> Generator[list[Ask], tuple[Ask, Page], Settled | None]:
    """Run a plan for as long as the service's clock is what the plan was made for."""
    asks = next(steps)
    mine = set(asks)
    while True:
        ask, page = yield asks
        asks = []
        if ask not in mine:
            continue
        ids, starts = page.ids_and_starts()
        instants = starts // _MICRO
        setting.clock = setting.clock.learn(ask, zone(page.timezone), instants)
        setting.timezone = page.timezone
        if setting.clock != clock:
            return None
        values = _values(page) if ask.last - ask.first <= 1 else {}
        try:
            asks = steps.send((ask, Held(ids, clock.of(instants), page.total_count, values)))
        except StopIteration as end:
            settled: Settled = end.value
            return settled
        mine.update(asks)


def _column(page: Page, name: str) -> NDArray[np.int64]:
    array = page.tables["sessions"].column(name).combine_chunks().cast(pa.int64())
    return np.asarray(array.fill_null(-1).to_numpy(zero_copy_only=False))


def _values(page: Page) -> dict[str, NDArray[np.int64]]:
    return {name: _column(page, name) for name in ("application_id", "user_id", "duration")}


def run(
    pool: Pool[Page],
    pieces: Iterable[Piece],
    read: Callable[[Piece, int], Requests[Gathered]],
    fetch: Callable[[Request], Page],
    *,
    ahead: int,
    told: Callable[[Request, Page], None],
    newest_first: bool = False,
) -> Iterator[Gathered]:
    """Read pieces side by side; give them in their order, however they come.

    Parameters
    ----------
    pool : Pool
        Fetches.
    pieces : Iterable of Piece
        In the order wanted.
    read : callable
        Starts reading a piece, told how many are left.
    fetch : callable
        Gets one page; called in the pool's threads.
    ahead : int
        Pieces under way or waiting to be taken: the bound on memory.
    told : callable
        Called with each request and its page.
    newest_first : bool
        Give the parts of a piece that is cut in this order.

    Yields
    ------
    Gathered
        One a piece; a piece of too many sessions is cut and comes in parts.
    """
    slots = [_Slot(piece) for piece in pieces]

    def send(slot: _Slot, requests: Iterable[Request]) -> None:
        for request in requests:
            pool.submit(slot.piece.first, (slot, request), partial(fetch, request))

    while slots:
        for slot in slots[:ahead]:
            if slot.job is None:
                slot.job = read(slot.piece, len(slots))
                send(slot, next(slot.job))
        if (gathered := slots[0].gathered) is not None:
            del slots[0]
            yield gathered
            continue
        (slot, request), page = pool.next()
        told(request, page)
        if slot.job is None or slot.gathered is not None or slot not in slots:
            continue
        try:
            send(slot, slot.job.send((request, page)))
        except StopIteration as end:
            slot.gathered = end.value
            if slot.gathered.too_many is not None:
                at = slots.index(slot)
                parts = cut(slot.piece, slot.gathered.too_many)
                slots[at : at + 1] = map(_Slot, reversed(parts) if newest_first else parts)


PIECE = 20_000
"""Sessions that are read and held as one piece when a history is read piece by piece, about."""


def cut(piece: Piece, total: int) -> list[Piece]:
    """Cut a piece of too many sessions in equal stretches of time."""
    span = piece.end - piece.first
    number = min(max(-(-total // PIECE), 2), span)
    edges = [piece.first + span * i // number for i in range(number + 1)]
    return [Piece(a, b) for a, b in pairwise(edges)]


@dataclass(slots=True, eq=False)
class _Slot:
    piece: Piece
    job: Requests[Gathered] | None = None
    gathered: Gathered | None = None
