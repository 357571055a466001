"""How a clean session is disfigured on its way into an answer."""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

from voxframe.emulator._behaviour import Behaviour, Dirt, ExtraField, Kind
from voxframe.emulator._hashing import fraction, mix_one

Session = dict[str, Any]

_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "session": ("user_id", "custom_data", "duration", "log_file_url"),
    "calls": (
        "transaction_id",
        "diversion_number",
        "duration",
        "record_url",
        "custom_data",
        "cost",
        "end_reason",
    ),
    "records": ("transcription_url",),
    "other_resource_usage": ("ref_call_id",),
}
LISTS: Final = ("calls", "records", "other_resource_usage")


def raw(text: str | bytes) -> orjson.Fragment:
    """Put text into JSON as it is, valid or not."""
    return orjson.Fragment(text)


def dump(value: Any) -> bytes:
    """Write JSON; decimals exactly."""
    return orjson.dumps(value, default=lambda number: raw(format(number, "f")))


def _fill(one: Session, level: str, filler: Any) -> None:
    for name in _OPTIONAL[level]:
        one.setdefault(name, filler)
    reason = one.get("end_reason")
    if isinstance(reason, dict):
        reason.setdefault("details", filler)


def show_absent(session: Session, absent: str) -> None:
    """Show what a session does not have in the way that ``Behaviour.absent`` says."""
    if absent == "mixed":
        styles = ("omit", "null", "empty", "bare")
        absent = styles[mix_one(session["call_session_history_id"], 21) % 4]
    if absent in ("null", "empty"):
        filler = None if absent == "null" else ""
        _fill(session, "session", filler)
        for name in LISTS:
            for child in session.get(name, ()):
                _fill(child, name, filler)
    if absent in ("null", "bare"):
        for name in [name for name in LISTS if session.get(name) == []]:
            if absent == "null":
                session[name] = None
            else:
                del session[name]


def _add_unknown(session: Session) -> None:
    session["x_campaign"] = {"name": "spring 🌱", "scores": [1, 2.5, None]}
    for i, call in enumerate(session.get("calls", ())):
        call["x_mos"] = 4.1
        if "end_reason" in call:
            call["end_reason"] = call["end_reason"] | {"x_origin": "remote" if i else "local"}
    for record in session.get("records", ()):
        record["x_codec"] = "opus"
    for usage in session.get("other_resource_usage", ()):
        usage["x_batch"] = [1, 2]


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _costly(session: Session) -> Session:
    """Find a child with a cost, or failing that a place where one may be put."""
    children = [c for name in LISTS for c in session.get(name) or () if "cost" in c]
    return children[-1] if children else session


def _long_cost(session: Session) -> None:
    child = _costly(session)
    if "cost" in child:  # rounds to what it was
        child["cost"] = raw(f"{child['cost']:.9f}00000012")


def _number_as_text(session: Session) -> None:
    session["application_id"] = str(session["application_id"])
    child = _costly(session)
    if "cost" in child:
        child["cost"] = format(child["cost"], "f")


def _empty_date(session: Session) -> None:
    for name, field in (("calls", "start_time"), ("other_resource_usage", "used_at")):
        for child in (session.get(name) or ())[:1]:
            child[field] = ""


def _null_lists(session: Session) -> None:
    session.update({name: None for name in LISTS if session.get(name) == []})


_DIRT: Final[Mapping[Dirt, Callable[[Session], None]]] = {
    "number_as_text": _number_as_text,
    "text_as_number": lambda s: s.update(custom_data=12345, rule_name=42),
    "long_cost": _long_cost,
    "empty_number": lambda s: s.update(duration="", user_id=""),
    "empty_date": _empty_date,
    "null_lists": _null_lists,
    "lone_surrogate": lambda s: s.update(custom_data=raw(r'"caf\ud83d"')),
    "invalid_utf8": lambda s: s.update(custom_data=raw(b'"caf\xe9"')),
}

