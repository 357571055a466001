"""The body of an answer, session by session, each rendered once if there is a cache."""

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._behaviour import Behaviour
from voxframe.emulator._changes import change
from voxframe.emulator._corruption import dress, dump, is_plain, raw
from voxframe.emulator._faults import MESSAGES
from voxframe.emulator._files import Files
from voxframe.emulator._filters import without_plus
from voxframe.emulator._page import cut, in_order, knows_all, matching
from voxframe.emulator._query import Query, RefusedError
from voxframe.emulator._render import Links, Renderer, Row, exact, number_text
from voxframe.emulator._world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and what the books need to know about it."""

    body: bytes
    rows: int
    moment: int
    time: int | None


class Cache:
    """Rendered sessions, the least recently used dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._texts: OrderedDict[Any, bytes] = OrderedDict()

    def get(self, key: Any) -> bytes | None:
        """Look a text up."""
        text = self._texts.get(key)
        if text is not None:
            self._texts.move_to_end(key)
        return text

    def put(self, key: Any, text: bytes) -> None:
        """Keep a text."""
        self._texts[key] = text
        self._held += len(text)
        while self._held > self._limit:
            self._held -= len(self._texts.popitem(last=False)[1])


def shown_total(counted: int, behaviour: Behaviour) -> int | bool:
    """Return what an answer says of how many there are."""
    step = behaviour.total_step
    wrong: dict[str, int | bool] = {
        "zero": 0,
        "negative": -1,
        "false": False,
        "capped": min(counted, step),
        "rounded_down": counted // step * step,
        "rounded_up": -(-counted // step) * step,
    }
    return wrong.get(behaviour.total_count, counted)


class Answerer:
    """Turns understood queries into bodies."""

    def __init__(
        self, world: World, behaviour: Behaviour, cache_bytes: int, files: Files | None
    ) -> None:
        self._files = files
        self._world = world
        self._behaviour = behaviour
        self._cache = Cache(cache_bytes) if cache_bytes else None
        self._plain = is_plain(behaviour)
        self._repeated: list[int] | None = None
        self._moments: deque[int] = deque(maxlen=behaviour.total_lag + 1)

    def answer(self, query: Query, number: int, base_url: str) -> Answer:
        """Answer the request of that number, come by that address, from the present state."""
        world, behaviour = self._world, self._behaviour
        if not world.plus:
            query = replace(query, filters=without_plus(query.filters))
        with world.lock:
            moment = world.tick()
            self._moments.append(moment)
            if behaviour.unknown_ids == "refused" and not knows_all(world, query):
                raise RefusedError(150, MESSAGES[150])
            counted = self._count(query) if behaviour.counted == "first" else 0
            if behaviour.changes.between and behaviour.counted == "first":
                self._meanwhile(query, number)
            matched = matching(world, query, behaviour)
            ordered = in_order(world.columns, matched, query, behaviour, number)
            places = cut(ordered, query, behaviour, number)
            if behaviour.repeat_page:
                if self._repeated is None:
                    self._repeated = world.columns.id[places].tolist()
                places = world.places(self._repeated)
            texts = self.render(places, query, base_url)
            if behaviour.changes.between and behaviour.counted != "first":
                self._meanwhile(query, number)
            if behaviour.counted == "last":
                counted = self._count(query)
            elif behaviour.counted == "together":
                late = behaviour.total_count == "late"
                counted = self._count(query) if late else len(matched)
            time = world.time
        return Answer(self._body(texts, query, counted), len(texts), moment, time)

    def _meanwhile(self, query: Query, number: int) -> None:
        first, last = max(query.first, self._world.start), min(query.last, self._world.end)
        if first < last:
            change(self._world, self._behaviour.changes, number, (first, last))

    def _count(self, query: Query) -> int:
        world, behaviour = self._world, self._behaviour
        moment = self._moments[0] if behaviour.total_count == "late" else None
        return len(matching(world, query, behaviour, moment))

    def _body(self, texts: list[bytes], query: Query, counted: int) -> bytes:
        behaviour = self._behaviour
        end: dict[str, Any] = {"count": len(texts), "timezone": query.timezone}
        if query.with_total_count and behaviour.total_count != "missing":
            end = {"total_count": shown_total(counted, behaviour)} | end
        if behaviour.numbers_as_text:
            end = {name: str(value) for name, value in end.items()}
        if query.warnings:
            end["warnings"] = query.warnings
        if behaviour.extra_fields:
            end["x_api_version"] = "7.1"
        # The sessions are bytes already: only what follows them needs writing.
        return b'{"result":[' + b",".join(texts) + b"]," + self._dump(end)[1:]

    def _dump(self, value: Any) -> bytes:
        text = dump(value)
        # In JSON a slash stands within texts only.
        return text.replace(b"/", rb"\/") if self._behaviour.escaped_slashes else text

    def _links(self, base_url: str) -> Links | None:
        files, time = self._files, self._world.time
        if files is None:
            return None
        life = files.link_life
        query = "" if life is None or time is None else f"?expires={time + life}"
        return Links(base_url, files.suffixes, query, files.size_of)

    def render(self, places: NDArray[np.intp], query: Query, base_url: str) -> list[bytes]:
        """Write the sessions at these places."""
        links = self._links(base_url)
        shown = (
            query.with_calls, query.with_records, query.with_other_resources, query.timezone,
            links and (links.base, links.query),
        )  # fmt: skip
        renderer = self._world.renderer(
            (lambda nano: raw(number_text(nano))) if self._plain else exact,
            query.timezone,
            links,
            with_calls=shown[0],
            with_records=shown[1],
            with_other_resources=shown[2],
        )
        rows = self._world.rows(places)
        if self._cache is None:
            return [self._write(row, renderer) for row in rows]
        return [self._cached(self._cache, row, renderer, shown) for row in rows]

    def _write(self, row: Row, renderer: Renderer) -> bytes:
        session = renderer.session(row)
        if not self._plain:
            world = self._world
            session = dress(session, self._behaviour, world.seed, world.landmark, row.start)
        return self._dump(session)

    def _cached(self, cache: Cache, row: Row, renderer: Renderer, shown: Any) -> bytes:
        key = (row.id, row.version, row.state, shown)
        text = cache.get(key)
        if text is None:
            text = self._write(row, renderer)
            cache.put(key, text)
        return text
