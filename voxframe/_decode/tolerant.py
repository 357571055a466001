"""The slow exact way: a page that is not as documented, value by value.

Whatever the column can hold is kept and what was put right is counted by kind;
what it cannot hold is a `DecodeError` that names the field and the session.
No value ever gets into a message: it could be someone's number.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import tzinfo
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa

from voxframe import _timezones as _zones
from voxframe._decode import values as _values
from voxframe._decode.columns import WALL, Columns, unknown_names
from voxframe._decode.values import Unreadable
from voxframe._spec.tables import CATEGORY, CHILDREN, INSTANT, MONEY, REQUIRED, SCHEMAS, SESSION_ID
from voxframe.errors import DecodeError

Row = dict[str, Any]
Convert = Callable[[Any, Counter[str]], Any]

MAX_NESTING = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_ENVELOPE = ("result", "total_count", "count", "timezone")
_LONGEST_INTEGER = 40
_REASON = "end_reason"
_REASON_PARTS = ("code", "details")
_REASON_COLUMNS = {f"{_REASON}_{part}" for part in _REASON_PARTS}


def read(body: bytes, unknown_fields: str, asked: str) -> Columns:
    """Read an answer that the fast way refused.

    Parameters
    ----------
    body : bytes
        The JSON text, or what is meant to be.
    unknown_fields : {"keep", "ignore", "raise"}
        What becomes of fields that are not documented.
    asked : str
        What was asked for, for error messages.

    Returns
    -------
    Columns
        As the fast way gives them.

    Raises
    ------
    DecodeError
        If something cannot be kept.
    """
    mended: Counter[str] = Counter()
    try:
        return _Reader(unknown_fields, asked, mended).read(_parsed(body, asked, mended))
    except RecursionError:
        _fail("the answer is nested too deeply", asked)


def _parsed(body: bytes, asked: str, mended: Counter[str]) -> Any:
    text = _text(body, mended)
    if _depth(text) > MAX_NESTING:
        _fail("the answer is nested too deeply", asked)

    def pairs(items: list[tuple[str, Any]]) -> Row:
        row = dict(items)
        if len(row) != len(items):
            mended["duplicate_key"] += len(items) - len(row)
        return row

    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_values.constant,
            object_pairs_hook=pairs,
        )
    except (ValueError, ArithmeticError):
        # The reader's own message is about a position; its traceback holds the text.
        _fail("the answer is no JSON", asked)


def _text(body: bytes, mended: Counter[str]) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        mended["byte_order_mark"] += 1
        body = body[3:]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode(errors="replace")
        mended["invalid_utf8"] += 1
    return text


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _integer(digits: str) -> int | Decimal:
    # Python refuses to read an integer of thousands of digits.
    return int(digits) if len(digits) < _LONGEST_INTEGER else Decimal(digits)


def _fail(what: str, asked: str) -> NoReturn:
    where = f" ({asked})" if asked else ""
    raise DecodeError(f"{what}{where}") from None


class _Reader:
    """Where a value is, for messages, and what was mended, while one answer is read."""

    def __init__(self, unknown_fields: str, asked: str, mended: Counter[str]) -> None:
        self.unknown_fields = unknown_fields
        self.asked = asked
        self.mended = mended
        self.zone: tzinfo = _zones.zone(None)

    def read(self, answer: Any) -> Columns:
        if not isinstance(answer, dict):
            _fail("the answer is no JSON object", self.asked)
        if "result" not in answer:
            _fail("the answer has no `result`", self.asked)
        if self.unknown_fields != "ignore":
            extra = [name for name in answer if name not in _ENVELOPE]
            if extra:
                self.mended["unknown_envelope_field"] += len(extra)
        timezone = self.one(answer.get("timezone"), _values.text, "timezone", "the answer")
        try:
            self.zone = _zones.zone(timezone)
        except ValueError:
            _fail("`timezone` of the answer is no timezone", self.asked)
        sessions = self.rows(answer["result"], "result", "the answer")
        ids = self.ids(sessions)
        where = [f"session {i}" for i in ids]
        tables = {}
        lengths = {}
        for table, key in CHILDREN.items():
            nested = [self.rows(s.get(key), key, w) for s, w in zip(sessions, where, strict=True)]
            lengths[table] = np.array([len(rows) for rows in nested], dtype=np.int64)
            rows = [row for each in nested for row in each]
            repeated = [w for w, each in zip(where, nested, strict=True) for _ in each]
            parents = [i for i, each in zip(ids, nested, strict=True) for _ in each]
            tables[table] = self.table(table, self.without_parent(rows, parents), repeated)
        return Columns(
            tables={"sessions": self.table("sessions", sessions, where), **tables},
            lengths=lengths,
            total_count=self.one(answer.get("total_count"), _values.integer, "total_count"),
            count=self.one(answer.get("count"), _values.integer, "count"),
            timezone=timezone,
            zone=self.zone,
            mended=self.mended,
        )

    def one(self, value: Any, convert: Convert, field: str, where: str = "the answer") -> Any:
        if value is None:
            return None
        try:
            return convert(value, self.mended)
        except Unreadable as reason:
            raise DecodeError(f"`{field}` of {where} {reason}{self.suffix()}") from None

    def suffix(self) -> str:
        return f" ({self.asked})" if self.asked else ""

    def rows(self, value: Any, field: str, where: str) -> list[Row]:
        if value == "":
            self.mended["empty_text"] += 1
            return []
        if value is None:
            return []
        if not isinstance(value, list):
            _fail(f"`{field}` of {where} is no list", self.asked)
        if not all(isinstance(row, dict) for row in value):
            _fail(f"`{field}` of {where} holds a row that is no object", self.asked)
        return value

    def ids(self, sessions: list[Row]) -> list[int]:
        # Counted when the column is made, not here.
        found = []
        for position, session in enumerate(sessions):
            try:
                number = _values.integer(session.get(SESSION_ID), Counter())
            except Unreadable as reason:
                _fail(f"`{SESSION_ID}` of session number {position} {reason}", self.asked)
            if number is None:
                _fail(f"session number {position} has no `{SESSION_ID}`", self.asked)
            found.append(number)
        return found

    @staticmethod
    def without_parent(rows: list[Row], parents: list[int]) -> list[Row]:
        """Drop the parent's id from rows that repeat it; it is the first column anyway."""
        if all(row.get(SESSION_ID, i) == i for row, i in zip(rows, parents, strict=True)):
            return [{k: v for k, v in row.items() if k != SESSION_ID} for row in rows]
        return rows

    def reason(self, value: Any, place: str) -> Row:
        if value is None or isinstance(value, dict):
            return value or {}
        if value == "":
            self.mended["empty_text"] += 1
            return {}
        if isinstance(value, bool | list):
            _fail(f"`{_REASON}` of {place} is neither an object nor a code nor text", self.asked)
        self.mended["end_reason_not_an_object"] += 1
        return {"details": value} if isinstance(value, str) else {"code": value}

    def table(self, table: str, rows: list[Row], where: list[str]) -> dict[str, pa.Array]:
        """Make the columns of one table."""
        names = set(SCHEMAS[table].names)
        skipped = set(CHILDREN.values()) if table == "sessions" else {SESSION_ID}
        reasons: list[Row] = []
        if table == "calls":
            reasons = [self.reason(r.get(_REASON), w) for r, w in zip(rows, where, strict=True)]
            names -= _REASON_COLUMNS
            skipped.add(_REASON)
        columns = {}
        for field in SCHEMAS[table]:
            if field.name in _REASON_COLUMNS and table == "calls":
                part = field.name.removeprefix(f"{_REASON}_")
                values = [row.get(part) for row in reasons]
            elif field.name in skipped:
                continue
            else:
                values = [row.get(field.name) for row in rows]
            columns[field.name] = self.column(field, table, values, where)
        # The parent's id, which is a column anyway, is unknown only where it differs.
        fields = {k for row in rows for k in row} - names - skipped
        if table in CHILDREN and any(SESSION_ID in row for row in rows):
            fields.add(SESSION_ID)
        parts = {k for row in reasons for k in row} - set(_REASON_PARTS)
        unknown = [*((f, rows) for f in sorted(fields)), *((p, reasons) for p in sorted(parts))]
        if unknown and self.unknown_fields == "raise":
            name, source = unknown[0]
            place = next(w for row, w in zip(source, where, strict=True) if name in row)
            clean = name.encode(errors="replace").decode()
            _fail(f"`{clean}` of {place} ({table}) is no documented field", self.asked)
        if self.unknown_fields == "keep":
            for (of_reason, name), column in unknown_names(table, fields, parts).items():
                kept = [row.get(name) for row in (reasons if of_reason else rows)]
                columns[column] = self.unknown(kept)
        return columns

    def column(self, field: pa.Field, table: str, values: list[Any], where: list[str]) -> pa.Array:
        convert, kind = self.converter(field.type)
        required = field.name in REQUIRED[table]
        found = []
        for given, place in zip(values, where, strict=True):
            value = given
            if given is not None:
                try:
                    value = convert(given, self.mended)
                except Unreadable as reason:
                    _fail(f"`{field.name}` of {place} ({table}) {reason}", self.asked)
            if value is None and required:
                _fail(f"a row of {place} ({table}) has no `{field.name}`", self.asked)
            found.append(value)
        return pa.array(found, kind)

    def converter(self, kind: pa.DataType) -> tuple[Convert, pa.DataType]:
        if kind == INSTANT:
            return (lambda value, mended: _values.wall(value, mended, self.zone)), WALL
        if kind in (CATEGORY, pa.string()):
            return _values.text, pa.string()
        if kind == MONEY:
            return _values.money, kind
        if kind == pa.bool_():
            return _values.boolean, kind
        return (_values.integer if kind == pa.int64() else _values.number), kind

    def unknown(self, values: list[Any]) -> pa.Array:
        kept = sum(value is not None for value in values)
        if kept:
            self.mended["unknown_field"] += kept
        try:
            return _values.inferred(values, self.mended)
        except Unreadable as reason:
            _fail(f"an unknown field {reason}", self.asked)
