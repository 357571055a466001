"""What an exact result is, worked out by the emulator's own books and not by the client."""

from decimal import Decimal
from typing import Any

import pyarrow.compute as pc

import voxframe
from voxframe.emulator import Behaviour, World

FROM, TO = "2026-10-01", "2026-11-01"
KINDS = ("calls", "records", "resource_usage")

READINGS = {
    "documented": Behaviour(),
    "to_date inclusive": Behaviour(to_date_inclusive=True),
    "from = to refused": Behaviour(from_equals_to="error"),
    "by id": Behaviour(order="id"),
    "almost by start": Behaviour(order="almost"),
    "by end": Behaviour(order="end"),
    "no order": Behaviour(order="random-stable"),
    "descending": Behaviour(order="descending"),
    "ties by id down": Behaviour(ties="id_desc"),
    "ties at random": Behaviour(ties="random"),
    "desc_order keeps ties": Behaviour(desc_order="start_only"),
    "desc_order ignored": Behaviour(desc_order="ignored"),
    "Berlin": Behaviour(timezone="Europe/Berlin"),
    "Berlin, asked in UTC": Behaviour(timezone="Europe/Berlin", request_timezone="utc"),
    "New York": Behaviour(timezone="America/New_York"),
    "Kiritimati, asked in UTC": Behaviour(timezone="Pacific/Kiritimati", request_timezone="utc"),
    "gzip": Behaviour(gzip=True),
    "null": Behaviour(absent="null"),
    "empty": Behaviour(absent="empty"),
    "mixed": Behaviour(absent="mixed"),
    "numbers as text": Behaviour(numbers_as_text=True),
    "unknown fields": Behaviour(extra_fields=True),
    "pages of 500": Behaviour(page_cap=500),
    "short pages": Behaviour(short_pages=True),
}
EVERYTHING = Behaviour(
    to_date_inclusive=True,
    order="almost",
    ties="random",
    desc_order="ignored",
    timezone="America/New_York",
    gzip=True,
    absent="mixed",
    numbers_as_text=True,
    extra_fields=True,
    page_cap=700,
)


def ids(history: voxframe.CallHistory) -> list[int]:
    return history.tables["sessions"]["call_session_history_id"].to_pylist()


def costs(history: voxframe.CallHistory) -> tuple[Decimal, ...]:
    return tuple(pc.sum(history.tables[kind]["cost"]).as_py() or Decimal(0) for kind in KINDS)


class Truth:
    """What a static world has to give, worked out once."""

    def __init__(self, world: World, *window: str, **filters: Any) -> None:
        sessions = world.expected(*window, **filters)
        self.ids = [session["call_session_history_id"] for session in sessions]
        lists = [
            [child for session in sessions for child in session.get(name, ())]
            for name in ("calls", "records", "other_resource_usage")
        ]
        self.counts = [len(sessions), *map(len, lists)]
        self.costs = tuple(
            sum((child.get("cost", Decimal(0)) for child in children), Decimal(0))
            for children in lists
        )

    def check(self, history: voxframe.CallHistory, *, light: bool = False) -> None:
        """Ids in their order and, unless only sessions were read, counts and cost sums exactly."""
        if "ambiguous_local_time" in history.receipt.mended:
            # In the hour that a change of clocks repeats, the service's dates name two instants.
            assert sorted(ids(history)) == sorted(self.ids)
        else:
            assert ids(history) == self.ids
        if light:
            return
        assert [len(table) for table in history.tables.values()] == self.counts
        assert costs(history) == self.costs
