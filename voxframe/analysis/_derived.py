"""What can be grouped by though it is no column: far ends, kinds of session, hours, weekdays."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from voxframe.analysis._bins import WEEKDAYS, stamps, zone
from voxframe.analysis._coded import Coded, encode
from voxframe.analysis._countries import countries
from voxframe.analysis._far_ends import SIDES, in_one_spelling, normalised
from voxframe.analysis._inbound import ends_of, judge_inbound
from voxframe.analysis._source import Flags, Ints, Source, epoch_seconds, valid

SESSION_KINDS = (
    "inbound", "outbound by a person", "outbound by the script", "internal", "other", "no legs",
)  # fmt: skip
CLOCK = ("hour", "weekday")
FALL_BACK = ("direction", "country")
"""What of records and resources without a leg of their own is that of their session."""

_MOMENTS = {"calls": "start_time", "records": "start_time", "resource_usage": "used_at"}


def _direction(source: Source) -> Coded:
    legs = source.legs
    codes = np.where(legs.incoming, 0, np.where(legs.outgoing, 1, -1))
    return Coded(codes, pa.array(["in", "out"]))


def _side(source: Source) -> Coded:
    return Coded(source.judged.side, pa.array(SIDES))


def _are_users(source: Source) -> Flags:
    """Return which legs' far ends are users of the account."""
    kinds = encode(source["calls"]["remote_number_type"])
    names = kinds.labels.to_pylist()
    return np.isin(kinds.codes, [at for at, name in enumerate(names) if name.lower() == "user"])


def remote_numbers(source: Source) -> Coded:
    """Return each leg's far end, international numbers in one spelling, all else as it is."""
    numbers = encode(source["calls"]["remote_number"])
    raw = numbers.labels.cast(pa.string())
    spelt = encode(pa.chunked_array([in_one_spelling(raw), raw]))
    # The name of a user may look like a number, and is none.
    place = numbers.codes + np.where(_are_users(source), len(raw), 0)
    return spelt.take(np.where(numbers.codes < 0, -1, place))


def _country(source: Source) -> Coded:
    numbers = encode(source["calls"]["remote_number"])
    regions = encode(pa.chunked_array([countries(numbers.labels)]))
    found = regions.take(numbers.codes).codes
    return Coded(np.where(_are_users(source), -1, found), regions.labels)


def outside_leg(source: Source) -> Ints:
    """Return each session's leg of the network: the caller's, or the first one dialled."""
    caller, _ = ends_of(source, source.legs.incoming & source.network)
    dialled, _ = ends_of(source, source.legs.outgoing & source.network)
    return np.where(caller >= 0, caller, dialled)


def numbers_of(source: Source, rows: Ints, column: str = "remote_number") -> Coded:
    """Return a number of each of these legs as it compares; -1 has none."""
    numbers = encode(source["calls"][column])
    plain = encode(pa.chunked_array([normalised(numbers.labels.cast(pa.string()))]))
    return plain.take(numbers.take(rows).codes)


def _session_kind(source: Source) -> Coded:
    legs, parents, size = source.legs, source.parents("calls"), source.count("sessions")

    def has(rows: Flags) -> Flags:
        return np.bincount(parents[rows & (parents >= 0)], minlength=size) > 0

    own = has(source.own)
    inside, outside = (has(source.network & each) for each in (legs.incoming, legs.outgoing))
    kinds = [inside, outside & own, outside, own, has(parents >= 0)]
    codes = np.select(kinds, [np.full(size, code) for code in range(len(kinds))], len(kinds))
    # Without the calls nothing is known of any session.
    return Coded(np.where("calls" in source.unread, -1, codes), pa.array(SESSION_KINDS))


def _caller(source: Source) -> Coded:
    return numbers_of(source, judge_inbound(source).caller)


def _called(source: Source) -> Coded:
    return numbers_of(source, judge_inbound(source).caller, "local_number")


def _agent(source: Source) -> Coded:
    judged = judge_inbound(source)
    own, _ = ends_of(source, source.own & source.legs.answered)
    rows = np.where(judged.outcome >= 0, judged.answer, own)
    return remote_numbers(source).take(rows)


OF_LEGS: Mapping[str, Callable[[Source], Coded]] = {
    "direction": _direction, "side": _side, "country": _country, "remote_number": remote_numbers,
}  # fmt: skip
OF_SESSIONS: Mapping[str, Callable[[Source], Coded]] = {
    "session_kind": _session_kind, "caller": _caller, "called": _called, "agent": _agent,
}  # fmt: skip


def moments(source: Source, kind: str) -> tuple[Ints, Flags]:
    """Return when the session of each row started; of a row without one, its own moment."""
    if kind == "sessions":
        return source.session_starts, np.ones(source.count(kind), np.bool_)
    parents = source.parents(kind)
    known = parents >= 0
    starts = np.append(source.session_starts, 0)[parents]
    if not known.all():
        own = source[kind][_MOMENTS[kind]]
        starts = np.where(known, starts, epoch_seconds(own))
        known = known | valid(own)
    return starts, known


def clock(source: Source, name: str, kinds: Sequence[str], timezone: str) -> Coded:
    """Return each row's hour or day of the week: of a leg by itself its own, else its session's."""
    if tuple(kinds) == ("calls",):
        when, known = source.legs.start, source.legs.timed
    else:
        each = [moments(source, kind) for kind in kinds]
        when = np.concatenate([starts for starts, _ in each])
        known = np.concatenate([flags for _, flags in each])
    found = clock_of(when, name, timezone)
    return Coded(np.where(known, found.codes, -1), found.labels)


def clock_of(when: Ints, name: str, timezone: str) -> Coded:
    """Return the hour or the day of the week of each instant."""
    wall = stamps(when, zone(timezone)).to_pandas().dt
    if name == "hour":
        return Coded(wall.hour.to_numpy(np.int64), pa.array(range(24), pa.int64()))
    return Coded(wall.day_of_week.to_numpy(np.int64), pa.array(WEEKDAYS))
