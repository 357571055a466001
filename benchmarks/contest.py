"""What all contestants share: the window, the pages, the register and the clock."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

CHILDREN = {"calls": "calls", "records": "records", "other_resource_usage": "resource_usage"}
PATH = "/platform_api/GetCallHistory"
FIRST, LAST = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
WORKERS = 8
PAGE = 1000
REACH = 11_000
"""Sessions that one window can give: offset 10,000 and a page."""

Form = dict[str, str]
Got = dict[str, float]
Race = Callable[[SimpleNamespace], Callable[[], Got]]
RACES: dict[str, Race] = {}


def race(name: str) -> Callable[[Race], Race]:
    def known(function: Race) -> Race:
        RACES[name] = function
        return function

    return known


def windows(sessions: int) -> list[tuple[str, str]]:
    """Stretches with fewer sessions than a window can give, as somebody who knows the account cuts.

    The busiest hour of the emulated month has six times the sessions of an average one.
    """
    hours = 24 if sessions < 31 * REACH // 2 else 24 * 31 * REACH // sessions // 7 or 1
    step = timedelta(hours=hours)
    edges = [FIRST + step * i for i in range(-(-(LAST - FIRST) // step))] + [LAST]
    spelled = [f"{edge:%Y-%m-%d %H:%M:%S}" for edge in edges]
    return list(pairwise(spelled))


def asked(first: str, last: str, offset: int = 0) -> dict[str, str]:
    switches = dict.fromkeys(("with_calls", "with_records", "with_other_resources"), "true")
    return switches | {
        "from_date": first, "to_date": last, "count": str(PAGE), "offset": str(offset),
    }  # fmt: skip


def _peak() -> float:
    """MiB of memory at most; of this program only, unlike what ``getrusage`` says after a fork."""
    try:
        with Path("/proc/self/status").open() as status:
            return next(int(line.split()[1]) for line in status if "VmHWM" in line) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def clock(result: dict[str, float], given: SimpleNamespace) -> Iterator[None]:
    def stop() -> None:
        if "wall" not in result:
            after = os.times()
            result["wall"] = time.perf_counter() - began
            result["cpu"] = after.user + after.system - before.user - before.system
            result["peak"] = _peak()

    given.stop = stop
    before, began = os.times(), time.perf_counter()
    yield
    stop()
