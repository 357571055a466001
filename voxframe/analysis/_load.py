"""How many lines and agents a load takes: busy hours over days, and Erlang's formulas."""

import re
from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe.analysis._arguments import checked
from voxframe.analysis._bins import WEEKDAYS, partly_read, stamps, zone
from voxframe.analysis._by_day import Sources
from voxframe.analysis._concurrency import HOUR, Sweep, hours_of_days
from voxframe.analysis._output import to_frame
from voxframe.analysis._source import Entries, History

WORKDAYS = WEEKDAYS[:5]
# An hour that begins later would end on the next day.
_HOUR = re.compile("([01][0-9]|2[0-2]):([0-5][0-9])|(23):(00)")


@checked
def erlang_b(erlangs: float, lines: int) -> float:
    """Return the share of calls that find no line free (Erlang B, blocked calls are lost).

    Parameters
    ----------
    erlangs : float
        Traffic offered, erlangs, at least 0.
    lines : int
        How many lines there are, at least 0.

    Returns
    -------
    float
        0 to 1.

    Raises
    ------
    ValueError
        For a negative load or number of lines.

    Examples
    --------
    >>> round(analysis.erlang_b(25, 30), 6)
    0.052603
    """
    blocked = 1.0
    for line in range(1, lines + 1):
        blocked = erlangs * blocked / (line + erlangs * blocked)
    return blocked


@checked
def erlang_c(erlangs: float, agents: int) -> float:
    """Return the share of callers that have to wait (Erlang C, nobody gives up).

    Parameters
    ----------
    erlangs : float
        Traffic offered, erlangs.
    agents : int
        How many agents there are.

    Returns
    -------
    float
        0 to 1; 1 where there are no more agents than erlangs, since the queue then grows
        without end.

    Raises
    ------
    ValueError
        For a negative load or number of agents.

    Examples
    --------
    >>> round(analysis.erlang_c(10, 12), 6)
    0.449388
    """
    blocked = erlang_b(erlangs, agents)
    return 1.0 if agents <= erlangs else agents * blocked / (agents - erlangs * (1 - blocked))


@checked
def lines_needed(erlangs: float, *, blocking: float = 0.01) -> int:
    """Return how many lines a load takes so that few calls find none free (Erlang B).

    Parameters
    ----------
    erlangs : float
        Traffic offered, erlangs. What was measured is what was *carried*; where no call was
        turned away, both are the same.
    blocking : float, default 0.01
        The share of calls that may find no line free, above 0 and below 1.

    Returns
    -------
    int
        The fewest lines.

    Raises
    ------
    ValueError
        For a negative load, or a share out of bounds.

    Examples
    --------
    >>> analysis.lines_needed(7.18)
    14
    """
    lines, blocked = 0, 1.0
    while blocked > blocking:
        lines += 1
        blocked = erlangs * blocked / (lines + erlangs * blocked)
    return lines


