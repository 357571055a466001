"""A client and an emulator that fails, side by side; and what an exact result is."""

import contextlib
import functools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import voxframe
from voxframe._client import Client
from voxframe._http.clock import Clock
from voxframe.emulator import Emulator, World

FROM, TO = "2026-10-01", "2026-11-01"
LIGHT = {"with_calls": False, "with_records": False, "with_other_resources": False}
LISTS = {"calls": "calls", "records": "records", "resource_usage": "other_resource_usage"}

# Real waits, only short ones. No answer is late, however busy the machine is.
QUICK = voxframe.RetryPolicy(first_wait=0.02, longest_wait=0.1)


class FastTime:
    """Time that passes so many times faster, for a client and its emulator alike."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self.slept: list[tuple[str, float]] = []

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * self._speed

    def clock(self, sleep: Callable[[float], None]) -> Clock:
        def fast_sleep(seconds: float) -> None:
            self.slept.append((threading.current_thread().name, seconds))
            sleep(seconds / self._speed)

        return Clock(time.time, self.monotonic, fast_sleep, random.Random(1))


@dataclass(frozen=True)
class Service:
    client: Client
    emulator: Emulator

    def read(self, *window: str, **options: Any) -> voxframe.CallHistory:
        return self.client.read_call_history(*(window or (FROM, TO)), **options)

    def export(self, path: Any, *window: str, **options: Any) -> voxframe.Receipt:
        return self.client.export_call_history(path, *(window or (FROM, TO)), **options)

    @property
    def requests(self) -> int:
        """Requests that the emulator has seen, those that never got an answer included."""
        counters = self.emulator.counters
        return counters.requests + counters.in_flight


@contextlib.contextmanager
def serving(
    world: World,
    *,
    retry: voxframe.RetryPolicy = QUICK,
    max_concurrency: int = 8,
    time_: FastTime | None = None,
    **emulator: Any,
) -> Iterator[Service]:
    if time_ is not None:
        emulator["clock"] = time_.monotonic
    with (
        Emulator(world, **emulator) as running,
        Client(
            running.credentials,
            base_url=running.base_url,
            retry=retry,
            max_concurrency=max_concurrency,
        ) as client,
    ):
        if time_ is not None:
            client._clock = time_.clock
        yield Service(client, running)


def ids(history: voxframe.CallHistory) -> list[int]:
    return history.tables["sessions"]["call_session_history_id"].to_pylist()


@dataclass(frozen=True)
class Truth:
    ids: list[int]
    owners: dict[str, Counter[int]]
    costs: dict[str, Decimal]


@functools.lru_cache(maxsize=64)
def truth(world: World, window: tuple[str, ...], inclusive: str) -> Truth:
    """What a world has to give; it does not change between one check and the next."""
    sessions = world.expected(*(window or (FROM, TO)), inclusive=inclusive)
    return Truth(
        [session["call_session_history_id"] for session in sessions],
        {
            name: Counter(
                {s["call_session_history_id"]: len(s[key]) for s in sessions if s.get(key)}
            )
            for name, key in LISTS.items()
        },
        {
            name: sum((c.get("cost", Decimal(0)) for s in sessions for c in s[key]), Decimal(0))
            for name, key in LISTS.items()
        },
    )


def check(
    tables: dict[str, pa.Table],
    world: World,
    *window: str,
    light: bool = False,
    inclusive: str = "left",
) -> None:
    """Ids in their order, the counts of all tables, and cost sums to the last digit."""
    true = truth(world, window, inclusive)
    assert tables["sessions"]["call_session_history_id"].to_pylist() == true.ids
    if light:
        return
    for name in LISTS:
        owners = Counter(tables[name]["call_session_history_id"].to_pylist())
        assert owners == true.owners[name]
        assert (pc.sum(tables[name]["cost"]).as_py() or Decimal(0)) == true.costs[name]


def threads() -> list[str]:
    """Names of the client's threads; the emulator's is not one of them."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("voxframe-") and thread.name != "voxframe-emulator"
    ]


def unhindered() -> float:
    """Return seconds that pass only while nothing on this machine waits for a processor.

    Where the system does not say so, all of them pass.
    """
    try:
        waited = Path("/proc/pressure/cpu").read_text().partition("total=")[2].split()[0]
    except (OSError, IndexError):
        waited = "0"
    return time.monotonic() - int(waited) / 1e6


def all_gone(within: float = 2.0) -> None:
    """Wait for all of them to end, and no longer."""
    until = unhindered() + within
    while threads():
        assert unhindered() < until, threads()
        time.sleep(0.005)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Allow a block so many seconds, not counted those in which the machine was too busy."""
    began = unhindered()
    yield
    assert unhindered() - began < seconds
