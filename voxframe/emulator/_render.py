"""One session in full, as the service would answer it, from a few integers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._catalogue import (
    AGENTS,
    APPLICATIONS,
    CUSTOM_DATA,
    END_REASONS,
    FINISH_REASONS,
    LEGS,
    USER_BASE,
    FarEnd,
    Leg,
    Pattern,
    Role,
    customers,
)
from voxframe.emulator._generate import NO_DURATION, Columns
from voxframe.emulator._hashing import mix
from voxframe.emulator._motion import ACTIVE, NO_LOG, NO_RECORD, SETTLED, STAGE
from voxframe.emulator._time import DAY

Money = Callable[[int], Any]
"""Turns a cost in nanounits (1e-9) into what the caller wants to see."""

EXTRA_CALL_ID: Final = 8_000_000_000_000_000_000
_EXTRA_CALLS: Final = 100_000  # a session has fewer; the ids stay below 2^63
WITH_USER: Final = tuple(any(leg.role is Role.AGENT for leg in legs) for legs in LEGS)
"""By pattern: whether a user of the platform, and so a ``user_id``, takes part."""

_AT_THE_END: Final = frozenset({"duration", "cost", "end_reason"})
_NUMBERS: Final = frozenset({"local_number", "remote_number", "diversion_number"})
_RECORD_LIFE: Final = 90 * DAY
_REMOVED: Final = 40  # one recording of so many was removed by hand
# Looking up an enumeration's member costs as much as building half a call.
_VIDEO: Final = int(Pattern.VIDEO)
_SCRIPT_ERROR: Final = int(Pattern.SCRIPT_ERROR)
_CUSTOMER, _AGENT, _SECOND_AGENT = Role.CUSTOMER, Role.AGENT, Role.SECOND_AGENT
_PER_CHARACTER: Final = frozenset({"TTS_TEXT_GOOGLE", "TTS_YANDEX"})
_USE: Final[Mapping[int, tuple[tuple[str, int], ...]]] = {
    Pattern.SELF_SERVICE: (("ASR", 22_500_000), ("TTS_TEXT_GOOGLE", 16_000)),
    Pattern.REMINDER: (("VOICEMAILDETECTION", 8_000_000), ("TTS_YANDEX", 9_800)),
    Pattern.MACHINE: (("VOICEMAILDETECTION", 8_000_000),),
    Pattern.CONFERENCE: (("AUDIOHDCONFERENCE", 3_300_000),),
    Pattern.VIDEO: (("VIDEOCALL", 2_500_000),),
    Pattern.ABANDONED: (("TTS_TEXT_GOOGLE", 16_000),),
    Pattern.TRANSFER: (("YANDEXASR", 19_166_667),),
}
"""Resources beside the session itself: nanounits a minute, or a character."""

_RECORDED: Final[Mapping[int, int]] = {
    Pattern.INBOUND: 7,
    Pattern.HUNTED: 7,
    Pattern.TRANSFER: 8,
    Pattern.CLICK_TO_CALL: 5,
    Pattern.CONFERENCE: 9,
    Pattern.VIDEO: 4,
}
"""Of ten sessions, how many are recorded."""

_HEADS: Final = tuple(
    tuple(
        {
            "account_id": app.account,
            "application_id": app.id,
            "application_name": app.name,
            "rule_name": rule,
            "audio_quality": app.audio_quality,
        }
        for rule in app.rules
    )
    for app in APPLICATIONS
)


class Row(NamedTuple):
    """One session's columns as plain integers, and 192 random bits that go with its id."""

    id: int
    start: int
    duration: int
    application: int
    rule: int
    pattern: int
    customer: int
    agent: int
    local: int
    tag: int
    version: int
    low: int
    high: int
    more: int
    state: int


