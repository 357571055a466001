"""An independent opinion on a page: `json` and `Decimal`, value by value; and pages to judge."""

import json
import random
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

SESSION = {
    "call_session_history_id": "id",
    "user_id": "int",
    "start_date": "start",
    "duration": "int",
    "active": "bool",
    "audio_quality": "text",
    "custom_data": "text",
}
CALL = {
    "call_id": "id",
    "start_time": "instant",
    "duration": "int",
    "remote_number": "text",
    "incoming": "bool",
    "cost": "money",
    "end_reason": "reason",
}
RECORD = {
    "record_id": "id",
    "record_name": "text",
    "start_time": "instant",
    "duration": "int",
    "cost": "money",
    "file_size": "float",
    "is_removed": "bool",
    "expiration_date": "day",
}
USAGE = {
    "resource_usage_id": "id",
    "ref_call_id": "int",
    "used_at": "instant",
    "cost": "money",
    "unit": "text",
    "resource_quantity": "float",
}
CHILDREN = {
    "calls": ("calls", CALL),
    "records": ("records", RECORD),
    "resource_usage": ("other_resource_usage", USAGE),
}
ZONES: dict[str | None, tzinfo] = {
    None: UTC,
    "Etc/GMT": UTC,
    "Europe/Berlin": ZoneInfo("Europe/Berlin"),
    "America/New_York": ZoneInfo("America/New_York"),
    "+03:00": timezone(timedelta(hours=3)),
}
GOOD = {
    "id": ["1", "4100000001", "9223372036854775807"],
    "int": ["0", "75", "-1", "null", "9223372036854775807"],
    "start": ['"2026-10-01 00:00:00"', '"9999-12-31 23:59:59"', '"0001-01-01 00:00:00"'],
    "instant": ['"2026-10-25 02:30:00"', "null"],
    "bool": ["true", "false", "null"],
    "text": ['"a"', '""', '"\\u00e9\\n\\"cost\\": "', "null", '"0049"'],
    "float": ["0", "15.5", "1048576", "1e-3", "null"],
    "day": ['"2027-01-05"', '"0001-01-01"', "null"],
    "reason": ['{"code":200,"details":"OK"}', '{"code":603}', "null", "{}"],
    "money": ["0.1", "1e-7", "0", "-0.0", "999999999.999999999", "0.12345678901234567", "1E2"],
}
ODD = [
    '""', '" "', '"60"', '"-1.50"', '"true"', '"x"', '"1e400"', "1.5", "1.0", "1e3", "1e19", "-0",
    "NaN", "-Infinity", "9223372036854775808", "501403796152979", "true", "0", "1", "[1]", "[]",
    '{"a": 1.10}', '"2026-10-01"', '"480 Busy"', "486",
    '"2026-02-30 00:00:00"', '"0000-01-01 00:00:00"', "0.0000000005",
]  # fmt: skip


NESTED = [
    '{"mos":4.20,"net":{"loss": 1e-9,"codec":"op\u00fcs\\n\\u0416"}}', '{"duration":""}',
    "[]", "{}",
    '{"mos":-0.0,"net":{"loss":1E5 , "codec":null}}', '[{"user_id":"7"},{"quality":[true]}]',
    "[[1]]",
]  # fmt: skip
STRANGERS = ["stranger", "quality", "user_id", "duration", "x y", "end_reason", "count", "unit"]


class RefusedError(Exception):
    """No column holds it."""


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        plain = value.strip()
        if not plain:
            return None
        if not plain.strip("+-0123456789.eE") == "":
            raise RefusedError
        value = plain
    elif isinstance(value, float | list | dict):
        raise RefusedError
    try:
        return Decimal(value)
    except ArithmeticError:
        raise RefusedError from None


def _text(value: Any) -> Any:
    if isinstance(value, float):
        raise RefusedError
    return value


def _wall(value: Any, *forms: str) -> datetime | None:
    if not isinstance(value, str):
        raise RefusedError
    if not value.strip():
        return None
    for form in forms:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007 - its zone comes later
        except ValueError:
            continue
    raise RefusedError


def _instant(value: Any, zone: tzinfo) -> datetime | None:
    wall = _wall(value, "%Y-%m-%d %H:%M:%S")
    if wall is None:
        return None
    try:
        return wall.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        if wall.year == 1:
            return datetime.min.replace(tzinfo=UTC)
        return datetime.max.replace(tzinfo=UTC)


