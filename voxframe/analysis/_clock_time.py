"""How much of a time falls into each hour of the day and day of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voxframe.analysis._bins import Bins, make_bins
from voxframe.analysis._coded import Coded
from voxframe.analysis._derived import CLOCK, clock_of
from voxframe.analysis._source import Ints

# Clocks are changed by half an hour, too (on Lord Howe Island).
_STEP = "30min"


@dataclass(frozen=True, slots=True)
class Parts:
    """Time, cut so that each part lies in one stretch, one hour and one day of the week.

    Attributes
    ----------
    bins : Bins
        The parts.
    stretch : ndarray
        Which stretch each part lies in.
    clock : mapping of Coded
        The hour of each part, and its day of the week, as far as they are grouped by.
    lengths : ndarray
        The seconds of each part; 0 where it lies outside of what was read.
    """

    bins: Bins
    stretch: Ints
    clock: Mapping[str, Coded]
    lengths: Ints
    _starts: Ints

    def seconds(self, labels: pa.Table, size: int) -> Ints:
        """Return how long the time of each group is; 0 where that is not known."""
        own, wanted = self.stretch, np.zeros(size, np.int64)
        if "start" in labels.column_names:
            begin = labels["start"].cast(pa.int64()).fill_null(-1).to_numpy() // 1_000_000
            known = labels["start"].is_valid().to_numpy()
            wanted = np.where(known, np.searchsorted(self._starts, begin), -1)
        for name, each in self.clock.items():
            place = pc.fill_null(pc.index_in(labels[name], value_set=each.labels), -1)
            wanted = np.where(wanted < 0, -1, wanted * 32 + place.to_numpy())
            wanted = np.where(place.to_numpy() < 0, -1, wanted)
            own = own * 32 + each.codes
        keys, at = np.unique(own, return_inverse=True)
        sums = np.bincount(at, self.lengths, len(keys)).astype(np.int64)
        found = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(size, np.int64)
        return np.where(keys[found] == wanted, sums[found], 0)


def parts_of(
    bins: Bins, by: Sequence[str], window: tuple[int, int] | None, *, in_time: bool
) -> Parts:
    """Cut stretches by the clock, where hours or days of the week are grouped by.

    Without stretches of time the parts are those of the window that was read, or where that
    is not known the whole hours from the first leg to the last.
    """
    names, starts = [name for name in CLOCK if name in by], bins.edges[:-1]
    if not names or not len(bins) or bins.edges[-1] <= bins.edges[0]:
        clock = {name: clock_of(starts, name, bins.timezone) for name in names}
        return Parts(bins, np.arange(len(bins)), clock, bins.lengths, starts)
    ends = np.array([bins.edges[0], bins.edges[-1]])
    if not in_time and window is not None:
        ends = np.array([min(ends[0], window[0]), max(ends[1], window[1])])
    elif not in_time:
        ends = make_bins(ends - [0, 1], "h", bins.timezone).edges[[0, -1]]
    edges = make_bins(ends - [0, 1], _STEP, bins.timezone).edges
    if in_time:
        edges = np.union1d(edges, bins.edges)
        edges = edges[(edges >= ends[0]) & (edges <= ends[1])]
    elif window is not None:
        edges = np.union1d(edges, window)
    fine = Bins(edges, bins.timezone)
    begun, lengths = fine.edges[:-1], fine.lengths
    if not in_time and window is not None:
        lengths = np.where((begun >= window[0]) & (begun < window[1]), lengths, 0)
    stretch = bins.find(begun) if in_time else np.zeros(len(fine), np.int64)
    clock = {name: clock_of(begun, name, bins.timezone) for name in names}
    return Parts(fine, stretch, clock, lengths, starts)