_POISON: Final[Mapping[str, Callable[[Session], Any]]] = {
    "nan": lambda s: _costly(s).update(cost=raw("NaN")),
    "infinity": lambda s: _costly(s).update(cost=raw("Infinity")),
    "minus_infinity": lambda s: _costly(s).update(cost=raw("-Infinity")),
    "too_big": lambda s: s.update(duration=2**63),
    "impossible_date": lambda s: s.update(start_date="2026-02-30 25:61:00"),
    "missing_id": lambda s: s.pop("call_session_history_id"),
    "null_id": lambda s: s.update(call_session_history_id=None),
    "text_id": lambda s: s.update(call_session_history_id="none"),
    "list_as_text": lambda s: s.update(calls="none"),
    "cost_of_40_digits": lambda s: _costly(s).update(cost=raw("1" + "0" * 39)),
    "nan_in_unknown": lambda s: s.update(x_ratio=raw("NaN")),
    "year_one": lambda s: [call.update(start_time=_YEAR_ONE) for call in s["calls"][:1]],
}
_YEAR_ONE: Final = "0001-01-01 00:00:00"

_LONG: Final = json.dumps({"заметка": "клиент просил перезвонить " * 12}, ensure_ascii=False)
_SHARE_LONG: Final = 8  # of so many sessions that have custom_data one has a long one

_VALUES: Final[Mapping[Kind, Callable[[int], Any]]] = {
    "integer": lambda bits: bits % 1000,
    "float": lambda bits: bits % 1000 + 0.25,
    "text": lambda bits: f"text {bits % 1000}",
    "boolean": lambda bits: bits % 2 == 0,
    "list": lambda bits: [bits % 10, bits % 7],
    "object": lambda bits: {"a": bits % 10},
    "null": lambda _: None,
}


def _add_fields(session: Session, fields: tuple[ExtraField, ...], start: int) -> None:
    bits = mix_one(session["call_session_history_id"], 22)
    for field in fields:
        if field.covers(start):
            places = [session] if field.level == "session" else session.get(field.level) or ()
            for i, place in enumerate(places):
                place[field.name] = _VALUES[field.kind](bits + i)


def _cut_data(session: Session, limit: int) -> None:
    data = session.get("custom_data")
    if not data:
        return
    if mix_one(session["call_session_history_id"], 23) % _SHARE_LONG == 0:
        data = _LONG
    # What is left of a letter goes out as it is, which is not UTF-8.
    text = data.encode()[:limit].decode(errors="surrogateescape")
    quoted = json.dumps(text, ensure_ascii=False).encode(errors="surrogateescape")
    session["custom_data"] = raw(quoted)


def _reasons_as_text(session: Session) -> None:
    for call in session.get("calls", ()):
        if (reason := call.get("end_reason")) is not None:
            call["end_reason"] = " ".join(map(str, reason.values()))


def dirt_of(session_id: int, seed: int, behaviour: Behaviour) -> Dirt | None:
    """Return what is odd about a session in the answers, if anything is."""
    if fraction(session_id, seed + 31) >= behaviour.dirty:
        return None
    return behaviour.dirt[math.floor(fraction(session_id, seed + 32) * len(behaviour.dirt))]


def is_plain(behaviour: Behaviour) -> bool:
    """Return whether sessions go into answers as they are."""
    b = behaviour
    odd = (b.numbers_as_text, b.extra_fields, b.deep_nesting, b.dirty, b.poison, b.fields,
           b.custom_data_limit)  # fmt: skip
    return b.absent == "omit" and b.end_reason == "object" and not any(odd)


def dress(session: Session, behaviour: Behaviour, seed: int, landmark: int, start: int) -> Session:
    """Disfigure one session that starts in that second; costs have to be decimals."""
    session_id = session["call_session_history_id"]
    if behaviour.extra_fields:
        _add_unknown(session)
    if behaviour.end_reason == "text":
        _reasons_as_text(session)
    if behaviour.custom_data_limit:
        _cut_data(session, behaviour.custom_data_limit)
    _add_fields(session, behaviour.fields, start)
    if (dirt := dirt_of(session_id, seed, behaviour)) is not None:
        _DIRT[dirt](session)
    show_absent(session, behaviour.absent)
    if behaviour.numbers_as_text:
        session = {name: _as_text(value) for name, value in session.items()}
    if session_id == landmark:
        if behaviour.deep_nesting:
            depth = behaviour.deep_nesting
            session["x_deep"] = raw("[" * depth + "]" * depth)
        if behaviour.poison is not None:
            _POISON[behaviour.poison](session)
    return session
