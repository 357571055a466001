"""What a dataset holds beside what the service counts; pure."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pandas as pd

from voxframe._dataset.layout import DAY, day_name, day_number
from voxframe._dataset.manifest import Manifest
from voxframe._timezones import instant

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of which the service counts other sessions than are held, or that is damaged."""

    day: int
    held: int
    counted: int
    settled: bool
    damaged: bool


def span(manifest: Manifest, day: int) -> Stretch:
    """Return what of a day is inside of what is wanted."""
    return max(day * DAY, manifest.first), min((day + 1) * DAY, manifest.end)


def months(first: int, end: int) -> list[Stretch]:
    """Cut a stretch of time, seconds since 1970, at the months' beginnings."""
    edges, at = [first], instant(first)
    while True:
        at = (at.replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)).replace(day=1)
        if (second := int(at.timestamp())) >= end:
            break
        edges.append(second)
    return list(pairwise([*edges, end])) if first < end else []


def held_in(manifest: Manifest, stretch: Stretch) -> int:
    """Return how many sessions the service should count: those that it still gave."""
    return sum(
        day.rows["sessions"] - day.vanished
        for name, day in manifest.days.items()
        if stretch[0] // DAY <= day_number(name) < -(-stretch[1] // DAY)
    )


def differences(
    manifest: Manifest,
    damaged: Collection[int],
    count: Callable[[Sequence[Stretch]], Sequence[int]],
    starting_at: Callable[[int], int],
    settled: Callable[[int], bool],
) -> Iterator[Difference]:
    """Find the days of which the service counts other sessions than are held, or damaged ones.

    Parameters
    ----------
    manifest : Manifest
        What is held, or was before it was damaged.
    damaged : collection of int
        Days of which that cannot be read.
    count : callable
        Asks the service for the sessions of stretches.
    starting_at : callable
        How many of the held sessions start in a second.
    settled : callable
        Whether a day is.

    Yields
    ------
    Difference
        In the order of days.
    """
    unsure = months(manifest.first, manifest.end)
    found = []
    while unsure:
        halves: list[Stretch] = []
        for stretch, counted in zip(unsure, count(unsure), strict=True):
            first, end = stretch
            held = held_in(manifest, stretch)
            # Whether the second in which a window ends belongs to it is not documented.
            if counted == held or counted == held + starting_at(end):
                continue
            low, high = first // DAY, -(-end // DAY)
            if high - low == 1:
                found.append(Difference(low, held, counted, settled(low), low in damaged))
                continue
            middle = (low + high) // 2 * DAY
            halves += [(first, middle), (middle, end)]
        unsure = halves
    others = sorted(set(damaged) - {each.day for each in found})
    spans = [span(manifest, day) for day in others]
    for day, stretch, counted in zip(others, spans, count(spans) if spans else (), strict=True):
        held = held_in(manifest, stretch)
        found.append(Difference(day, held, counted, settled(day), damaged=True))
    yield from sorted(found, key=lambda each: each.day)


def table(found: Sequence[Difference], *, repaired: bool) -> pd.DataFrame:
    """Make the result of an audit."""
    rows = [
        {
            "day": day_name(each.day),
            "held": each.held,
            "counted": each.counted,
            "missing": max(each.counted - each.held, 0),
            "vanished": max(each.held - each.counted, 0),
            "settled": each.settled,
            "damaged": each.damaged,
            "repaired": repaired,
        }
        for each in found
    ]
    names = ["day", "held", "counted", "missing", "vanished", "settled", "damaged", "repaired"]
    types = dict.fromkeys(("held", "counted", "missing", "vanished"), "Int64")
    types |= {"day": "datetime64[s]"}
    types |= dict.fromkeys(("settled", "damaged", "repaired"), "boolean")
    return pd.DataFrame(rows, columns=names).astype(types)
