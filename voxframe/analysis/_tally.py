"""Figures by group that add up, and what can be said of whole numbers that were counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from voxframe.analysis._coded import encode
from voxframe.analysis._grouping import Groups, group
from voxframe.analysis._money import WIDE
from voxframe.analysis._source import Flags, Ints, integers

Floats = NDArray[np.float64]

_VALUE = "what is counted"


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures that add up, one entry a group: whole numbers, or exact money."""

    labels: pa.Table
    size: int
    figures: Mapping[str, Any]

    @classmethod
    def of(cls, groups: Groups, **figures: Any) -> "Tally":
        """Put figures beside the groups that they are of."""
        return cls(groups.labels, groups.size, figures)

    def __getitem__(self, name: str) -> Any:
        return self.figures[name]


def added(tallies: Iterable[tuple[Tally, ...]]) -> tuple[Tally, ...]:
    """Add up tallies of the same kinds, group by group."""
    several = iter(tallies)
    whole = next(several)
    for each in several:
        whole = tuple(_sum(*both) for both in zip(whole, each, strict=True))
    return whole


def _sum(one: Tally, other: Tally) -> Tally:
    # A column to group by may be called like a figure.
    codes = {f"label {at}": name for at, name in enumerate(one.labels.column_names)}
    names = {f"figure {at}": name for at, name in enumerate(one.figures)}

    def numbered(tally: Tally) -> pa.Table:
        labels = {code: tally.labels[name] for code, name in codes.items()}
        # Without labels all is one group.
        labels["all"] = pa.array(np.zeros(tally.size, np.int64))
        return pa.table({**labels, **{key: tally[name] for key, name in names.items()}})

    both = pa.concat_tables([numbered(one), numbered(other)], promote_options="default")
    sums = [(key, "sum") for key in names]
    summed = both.group_by([*codes, "all"], use_threads=False).aggregate(sums)
    labels = pa.table({name: summed[code] for code, name in codes.items()})
    figures = {name: _plain(summed[f"{key}_sum"]) for key, name in names.items()}
    return Tally(labels, len(summed), figures)


def _plain(column: pa.ChunkedArray) -> Any:
    if pa.types.is_decimal(column.type):
        return column.cast(WIDE).combine_chunks()
    return integers(column)


def occurrences(groups: Groups, values: NDArray[Any], these: Flags) -> Tally:
    """Count how often each whole number occurs in each group."""
    rows = pa.table({"group": groups.codes[these], "value": values[these].astype(np.int64)})
    counted = rows.group_by(["group", "value"], use_threads=False).aggregate([([], "count_all")])
    own = counted["group"]
    labels = {name: groups.labels[name].take(own) for name in groups.labels.column_names}
    labels[_VALUE] = counted["value"]
    return Tally(pa.table(labels), len(counted), {"count": integers(counted["count_all"])})


@dataclass(frozen=True, slots=True)
class Counted:
    """Whole numbers by group, each with how often it occurs, in order within their group.

    Attributes
    ----------
    codes, numbers, times : ndarray
        The group, the number, how often it occurs.
    counts, first : ndarray
        By group: how many numbers it has, repeated ones too, and how many lie before it.
    """

    codes: Ints
    numbers: Ints
    times: Ints
    counts: Ints
    first: Ints

    @classmethod
    def of(cls, tally: Tally, beside: Tally) -> "Counted":
        """Take what :func:`occurrences` counted, by the groups of another tally."""
        names = beside.labels.column_names
        columns = [
            (name, encode(pa.chunked_array(
                [*beside.labels[name].chunks, *tally.labels[name].chunks],
                beside.labels[name].type,
            )))
            for name in names
        ]  # fmt: skip
        # Groups are numbered as they first occur, and each of the other tally's occurs once.
        codes = group(columns, beside.size + tally.size).codes[beside.size :]
        values = integers(tally.labels[_VALUE])
        order = np.lexsort((values, codes))
        times = np.asarray(tally["count"], np.int64)
        counts = np.bincount(codes, times, beside.size).astype(np.int64)
        return cls(codes[order], values[order], times[order], counts, np.cumsum(counts) - counts)

    def total(self) -> Ints:
        """Add up the numbers of each group."""
        return np.bincount(self.codes, self.numbers * self.times, len(self.counts)).astype(np.int64)

    def mean(self) -> Floats:
        """Return the mean of each group, NaN where it has no numbers."""
        return np.where(self.counts > 0, self.total() / np.maximum(self.counts, 1), np.nan)

    def quantile(self, share: float) -> Floats:
        """Interpolate between the two nearest (type 7); NaN where a group has no numbers."""
        if not len(self.numbers):
            return np.full(len(self.counts), np.nan)
        position = np.maximum(self.counts - 1, 0) * share
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(self.counts - 1, 0))
        until = np.cumsum(self.times)

        def at(rank: Ints) -> Ints:
            place = np.searchsorted(until, self.first + rank, side="right")
            return self.numbers[np.minimum(place, len(self.numbers) - 1)]

        found = at(low) + (at(high) - at(low)) * (position - low)
        return np.where(self.counts > 0, found, np.nan)