@checked
def peak_load(
    history: History,
    *,
    timezone: str = "UTC",
    days: Collection[str] | None = WORKDAYS,
    hour: str | None = None,
    blocking: float = 0.01,
    side: str | None = "network",
    own: Entries = (),
    machine: Entries = (),
    network: Entries = (),
) -> pd.DataFrame:
    """Measure the load that lines are sized by, in the usual ways.

    ==============  ==================================================================
    ``busiest``     the busiest 60 minutes of all (ITU-T E.600: the busy hour)
    ``daily peak``  the mean over days of each day's own busy hour (average daily peak
                    hour, ADPH)
    ``steadiest``   the same clock hour every day, the one whose mean over days is greatest
                    (time-consistent busy hour, TCBH)
    ``fixed``       the mean over days of the clock hour that `hour` names (fixed daily
                    measurement hour, FDMH): one that was chosen beforehand
    ==============  ==================================================================

    ITU-T E.500 averages a daily busy hour over a number of days, to avoid exceptional
    values. ``daily peak`` is never below ``steadiest``, nor that below ``fixed``.

    A mean is over whole days. A day that is not wholly inside of the window that was read
    (``partial`` in :func:`busy_hour`: today so far, or the edges of a month in UTC on another
    timezone's clock) may lack its busiest hour, so it goes into no mean; into ``busiest`` it
    goes, since what is missing could only raise that. Of a mapping of tables, whose window is
    not known, every day counts.

    Parameters
    ----------
    history : CallHistory, Dataset or mapping of tables
        What to look at; the calls that count are those of :func:`concurrency`.
    timezone : str
        IANA name of the timezone whose days and clock are meant.
    days : collection of str or None, default Monday to Friday
        Days that count: ``"Mon"`` to ``"Sun"``; None is all. A day without calls does not
        count, nor in a mean one that was read in part.
    hour : str, optional
        When the fixed hour begins, ``"10:00"``: from ``"00:00"`` to ``"23:00"``.
    blocking : float, default 0.01
        As in :func:`lines_needed`.
    side, own, machine, network
        As in :func:`concurrency`.

    Returns
    -------
    pandas.DataFrame
        Three rows, with `hour` four, none without calls on such days: ``measure``;
        ``day``, the day of the busiest hour, else null; ``clock``, when the hour begins,
        ``HH:MM``, null for ``daily peak``; ``erlangs``; ``lines``, by :func:`lines_needed`;
        ``days``, how many days it rests on; without a whole day that is 0 for the means,
        and they are null.

    Raises
    ------
    ValueError
        For an unknown timezone, side, day or hour.

    Examples
    --------
    >>> analysis.peak_load(history, timezone="Europe/Berlin")[["measure", "erlangs", "lines"]]
          measure   erlangs  lines
    0     busiest  1.675556      6
    1  daily peak  0.973082      5
    2   steadiest  0.393876      3
    """
    chosen = WEEKDAYS if days is None else tuple(days)
    fixed = None if hour is None else _minute(hour)
    sources = Sources.of(history, own=own, machine=machine, network=network)
    sweep = Sweep.of(sources, side, timezone)
    bins = sweep.days
    hours = [np.stack(hours_of_days(bins, starts, ends)) for starts, ends, _ in sweep.pieces()]
    day, first, busy = np.concatenate([np.empty((3, 0), np.int64), *hours], axis=1)
    wall = stamps(first, zone(timezone)).to_pandas().dt
    counts = np.isin(wall.day_of_week.to_numpy(), [WEEKDAYS.index(name) for name in chosen])
    day, first, busy = day[counts], first[counts], busy[counts]
    minute = (wall.hour * 60 + wall.minute).to_numpy()[counts]
    schema = pa.schema(
        [("measure", pa.string()), ("day", pa.timestamp("us", timezone)), ("clock", pa.string()),
         ("erlangs", pa.float64()), ("lines", pa.int64()), ("days", pa.int64())]
    )  # fmt: skip
    if not len(day):
        return to_frame(schema.empty_table(), "numpy_nullable")
    at = int(busy.argmax())
    top = stamps(bins.edges[day[at]][None], zone(timezone))[0].as_py()
    busiest = ("busiest", top, _clock(int(minute[at])), busy[at] / HOUR, 1)
    whole = ~partly_read(bins, sources.window)[day]
    day, minute, busy = day[whole], minute[whole], busy[whole]
    number = len(np.unique(day))
    peaks = np.zeros(bins.edges.size, np.int64)
    np.maximum.at(peaks, day, busy)
    # In the hour that clocks repeat, a clock time has two hours; the busier one counts.
    by_clock = np.zeros((24 * 60, bins.edges.size), np.int64)
    np.maximum.at(by_clock, (minute, day), busy)
    sums = by_clock.sum(axis=1)
    steady = int(sums.argmax())

    def mean(seconds: np.int64) -> float | None:
        return float(seconds / number / HOUR) if number else None

    measures = [
        busiest,
        ("daily peak", None, None, mean(peaks.sum()), number),
        ("steadiest", None, _clock(steady) if number else None, mean(sums[steady]), number),
    ]
    if fixed is not None:
        measures.append(("fixed", None, _clock(fixed), mean(sums[fixed]), number))
    rows = [
        {"measure": name, "day": on, "clock": begin, "erlangs": load, "days": over,
         "lines": None if load is None else lines_needed(load, blocking=blocking)}
        for name, on, begin, load, over in measures
    ]  # fmt: skip
    return to_frame(pa.Table.from_pylist(rows, schema=schema), "numpy_nullable")


def _minute(hour: str) -> int:
    """Return the minute of the day at which an hour begins."""
    found = _HOUR.fullmatch(hour) if isinstance(hour, str) else None
    if found is None:
        raise ValueError(f"hour: {hour!r} is not a time from '00:00' to '23:00' such as '10:30'.")
    clock, past = (each for each in found.groups() if each)
    return int(clock) * 60 + int(past)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
