"""One JSON value to what its column holds, exactly, counting what was put right."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

Mended = Counter[str]

_INT64 = range(-(2**63), 2**63)
_EXACT_FLOAT = 2**53
_MONEY_STEP = Decimal(1).scaleb(-9)
_MONEY_END = Decimal(10) ** 9
_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
_MAX_MAGNITUDE = 400
_LONGEST_INTEGER = 40
_SURROGATE = re.compile("[\ud800-\udfff]")
_DOCUMENTED_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_DOCUMENTED_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OTHER_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
# The codes of SIP are 100 to 699 (RFC 3261, 7.2); any three digits are taken.
_CODE_AND_DETAILS = re.compile(r"\s*(\d{3})(?:\s+(.*\S))?\s*", re.ASCII | re.DOTALL)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(Exception):  # noqa: N818  # becomes a DecodeError once it is known where
    """A value that its column cannot hold; the message says why, without the value."""


class Constant:
    """NaN or an infinity, which are no JSON."""


def constant(_: str) -> Constant:
    """Stand in for a NaN or an infinity until it is known where it is."""
    return Constant()


def long_integer(digits: str) -> int | Decimal:
    """Return a number that may have thousands of digits, which Python refuses to read."""
    return int(digits) if len(digits) < _LONGEST_INTEGER else Decimal(digits)


def _decimal(value: Any, mended: Mended) -> Decimal | None:
    """Read a number of any form; None for empty text."""
    if isinstance(value, bool):
        mended["bool_for_number"] += 1
        return Decimal(int(value))
    if isinstance(value, int | Decimal):
        exact = Decimal(value)
    elif isinstance(value, str):
        plain = value.strip()
        if not plain:
            mended["empty_text"] += 1
            return None
        if not _NUMBER.fullmatch(plain):
            raise Unreadable("is not a number")
        mended["text_for_number"] += 1
        exact = Decimal(plain)
    elif isinstance(value, Constant):
        raise Unreadable("is not a finite number")
    else:
        raise Unreadable("is not a number")
    if exact and abs(exact.adjusted()) > _MAX_MAGNITUDE:
        # Nothing that large fits, and nothing that small is other than nothing.
        if exact.adjusted() > 0:
            raise Unreadable("is too large")
        return Decimal(0)
    return exact


def integer(value: Any, mended: Mended) -> int | None:
    """Read what an int64 column holds."""
    if type(value) is int:
        whole = value
    else:
        exact = _decimal(value, mended)
        if exact is None:
            return None
        whole = int(exact)
        if whole != exact:
            raise Unreadable("is not a whole number")
        if isinstance(value, Decimal):
            mended["fraction_for_integer"] += 1
    if whole not in _INT64:
        raise Unreadable("does not fit in 64 bits")
    return whole


def number(value: Any, mended: Mended) -> float | None:
    """Read what a float64 column holds."""
    exact = _decimal(value, mended)
    if exact is None:
        return None
    nearest = float(exact)
    if not math.isfinite(nearest):
        raise Unreadable("is too large")
    return nearest


def money(value: Any, mended: Mended) -> Decimal | None:
    """Read what a decimal128(18, 9) column holds, rounded half to even."""
    exact = _decimal(value, mended)
    if exact is None:
        return None
    if abs(exact) >= _MONEY_END:
        raise Unreadable("is too large")
    try:
        rounded = exact.quantize(_MONEY_STEP, context=_EXACT)
    except InvalidOperation:
        raise Unreadable("is too large") from None
    if abs(rounded) >= _MONEY_END:
        raise Unreadable("is too large")
    if rounded != exact:
        mended["cost_rounded"] += 1
    return rounded


def boolean(value: Any, mended: Mended) -> bool | None:
    """Read what a bool column holds."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        mended["number_for_bool"] += 1
        return bool(value)
    if isinstance(value, str):
        plain = value.strip().lower()
        if not plain:
            mended["empty_text"] += 1
            return None
        if plain in _TRUTH:
            mended["text_for_bool"] += 1
            return _TRUTH[plain]
    raise Unreadable("is neither true nor false")


