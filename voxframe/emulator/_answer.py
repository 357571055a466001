"""The body of an answer, session by session, each rendered once if there is a cache."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._behaviour import Behaviour
from voxframe.emulator._corruption import dress, dump, is_plain, raw
from voxframe.emulator._page import cut, in_order, matching
from voxframe.emulator._query import Query
from voxframe.emulator._render import Renderer, Row, exact, number_text
from voxframe.emulator._world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and what the books need to know about it."""

    body: bytes
    rows: int
    moment: int


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


class Answerer:
    """Turns understood queries into bodies."""

    def __init__(self, world: World, behaviour: Behaviour, cache_bytes: int) -> None:
        self._world = world
        self._behaviour = behaviour
        self._cache = Cache(cache_bytes) if cache_bytes else None
        self._plain = is_plain(behaviour)
        self._repeated: list[int] | None = None

    def answer(self, query: Query, number: int) -> Answer:
        """Answer the request of that number from the present state of the world."""
        world, behaviour = self._world, self._behaviour
        with world.lock:
            moment = world.tick()
            matched = matching(world.columns, query, behaviour)
            ordered = in_order(world.columns, matched, query, behaviour, number)
            places = cut(ordered, query, behaviour, number)
            if behaviour.repeat_page:
                if self._repeated is None:
                    self._repeated = world.columns.id[places].tolist()
                places = world.places(self._repeated)
            texts = self.render(places, query)
        end: dict[str, Any] = {"count": len(texts), "timezone": behaviour.timezone}
        if query.with_total_count:
            end = {"total_count": len(matched)} | end
        if behaviour.numbers_as_text:
            end = {name: str(value) for name, value in end.items()}
        if behaviour.extra_fields:
            end["x_api_version"] = "7.1"
        # The sessions are bytes already: only what follows them needs writing.
        body = b'{"result":[' + b",".join(texts) + b"]," + dump(end)[1:]
        return Answer(body, len(texts), moment)

    def render(self, places: NDArray[np.intp], query: Query) -> list[bytes]:
        """Write the sessions at these places."""
        shown = (query.with_calls, query.with_records, query.with_other_resources)
        renderer = self._world.renderer(
            (lambda nano: raw(number_text(nano))) if self._plain else exact,
            self._behaviour.timezone,
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
            session = dress(session, self._behaviour, world.seed, world.landmark)
        return dump(session)

    def _cached(self, cache: Cache, row: Row, renderer: Renderer, shown: Any) -> bytes:
        key = (row.id, row.version, shown)
        text = cache.get(key)
        if text is None:
            text = self._write(row, renderer)
            cache.put(key, text)
        return text
