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
from voxframe._decode.columns import PREFIXES, WALL, Columns, full_name, unknown_names
from voxframe._decode.values import Constant, Unreadable
from voxframe._spec.tables import (
    CATEGORY,
    CHILDREN,
    DATE,
    INSTANT,
    MONEY,
    PATHS,
    REQUIRED,
    SCHEMAS,
    SESSION_ID,
    Path,
)
from voxframe.errors import DecodeError

Row = dict[str, Any]
Convert = Callable[[Any, Counter[str]], Any]

MAX_NESTING = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_ENVELOPE = ("result", "total_count", "count", "timezone", "warnings")


def read(body: bytes, unknown_fields: str, asked: str) -> Columns:
    """Read an answer that the fast way refused, or raise a `DecodeError`."""
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
            parse_int=_values.long_integer,
            parse_constant=_values.constant,
            object_pairs_hook=pairs,
        )
    except (ValueError, ArithmeticError):
        # The reader's own message is about a position; its traceback holds the text.
        _fail("the answer is not JSON", asked)


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


def _fail(what: str, asked: str) -> NoReturn:
    where = f" ({asked})" if asked else ""
    raise DecodeError(f"{what}{where}") from None


class _Reader:
    """Where a value is, for messages, and what was mended, while one answer is read."""

    def __init__(self, unknown_fields: str, asked: str, mended: Counter[str]) -> None:
        self.unknown_fields = unknown_fields
        self.asked = asked
        self.mended = mended
        self.unknown: Counter[str] = Counter()
        self.zone: tzinfo = _zones.zone(None)

    def read(self, answer: Any) -> Columns:
        if not isinstance(answer, dict):
            _fail("the answer is not a JSON object", self.asked)
        if "result" not in answer:
            _fail("the answer has no `result`", self.asked)
        if self.unknown_fields != "ignore":
            for name in answer.keys() - set(_ENVELOPE):
                self.unknown[full_name("envelope", name)] += answer[name] is not None
        timezone = self.one(answer.get("timezone"), _values.text, "timezone", "the answer")
        try:
            self.zone = _zones.zone(timezone)
        except ValueError:
            _fail("`timezone` of the answer is not a timezone", self.asked)
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
            warnings=self.warnings(answer.get("warnings")),
            mended=self.mended,
            unknown_fields=self.unknown,
        )

    def one(self, value: Any, convert: Convert, field: str, where: str = "the answer") -> Any:
        if value is None:
            return None
        try:
            return convert(value, self.mended)
        except Unreadable as reason:
            raise DecodeError(f"`{field}` of {where} {reason}{self.suffix()}") from None

    def warnings(self, value: Any) -> tuple[str, ...]:
        """Return the service's words, in whatever form; they are no data, so nothing is counted."""
        texts = value if isinstance(value, list) else [value]
        try:
            return tuple(_values.text(t, Counter()) for t in texts if t is not None and t != "")
        except Unreadable as reason:
            _fail(f"`warnings` of the answer {reason}", self.asked)

    def suffix(self) -> str:
        return f" ({self.asked})" if self.asked else ""

    def rows(self, value: Any, field: str, where: str) -> list[Row]:
        if value == "":
            self.mended["empty_text"] += 1
            return []
        if value == {}:
            self.mended["empty_object"] += 1
            return []
        if value is None:
            return []
        if not isinstance(value, list):
            _fail(f"`{field}` of {where} is not a list", self.asked)
        if not all(isinstance(row, dict) for row in value):
            _fail(f"`{field}` of {where} holds a row that is not an object", self.asked)
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

    def inner(self, value: Any, path: Path, place: str) -> Row:
        """Return the object in a row that holds declared fields, whatever stands there."""
        if value is None or isinstance(value, dict):
            return value or {}
        if value == "":
            self.mended["empty_text"] += 1
            return {}
        name = ".".join(path)
        if name != "end_reason" or isinstance(value, bool | list | Constant):
            _fail(f"`{name}` of {place} is neither an object nor a code nor text", self.asked)
        self.mended["end_reason_not_an_object"] += 1
        return _values.end_reason(value)

    def table(self, table: str, rows: list[Row], where: list[str]) -> dict[str, pa.Array]:
        """Make the columns of one table."""
        sources: dict[Path, list[Row]] = {}
        for prefix in PREFIXES[table]:
            outer = rows if not prefix else sources[prefix[:-1]]
            sources[prefix] = (
                rows
                if not prefix
                else [
                    self.inner(row.get(prefix[-1]), prefix, place)
                    for row, place in zip(outer, where, strict=True)
                ]
            )
        columns = {}
        for name, path in PATHS[table].items():
            values = [row.get(path[-1]) for row in sources[path[:-1]]]
            columns[name] = self.column(SCHEMAS[table].field(name), table, values, where)
        known = {*PATHS[table].values(), *PREFIXES[table]}
        if table == "sessions":
            known |= {(key,) for key in CHILDREN.values()}
        found = {(*prefix, k) for prefix, each in sources.items() for row in each for k in row}
        unknown = unknown_names(table, found - known)
        if unknown and self.unknown_fields == "raise":
            path = min(unknown)
            place = next(
                w for row, w in zip(sources[path[:-1]], where, strict=True) if path[-1] in row
            )
            _fail(
                f"`{full_name(*path)}` of {place} ({table}) is not a documented field", self.asked
            )
        if self.unknown_fields == "keep":
            for path, name in unknown.items():
                values = [row.get(path[-1]) for row in sources[path[:-1]]]
                columns[name] = self.kept(values, full_name(table, *path))
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
        if kind == DATE:
            return _values.day, kind
        if kind in (CATEGORY, pa.string()):
            return _values.text, pa.string()
        if kind == MONEY:
            return _values.money, kind
        if kind == pa.bool_():
            return _values.boolean, kind
        return (_values.integer if kind == pa.int64() else _values.number), kind

    def kept(self, values: list[Any], name: str) -> pa.Array:
        self.unknown[name] += sum(value is not None for value in values)
        try:
            return _values.inferred(values, self.mended)
        except Unreadable as reason:
            _fail(f"the unknown field `{name}` {reason}", self.asked)