def rows_at(
    columns: Columns, index: NDArray[np.intp], seed: int, state: NDArray[np.int64]
) -> list[Row]:
    """Read sessions out of the columns, in the order asked for."""
    names = Row._fields[:-4]
    picked = [getattr(columns, name)[index] for name in names]
    lists = [column.tolist() for column in picked]
    lists += [mix(picked[0], seed + i).tolist() for i in range(3)]
    lists.append(state.tolist())
    return list(map(Row._make, zip(*lists, strict=True)))


def number_text(nano: int) -> str:
    """Write nanounits as a plain JSON number, without a float in between."""
    if nano % 1_000_000_000 == 0:
        return str(nano // 1_000_000_000)
    return f"{nano // 1_000_000_000}.{nano % 1_000_000_000:09d}".rstrip("0")


def exact(nano: int) -> Decimal:
    """Return nanounits as an exact decimal."""
    return Decimal(number_text(nano))


def _priced(rate: int, seconds: int) -> int:
    # Billed by the second, rounded to 8 decimals as seen in real answers: 0.00416667.
    return (rate * seconds + 300) // 600 * 10


def late_billing(row: Row) -> int:
    """Return what billing has added to a session since it first appeared, in nanounits."""
    return row.version * (1_234_567 + row.high % 5_000_000)


@dataclass(frozen=True, slots=True)
class Links:
    """Where served files are found: a base URL, whether names have endings, what follows."""

    base: str
    suffixes: bool
    query: str
    size_of: Callable[[Row], int | None]


@dataclass(frozen=True, slots=True)
class Renderer:
    """How sessions are to be shown.

    Attributes
    ----------
    money : callable
        Turns nanounits into the value of a ``cost``.
    write : callable
        Writes a second as a date.
    with_calls, with_records, with_other_resources : bool
        Which lists are there.
    extra_calls : (int, int), optional
        The id of a session and how many calls more it has than its pattern says.
    calls_each : int
        How many calls more every session has.
    live_fields : bool
        Whether there are the fields that only real answers have.
    plus : bool
        Whether numbers begin with ``+``.
    links : Links, optional
        Where files are, if they are served.
    """

    money: Money
    write: Callable[[int], str]
    with_calls: bool = True
    with_records: bool = True
    with_other_resources: bool = True
    extra_calls: tuple[int, int] | None = None
    calls_each: int = 0
    live_fields: bool = True
    plus: bool = True
    links: Links | None = None

    def session(self, row: Row) -> dict[str, Any]:
        """Build one session; fields that it does not have are left out."""
        session: dict[str, Any] = {
            "call_session_history_id": row.id,
            **_HEADS[row.application][row.rule],
            "start_date": self.write(row.start),
            "initiator_address": f"203.0.113.{row.low & 255}",
            "media_server_address": f"198.51.100.{row.id & 127}",
        }
        active = bool(row.state & ACTIVE)
        if not active:
            session["finish_reason"] = _finish_reason(row)
            if row.duration != NO_DURATION:
                session["duration"] = row.duration
        if WITH_USER[row.pattern]:
            session["user_id"] = USER_BASE + row.agent
        if (data := CUSTOM_DATA[row.tag]) is not None:
            session["custom_data"] = data
        if self.live_fields:
            session["active"] = active
        if not row.state & NO_LOG:
            session["log_file_url"] = self._link(row, "logs", ".log")
        session.update(self._lists(row, active=active))
        return session

    def _lists(self, row: Row, *, active: bool) -> dict[str, list[dict[str, Any]]]:
        seconds = max(row.duration, 1)
        recorded = not active and is_recorded(row)
        lists: dict[str, list[dict[str, Any]]] = {}
        if self.with_calls:
            calls = self._calls(row, seconds, recorded=recorded)
            lists["calls"] = list(map(_unfinished, calls)) if active else calls
        if self.with_records:
            lists["records"] = [self._record(row, seconds)] if recorded else []
        if self.with_other_resources:
            usage = [] if active else self._billed(row, seconds, recorded=recorded)
            lists["other_resource_usage"] = usage
        return lists

    def _link(self, row: Row, kind: str, suffix: str) -> str:
        secret = row.low if kind == "logs" else row.high
        if self.links is None:
            host = "logs" if kind == "logs" else "records"
            return f"https://{host}.example.net/{row.id:x}/{secret:016x}{suffix}"
        suffix = suffix.replace(".mp3", ".wav") if self.links.suffixes else ""
        return f"{self.links.base}/{kind}/{row.id:x}/{secret:016x}{suffix}{self.links.query}"

    def _calls(self, row: Row, seconds: int, *, recorded: bool) -> list[dict[str, Any]]:
        legs = LEGS[row.pattern]
        calls = []
        begin, end = 0, seconds
        for i, leg in enumerate(legs):
            # Later legs begin later; a transfer's second agent takes over half way.
            if i == 1:
                begin = _wait(row, seconds)
                end = seconds // 2 if len(legs) > 2 else seconds  # noqa: PLR2004
            elif i > 1:
                begin, end = min(seconds // 2 + i, seconds), seconds
            calls.append(self._call(row, i, leg, begin, end - begin))
        if recorded:
            calls[0]["record_url"] = self._link(row, "records", ".mp3")
        more = self.calls_each
        if self.extra_calls is not None and self.extra_calls[0] == row.id:
            more += self.extra_calls[1]
        if more:
            one = calls[0] if calls else self._call(row, 0, LEGS[0][0], 0, 1)
            first = EXTRA_CALL_ID + row.id * _EXTRA_CALLS
            calls += [one | {"call_id": first + i} for i in range(more)]
        return calls

    def _call(self, row: Row, i: int, leg: Leg, begin: int, seconds: int) -> dict[str, Any]:
        bits = row.high >> (8 * i)
        number, kind, outbound, inbound, tariff = _far_end(row, leg.role)
        app = APPLICATIONS[row.application]
        call: dict[str, Any] = {
            "call_id": row.id * 64 + i,
            "transaction_id": row.id * 64 + 32 + i,
            "start_time": self.write(row.start + begin),
            "local_number": app.locals[row.local],
            "remote_number": number,
            "remote_number_type": kind,
            "incoming": leg.incoming,
            "successful": leg.successful,
            "media_server_address": f"198.51.100.{row.id & 127}",
        }
        if leg.successful:
            call["duration"] = seconds
            call["cost"] = self.money(_priced(inbound if leg.incoming else outbound, seconds))
            if bits & 127:
                call["end_reason"] = {"code": 200, "details": "Normal call clearing"}
        else:
            code, details = END_REASONS[bits % len(END_REASONS)]
            call["end_reason"] = {"code": code, "details": details} if details else {"code": code}
            if bits & 48:  # three in four failed calls say 0 seconds, the rest say nothing
                call["duration"] = 0
                call["cost"] = self.money(0)
        if i == 0 and leg.incoming and bits % 11 == 0:
            call["diversion_number"] = f"+1212555{100 + bits % 100:04d}"
        if bits % 13 == 0:
            call["custom_data"] = f'{{"leg":{i},"note":"überwiesen → 2nd line ☎"}}'
        if self.live_fields:
            call["direction"] = app.incoming if leg.incoming else tariff
            call["audio_quality"] = app.audio_quality
            if not leg.successful:
                del call["transaction_id"]
        return call if self.plus else _without_plus(call)

    def _record(self, row: Row, seconds: int) -> dict[str, Any]:
        wait = _wait(row, seconds)
        video = row.pattern == _VIDEO
        status = transcription(row)
        record: dict[str, Any] = {
            "record_id": row.id * 64 + 48,
            "transaction_id": row.id * 64 + 49,
            "record_name": f"{row.id}.{'mp4' if video else 'mp3'}",
            "record_url": self._link(row, "records", ".mp3"),
            "start_time": self.write(row.start + wait),
            "duration": seconds - wait,
            "cost": self.money(_priced(1_500_000, seconds - wait)),
            "file_size": (seconds - wait) * (62_500 if video else 4_000) + row.low % 4096,
            "transcription_status": status,
        }
        if status == "Complete":
            record["transcription_url"] = self._link(row, "transcriptions", ".txt")
        if self.links is not None and (size := self.links.size_of(row)) is not None:
            record["file_size"] = size
        if self.live_fields:
            record["is_removed"] = removed(row)
            record["expiration_date"] = self.write(row.start + _RECORD_LIFE)[:10]
        return record

    def _billed(self, row: Row, seconds: int, *, recorded: bool) -> list[dict[str, Any]]:
        """Return what is known so far: at first only the session itself, for nothing."""
        stage = row.state & STAGE
        if stage == SETTLED:
            return self._usage(row, seconds, recorded=recorded)
        part = replace(self, money=lambda nano: self.money(nano * stage * 3 // 4))
        usage = part._usage(row, seconds, recorded=recorded)  # noqa: SLF001 - of its own kind
        return usage if stage else usage[:1]

    def _usage(self, row: Row, seconds: int, *, recorded: bool) -> list[dict[str, Any]]:
        minutes = -(-seconds // 60)
        usage = [
            {
                "resource_usage_id": row.id * 64 + 50,
                "transaction_id": row.id * 64 + 51,
                "resource_type": "CALLSESSION",
                "cost": self.money(minutes * 480_000 + late_billing(row)),
                "description": "Call session",
                "unit": "minutes",
                "used_at": self.write(row.start + seconds),
                "resource_quantity": minutes,
            }
        ]
        kinds = _USE.get(row.pattern, ())
        if recorded and transcription(row) == "Complete":
            kinds = (*kinds, ("TRANSCRIPTION", 20_833_333))
        if recorded and row.pattern == _VIDEO:
            kinds = (*kinds, ("VIDEORECORD", 4_166_667))
        for i, (kind, rate) in enumerate(kinds):
            spoken = kind in _PER_CHARACTER
            amount = 40 + (row.low >> 24) % 400 if spoken else max(seconds - 2, 1)
            one = {
                "resource_usage_id": row.id * 64 + 52 + i,
                "transaction_id": row.id * 64 + 56 + i,
                "ref_call_id": row.id * 64,
                "resource_type": kind,
                # Rounded up to the last of nine decimals.
                "cost": self.money(rate * amount if spoken else -(-rate * amount // 60)),
                "description": f"{kind} usage",
                "unit": "characters" if spoken else "seconds",
                "used_at": self.write(row.start + i + 1),
                "resource_quantity": amount,
            }
            usage.append(one)
        return usage


def is_recorded(row: Row) -> bool:
    """Return whether there is a recording of a session."""
    return (row.low >> 8) % 10 < _RECORDED.get(row.pattern, 0)


def removed(row: Row) -> bool:
    """Return whether a session's recording is no longer there."""
    return row.more % _REMOVED == 0 or bool(row.state & NO_RECORD)


def _unfinished(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name not in _AT_THE_END}


def _without_plus(call: dict[str, Any]) -> dict[str, Any]:
    for name in _NUMBERS & call.keys():
        call[name] = call[name].removeprefix("+")
    return call


def _wait(row: Row, seconds: int) -> int:
    return min((row.low >> 16) % 40 + 2, seconds // 3)


def _far_end(row: Row, role: Role) -> FarEnd:
    if role is _CUSTOMER:
        return customers()[row.customer]
    if role is _AGENT:
        return AGENTS[row.agent]
    if role is _SECOND_AGENT:
        return AGENTS[(row.agent + 1) % len(AGENTS)]
    return customers()[(row.customer + 1) % len(customers())]


def _finish_reason(row: Row) -> str:
    if row.pattern == _SCRIPT_ERROR:
        return "JS session error"
    rare = (row.low >> 40) % 200
    return FINISH_REASONS[rare] if rare < len(FINISH_REASONS) else "Normal termination"


def transcription(row: Row) -> str:
    """Return how far the transcription of a session's recording is."""
    share = (row.low >> 48) % 100
    if share < 35:  # noqa: PLR2004
        return "Complete"
    return "In progress" if share < 37 else "Not required"  # noqa: PLR2004
