"""What a dataset holds beside what the service counts; pure."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import pandas as pd

from voxframe._dataset.layout import DAY, day_name, day_number
from voxframe._dataset.manifest import Manifest
from voxframe._timezones import instant

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A day that is not as the service counts it, is damaged or was never read; see `table`."""

    day: int
    held: int
    counted: int | None
    settled: bool
    damaged: bool
    unread: bool = False


def span(manifest: Manifest, day: int) -> Stretch:
    """Return what of a day is inside of what is wanted."""
    end = max(manifest.end, manifest.asked or 0)
    return max(day * DAY, manifest.first), min((day + 1) * DAY, end)


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
    unread: Sequence[Stretch],
    *,
    count: Callable[[Sequence[Stretch]], Sequence[int]],
    starting_at: Callable[[int], int],
    settled: Callable[[int], bool],
) -> Iterator[Difference]:
    """Find the days that are not as the service counts them, are damaged or were never read.

    Parameters
    ----------
    manifest : Manifest
        What is held, or was before it was damaged.
    damaged : collection of int
        Days of which that cannot be read.
    unread : sequence of Stretch
        What was never read, in order; it is not counted either.
    count : callable
        Asks the service for the sessions of stretches.
    starting_at : callable
        How many sessions start in a second: of those held where that second is.
    settled : callable
        Whether a day is.

    Yields
    ------
    Difference
        In the order of days.
    """
    edges = [manifest.first, *(edge for stretch in unread for edge in stretch), manifest.end]
    unsure = [
        month
        for first, end in zip(edges[::2], edges[1::2], strict=True)
        for month in months(first, end)
    ]
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
    days = {each.day: each for each in found}
    for day in (d for first, end in unread for d in range(first // DAY, -(-end // DAY))):
        written = manifest.days.get(day_name(day))
        held = 0 if written is None else written.rows["sessions"] - written.vanished
        there = days.get(day, Difference(day, held, None, settled=False, damaged=False))
        days[day] = replace(there, settled=False, unread=True)
    yield from (days[day] for day in sorted(days))


def table(
    found: Sequence[Difference], *, repaired: bool, left: Collection[int] = ()
) -> pd.DataFrame:
    """Make the result of an audit; some days may be left as they were."""
    rows = [
        {
            "day": day_name(each.day),
            "held": each.held,
            "counted": each.counted,
            "missing": None if each.counted is None else max(each.counted - each.held, 0),
            "vanished": None if each.counted is None else max(each.held - each.counted, 0),
            "settled": each.settled,
            "damaged": each.damaged,
            "unread": each.unread,
            "repaired": repaired and each.day not in left,
        }
        for each in found
    ]
    flags = ["settled", "damaged", "unread", "repaired"]
    names = ["day", "held", "counted", "missing", "vanished", *flags]
    types = dict.fromkeys(("held", "counted", "missing", "vanished"), "Int64")
    types |= {"day": "datetime64[s]"}
    types |= dict.fromkeys(flags, "boolean")
    return pd.DataFrame(rows, columns=names).astype(types)