def _day(value: Any) -> date | None:
    wall = _wall(value, "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
    return None if wall is None else wall.date()


def _float(value: Any) -> float | None:
    number = _number(value)
    if number is None:
        return None
    if abs(float(number)) == float("inf"):
        raise RefusedError
    return float(number)


def _reason(value: Any) -> dict[str, Any]:
    """Return the two columns of an end reason."""
    if value is None or value == "":
        value = {}
    elif isinstance(value, str):
        match = re.fullmatch(r"\s*([0-9]{3})(?:\s+(.*\S))?\s*", value)
        value = {"code": int(match[1]), "details": match[2]} if match else {"details": value}
    elif isinstance(value, bool | list | float):
        raise RefusedError
    elif not isinstance(value, dict):
        value = {"code": value}
    return {
        "end_reason_code": expected("int", value.get("code"), UTC),
        "end_reason_details": expected("text", value.get("details"), UTC),
    }


def _bool(value: Any) -> bool | None:
    known = {"true": True, "1": True, "false": False, "0": False, "": None}
    plain = str(value).strip().lower()
    if plain not in known or not isinstance(value, bool | int | str):
        raise RefusedError
    return known[plain]


def _money(value: Any) -> Decimal | None:
    number = _number(value)
    if number is None:
        return None
    with localcontext(prec=1000):
        rounded = number.quantize(Decimal("1e-9"), ROUND_HALF_EVEN) if number < 10**99 else number
        if abs(rounded) >= 10**9:
            raise RefusedError
        return rounded


def _int(value: Any) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise RefusedError
    return int(number)


READ = {
    "text": _text,
    "float": _float,
    "day": _day,
    "bool": _bool,
    "money": _money,
    "int": _int,
    "id": _int,
}


def expected(kind: str, value: Any, zone: tzinfo) -> Any:
    """Return what a column holds of a value; only NaN and infinities are floats here."""
    if value is None:
        return None
    return _instant(value, zone) if kind in ("start", "instant") else READ[kind](value)


def _row(fields: dict[str, str], row: Any, zone: tzinfo) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise RefusedError
    found = {n: expected(k, row.get(n), zone) for n, k in fields.items() if k != "reason"}
    if any(found[n] is None for n, kind in fields.items() if kind in ("id", "start")):
        raise RefusedError
    return found | (_reason(row.get("end_reason")) if "end_reason" in fields else {})


def _children(row: dict[str, Any], key: str) -> list[Any]:
    found = row.get(key) or []
    if not isinstance(found, list) or isinstance(row.get(key), bool | int | Decimal):
        raise RefusedError
    return found


def decoded(body: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a page's four tables."""
    answer = json.loads(body, parse_float=Decimal)
    zone = ZONES[answer.get("timezone")]
    return {"sessions": [_row(SESSION, row, zone) for row in answer["result"]]} | {
        table: [_row(fields, r, zone) for row in answer["result"] for r in _children(row, key)]
        for table, (key, fields) in CHILDREN.items()
    }


def _fields(rng: random.Random, fields: dict[str, str], *, odd: float) -> list[str]:
    found = []
    for name, kind in fields.items():
        value = rng.choice(ODD) if rng.random() < odd else rng.choice(GOOD[kind])
        if kind == "money" and rng.random() < odd:
            value = f"{rng.randrange(10 ** rng.randint(1, 40))}.{rng.randrange(10**20)}"
        if kind == "money" and rng.random() < odd:
            value = str(rng.randrange(10 ** rng.randint(1, 60)))
        if kind in ("int", "money") and rng.random() < odd:
            value = rng.choice(['""', '"60"', '"-1"'])
        if kind in ("id", "start") or rng.random() < 0.8:
            found.append(f'"{name}":{rng.choice(["", " "])}{value}')
    return found + _strangers(rng, fields, odd=odd)


def _strangers(rng: random.Random, fields: dict[str, str], *, odd: float) -> list[str]:
    if rng.random() >= 3 * odd:
        return []
    name = rng.choice([name for name in STRANGERS if name not in fields])
    return [f'"{name}": {rng.choice(NESTED if rng.random() < 0.6 else ODD)}']


def page(seed: int) -> bytes:
    """Return a page of a few sessions, some of whose values are odd."""
    rng = random.Random(seed)
    odd = rng.choice([0, 0.005, 0.02, 0.1])
    rows = []
    for _ in range(rng.randint(1, 4)):
        row = _fields(rng, SESSION, odd=odd)
        for key, fields in CHILDREN.values():
            children = [_fields(rng, fields, odd=odd) for _ in range(rng.randint(0, 3))]
            nested = "[" + ",".join("{" + ",".join(child) + "}" for child in children) + "]"
            if rng.random() < odd:
                nested = rng.choice(['""', "null", "[1]", "5", "false"])
            row.append(f'"{key}":{nested}')
        rows.append("{" + ", ".join(row) + "}")
    envelope = ['"result":[' + ",".join(rows) + "]"]
    if zone := rng.choice([*ZONES]):
        envelope.append(f'"timezone":"{zone}"')
    envelope += _strangers(rng, dict.fromkeys(("count", "total_count"), "int"), odd=odd)
    return ("{" + ",".join(envelope) + "}").encode()