def text(value: Any, mended: Mended) -> str:
    """Read what a string column holds; an object or a list as JSON text."""
    if isinstance(value, str):
        if _SURROGATE.search(value):
            mended["lone_surrogate"] += 1
            return _SURROGATE.sub("\ufffd", value)
        return value
    if isinstance(value, bool):
        mended["bool_for_text"] += 1
    elif isinstance(value, int | Decimal):
        mended["number_for_text"] += 1
    elif isinstance(value, Constant):
        raise Unreadable("is not a finite number")
    else:
        mended["object_for_text"] += 1
    return as_json(value)


def wall(value: Any, mended: Mended, zone: tzinfo) -> datetime | None:
    """Read a date as a wall time of the answer's timezone."""
    plain = _date_text(value, mended)
    if not plain:
        return None
    match = _OTHER_DATE.fullmatch(plain)
    if not match:
        raise Unreadable("is not a date")
    try:
        found = datetime.fromisoformat(plain)
        if found.tzinfo is not None:
            found = found.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Unreadable("is not a date") from None
    if not _DOCUMENTED_DATE.fullmatch(value):
        mended["date_in_other_form"] += 1
    return found


def _date_text(value: Any, mended: Mended) -> str:
    if not isinstance(value, str):
        raise Unreadable("is not a date")
    plain = value.strip()
    if not plain:
        mended["empty_text"] += 1
    return plain


def day(value: Any, mended: Mended) -> date | None:
    """Read what a date32 column holds: the day, also of a date with a time."""
    plain = _date_text(value, mended)
    if not plain:
        return None
    if not (_DOCUMENTED_DAY.fullmatch(plain) or _OTHER_DATE.fullmatch(plain)):
        raise Unreadable("is not a date")
    try:
        found = datetime.fromisoformat(plain).date()
    except ValueError:
        raise Unreadable("is not a date") from None
    if not _DOCUMENTED_DAY.fullmatch(value):
        mended["date_in_other_form"] += 1
    return found


def end_reason(value: Any) -> dict[str, Any]:
    """Return the object that an end reason is where it came as a code or as text."""
    if not isinstance(value, str):
        return {"code": value}
    if match := _CODE_AND_DETAILS.fullmatch(value):
        return {"code": int(match[1]), "details": match[2]}
    return {"details": value}


def as_json(value: Any) -> str:
    """Return a value as JSON text, its numbers as exact as they came."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Any, put: Callable[[str], None]) -> None:
    # One frame a level: what was nested 200 deep must come out again.
    if isinstance(value, dict):
        between = "{"
        for key, item in value.items():
            put(f"{between}{_quoted(key)}: ")
            _write(item, put)
            between = ", "
        put("}" if value else "{}")
    elif isinstance(value, list):
        between = "["
        for item in value:
            put(between)
            _write(item, put)
            between = ", "
        put("]" if value else "[]")
    elif isinstance(value, Constant):
        raise Unreadable("is not a finite number")
    elif isinstance(value, Decimal):
        put(str(value))
    else:
        put(_quoted(value) if isinstance(value, str) else json.dumps(value))


def _quoted(value: str) -> str:
    return json.dumps(_SURROGATE.sub("\ufffd", value), ensure_ascii=False)


def inferred(values: list[Any], mended: Mended) -> pa.Array:
    """Make a column of an unknown field: its values' own type if they have one in common.

    Integers and floats together are floats if that loses nothing. Everything
    else that is mixed, and objects and lists, is JSON text; text stays text.
    """
    kinds = {type(v) for v in values if v is not None}
    if not kinds:
        return pa.nulls(len(values))
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(v in _INT64 for v in values if v is not None):
        return pa.array(values, pa.int64())
    if kinds <= {int, Decimal} and all(map(_is_float, values)):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    plain = [None if v is None else text(v, Counter()) for v in values]
    surrogates = sum(isinstance(v, str) and bool(_SURROGATE.search(v)) for v in values)
    if surrogates:
        mended["lone_surrogate"] += surrogates
    return pa.array(plain, pa.string())


def _is_float(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= _EXACT_FLOAT
    return value is None or math.isfinite(float(value))
