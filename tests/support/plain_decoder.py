"""An independent opinion on a page: `json` and `Decimal`, value by value; and pages to judge."""

import json
import random
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

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
}
GOOD = {
    "id": ["1", "4100000001", "9223372036854775807"],
    "int": ["0", "75", "-1", "null", "9223372036854775807"],
    "start": ['"2026-10-01 00:00:00"', '"9999-12-31 23:59:59"', '"0001-01-01 00:00:00"'],
    "instant": ['"2026-10-25 02:30:00"', "null"],
    "bool": ["true", "false", "null"],
    "text": ['"a"', '""', '"\\u00e9\\n\\"cost\\": "', "null", '"0049"'],
    "money": ["0.1", "1e-7", "0", "-0.0", "999999999.999999999", "0.12345678901234567", "1E2"],
}
ODD = [
    '""', '" "', '"60"', '"-1.50"', '"true"', '"x"', '"1e400"', "1.5", "1.0", "1e3", "1e19", "-0",
    "NaN", "-Infinity", "9223372036854775808", "501403796152979", "true", "0", "1", "[1]", "[]",
    '{"a": 1.10}', '"2026-10-01"', '"2026-02-30 00:00:00"', '"0000-01-01 00:00:00"', "0.0000000005",
]  # fmt: skip


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


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        raise RefusedError
    if not value.strip():
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise RefusedError from None


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
    "start": _instant,
    "instant": _instant,
    "bool": _bool,
    "money": _money,
    "int": _int,
    "id": _int,
}


def expected(kind: str, value: Any) -> Any:
    """Return what a column holds of a value; only NaN and infinities are floats here."""
    return None if value is None else READ[kind](value)


def _row(fields: dict[str, str], row: dict[str, Any]) -> dict[str, Any]:
    found = {name: expected(kind, row.get(name)) for name, kind in fields.items()}
    if any(found[n] is None for n, kind in fields.items() if kind in ("id", "start")):
        raise RefusedError
    return found


def decoded(body: bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the sessions and the calls of a page."""
    answer = json.loads(body, parse_float=Decimal)
    sessions = [_row(SESSION, row) for row in answer["result"]]
    return sessions, [_row(CALL, call) for row in answer["result"] for call in row["calls"]]


def _fields(rng: random.Random, fields: dict[str, str], *, odd: float) -> list[str]:
    found = []
    for name, kind in fields.items():
        value = rng.choice(ODD) if rng.random() < odd else rng.choice(GOOD[kind])
        if kind == "money" and rng.random() < odd:
            value = f"{rng.randrange(10 ** rng.randint(1, 40))}.{rng.randrange(10**20)}"
        if kind == "money" and rng.random() < odd:
            value = str(rng.randrange(10 ** rng.randint(1, 60)))
        if kind in ("id", "start") or rng.random() < 0.8:
            found.append(f'"{name}":{rng.choice(["", " "])}{value}')
    return found


def page(seed: int) -> bytes:
    """Return a page of a few sessions, some of whose values are odd."""
    rng = random.Random(seed)
    odd = rng.choice([0, 0.02, 0.1])
    rows = []
    for _ in range(rng.randint(1, 4)):
        calls = [_fields(rng, CALL, odd=odd) for _ in range(rng.randint(0, 3))]
        nested = ",".join("{" + ",".join(call) + "}" for call in calls)
        row = [*_fields(rng, SESSION, odd=odd), f'"calls":[{nested}]']
        if rng.random() < odd:
            row.append(f'"stranger":{rng.choice(ODD)}')
        rows.append("{" + ", ".join(row) + "}")
    return ('{"result":[' + ",".join(rows) + "]}").encode()
