"""The fast way: a whole answer as one row of Arrow's JSON reader.

Every check here was made because Arrow was seen to accept, or to crash on, what
it stands for; see the comments.
"""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as pa_json

from voxframe._decode.columns import (
    PREFIXES,
    WALL,
    Columns,
    Lengths,
    full_name,
    unknown_names,
)
from voxframe._decode.nested import texts
from voxframe._decode.precheck import check_utf8, may_hide_names, may_nest_deep, odd_money
from voxframe._decode.rewrite import rewritten
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
from voxframe._timezones import zone

# Wider than the column, so that a cost of 17 decimals, which is what binary
# floats look like in JSON, is rounded here and not sent to the tolerant way.
_WIDE_MONEY = pa.decimal128(38, 24)
_BEHAVIOUR = {"keep": "infer", "ignore": "ignore", "raise": "error"}
_SCALARS = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())
_EXACT_FLOAT = 2.0**53
_INSTANT_FORM, _DATE_FORM = "YYYY-MM-DD HH:MM:SS", "YYYY-MM-DD"
_LISTS = frozenset(CHILDREN.values())
_BEFORE, _AFTER = b'{"answer":', b"}"

_ODD_COLUMN = re.compile(r"Column\(.*/([^/]*)\) changed from ", re.DOTALL)
# More than the keys of a page whose ids are all text; each costs a search and part of a parse.
_MOST_ODD_KEYS = 16
_NAME = re.compile(r"\w+", re.ASCII)

#: Where a field is: its table, or `envelope`, and the path in a row of it.
Place = tuple[str, Path]


class _RefusedError(Exception):
    """The page is for the tolerant way."""


class _OddError(_RefusedError):
    """The values of a key, which is the message, are not all of its type."""


def _wire(kind: pa.DataType) -> pa.DataType:
    if kind in (INSTANT, DATE, CATEGORY):
        return pa.string()
    return _WIDE_MONEY if kind == MONEY else kind


def _row_type(table: str, prefix: Path, as_text: frozenset[Place]) -> pa.StructType:
    """Return the type of a row, or of the object at `prefix` in it."""
    at = len(prefix)
    leaves = {path: _wire(SCHEMAS[table].field(name).type) for name, path in PATHS[table].items()}
    leaves |= {path: pa.string() for where, path in sorted(as_text) if where == table}
    fields = {path[at]: kind for path, kind in leaves.items() if path[:-1] == prefix}
    for inner in PREFIXES[table]:
        if inner and inner[:-1] == prefix:
            fields[inner[at]] = _row_type(table, inner, as_text)
    if table == "sessions" and not prefix:
        for child, key in CHILDREN.items():
            fields[key] = pa.list_(_row_type(child, (), as_text))
    return pa.struct(list(fields.items()))


def _answer_schema(as_text: frozenset[Place]) -> pa.Schema:
    answer = [
        ("result", pa.list_(_row_type("sessions", (), as_text))),
        ("total_count", pa.int64()),
        ("count", pa.int64()),
        ("timezone", pa.string()),
        ("warnings", pa.list_(pa.string())),
    ]
    return pa.schema([("answer", pa.struct(answer))])


_DOCUMENTED = _answer_schema(frozenset())
_ANSWER = {f.name for f in _DOCUMENTED.field("answer").type}


def read(body: bytes, unknown_fields: str) -> Columns | None:
    """Read an answer that is nearly as documented; None if it is not."""
    mended: Counter[str] = Counter()
    keys: set[str] = set()
    try:
        if may_nest_deep(body) or may_hide_names(body):
            return None
        check_utf8(pa.py_buffer(body))
        while True:
            try:
                return _read(body, unknown_fields, keys, mended.copy())
            except _OddError as odd:
                before, body = body, rewritten(body, str(odd), mended)
                if body == before or len(keys) == _MOST_ODD_KEYS:
                    return None
                keys.add(str(odd))
    except (_RefusedError, pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        return None


def _read(body: bytes, unknown_fields: str, keys: set[str], mended: Counter[str]) -> Columns:
    """Read an answer in which odd values of some keys have been rewritten."""
    if key := odd_money(body):
        raise _OddError(key)
    text = _wrapped(body)
    # What is ignored cannot be seen, and must not have been rewritten.
    seen = "keep" if keys and unknown_fields == "ignore" else unknown_fields
    answer = _parse(text, _DOCUMENTED, seen)
    unknown = _unknown_kinds(answer)
    if any(path[-1] in keys or keys.intersection(_names(k)) for (_, path), k in unknown.items()):
        raise _RefusedError
    if unknown_fields == "ignore":
        return _columns(answer, mended, None)
    rows = {place: kind for place, kind in unknown.items() if place[0] != "envelope"}
    nested = [place for place, kind in rows.items() if pa.types.is_nested(kind)]
    as_text = frozenset(p for p, kind in rows.items() if kind not in _SCALARS) - set(nested)
    if as_text:
        answer = _parse(text, _answer_schema(as_text), seen)
    return _columns(answer, mended, _texts(body, answer.type, nested))


def _texts(body: bytes, kind: pa.StructType, nested: list[Place]) -> dict[Place, list[str]]:
    """Return the JSON of nested unknown fields, whose keys have to be nowhere else."""
    if not nested:
        return {}
    page, names = body.decode(), Counter(_names(kind))
    if any(names[path[-1]] > 1 or not _NAME.fullmatch(path[-1]) for _, path in nested):
        raise _RefusedError
    return {(table, path): texts(page, path[-1]) for table, path in nested}


def _wrapped(body: bytes) -> pa.Buffer:
    """Make a body a member of an object of ours.

    Two objects in one body, a bare null (Arrow crashes on it) or anything after
    the end are syntax errors then.
    """
    # Arrow's memory is warm from the last page, unlike a fresh bytes object of this size.
    text = pa.allocate_buffer(len(_BEFORE) + len(body) + len(_AFTER))
    view = memoryview(text).cast("B")
    view[: len(_BEFORE)] = _BEFORE
    view[len(_BEFORE) : -len(_AFTER)] = body
    view[-len(_AFTER) :] = _AFTER
    return text


def _parse(text: pa.Buffer, schema: pa.Schema, unknown_fields: str) -> pa.StructArray:
    try:
        table = pa_json.read_json(
            pa.BufferReader(text),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=text.size + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=True,
                unexpected_field_behavior=_BEHAVIOUR[unknown_fields],
            ),
        )
    except pa.ArrowInvalid as error:
        if odd := _ODD_COLUMN.search(str(error)):
            raise _OddError(odd[1]) from None
        raise
    if table.num_columns != 1 or table.num_rows != 1:
        raise _RefusedError
    answer = table.column(0).chunk(0)
    if answer.null_count:
        raise _RefusedError
    return answer


def _rows(answer: pa.StructArray) -> tuple[pa.StructArray, dict[str, pa.ListArray]]:
    result = answer.field("result")
    if result.null_count:
        raise _RefusedError
    sessions = result.flatten()
    return sessions, {table: sessions.field(key) for table, key in CHILDREN.items()}


def _unknown_kinds(answer: pa.StructArray) -> dict[Place, pa.DataType]:
    sessions, lists = _rows(answer)
    kinds = {"sessions": sessions.type, **{t: a.type.value_type for t, a in lists.items()}}
    found: dict[Place, pa.DataType] = {}
    for field in answer.type:
        if field.name not in _ANSWER:
            found["envelope", (field.name,)] = field.type
    for table, row in kinds.items():
        known = {*PATHS[table].values()}
        if table == "sessions":
            known |= {(key,) for key in _LISTS}
        leaves = _leaves(table, row, ())
        found |= {(table, path): kind for path, kind in leaves.items() if path not in known}
    return found


def _names(kind: pa.DataType) -> Iterator[str]:
    """Return the names of all fields in a type, however deep."""
    if pa.types.is_list(kind):
        yield from _names(kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield field.name
            yield from _names(field.type)


def _leaves(table: str, kind: pa.StructType, prefix: Path) -> dict[Path, pa.DataType]:
    found: dict[Path, pa.DataType] = {}
    for field in kind:
        path = (*prefix, field.name)
        inner = path in PREFIXES[table]
        found |= _leaves(table, field.type, path) if inner else {path: field.type}
    return found


def _columns(
    answer: pa.StructArray, mended: Counter[str], nested: dict[Place, list[str]] | None
) -> Columns:
    """Take an answer apart; without the unknown fields if there is nothing of nested ones."""
    sessions, lists = _rows(answer)
    unknown: Counter[str] = Counter()
    tables = {"sessions": _fields(sessions, "sessions", mended, unknown, nested)}
    lengths: Lengths = {}
    for table, rows in lists.items():
        lengths[table] = (
            rows.value_lengths().fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        )
        tables[table] = _fields(rows.flatten(), table, mended, unknown, nested)
    envelope = dict(zip((f.name for f in answer.type), answer.flatten(), strict=True))
    for name in envelope.keys() - _ANSWER if nested is not None else ():
        unknown[full_name("envelope", name)] += envelope[name].is_valid()[0].as_py()
    timezone = envelope["timezone"][0].as_py()
    warnings = envelope["warnings"][0].as_py() or ()
    return Columns(
        tables=tables,
        lengths=lengths,
        total_count=envelope["total_count"][0].as_py(),
        count=envelope["count"][0].as_py(),
        timezone=timezone,
        zone=zone(timezone),
        warnings=tuple(text for text in warnings if text is not None),
        mended=mended,
        unknown_fields=unknown,
    )


def _fields(
    rows: pa.StructArray,
    table: str,
    mended: Counter[str],
    unknown: Counter[str],
    nested: dict[Place, list[str]] | None,
) -> dict[str, pa.Array]:
    """Take the rows of one table apart, each column in its own type."""
    if rows.null_count:
        raise _RefusedError
    found = _parts(table, rows, ())
    for key in _LISTS if table == "sessions" else ():
        del found[(key,)]
    if table in CHILDREN and (SESSION_ID,) in found:
        raise _RefusedError
    columns = {}
    for name, path in PATHS[table].items():
        array = _known(found.pop(path), SCHEMAS[table].field(name).type, mended)
        if name in REQUIRED[table] and array.null_count:
            raise _RefusedError
        columns[name] = array
    if nested is None:
        return columns
    for path, name in unknown_names(table, found).items():
        json = nested.get((table, path))
        columns[name] = _unknown(found[path]) if json is None else _spread(json, found[path])
        unknown[full_name(table, *path)] += len(rows) - found[path].null_count
    return columns


def _parts(table: str, rows: pa.StructArray, prefix: Path) -> dict[Path, pa.Array]:
    found: dict[Path, pa.Array] = {}
    # Unlike a field, what is flattened is null where the object is.
    for field, array in zip(rows.type, rows.flatten(), strict=True):
        path = (*prefix, field.name)
        inner = path in PREFIXES[table]
        found |= _parts(table, array, path) if inner else {path: array}
    return found


def _known(array: pa.Array, kind: pa.DataType, mended: Counter[str]) -> pa.Array:
    if kind == INSTANT:
        return _dates(array, _INSTANT_FORM, WALL, mended)
    if kind == DATE:
        return _dates(array, _DATE_FORM, DATE, mended)
    if kind == MONEY:
        return _money(array, mended)
    if kind == pa.float64():
        _check_finite(array)
    return array


def _check_finite(array: pa.Array) -> None:
    # Arrow reads NaN and Infinity, which are no JSON, as floats.
    if not pc.all(pc.is_finite(array)).as_py() and array.null_count < len(array):
        raise _RefusedError


def _money(wide: pa.Array, mended: Counter[str]) -> pa.Array:
    try:
        return wide.cast(MONEY)
    except pa.ArrowInvalid:
        rounded = pc.round(wide, ndigits=9, round_mode="half_to_even")
        mended["cost_rounded"] += pc.sum(pc.not_equal(rounded, wide)).as_py() or 0
        return rounded.cast(MONEY)


def _dates(text: pa.Array, form: str, kind: pa.DataType, mended: Counter[str]) -> pa.Array:
    """Read dates as documented; Arrow alone would take other forms, with zones, too."""
    known = text.drop_null()
    if not len(known):
        return pa.nulls(len(text), kind)
    _, offsets, data = known.buffers()
    ends = np.frombuffer(offsets, np.int32)[known.offset : known.offset + len(known) + 1]
    if not np.all(np.diff(ends) == len(form)):
        empty = pc.equal(text, "")
        count = pc.sum(empty).as_py()
        if not count:
            raise _RefusedError
        mended["empty_text"] += count
        return _dates(pc.if_else(empty, None, text), form, kind, mended)
    letters = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(-1, len(form))
    for at, letter in enumerate(form):
        if not letter.isalpha() and not np.all(letters[:, at] == ord(letter)):
            raise _RefusedError
    # Arrow knows a year 0, Python does not.
    if pc.min(known).as_py() < "0001":
        raise _RefusedError
    return text.cast(kind)


def _unknown(array: pa.Array) -> pa.Array:
    if array.null_count == len(array):
        # Of a type that was inferred from nothing. Arrow's own array of nulls
        # may carry a bitmap, and then equals no other.
        return pa.nulls(len(array), array.type)
    if array.type == pa.float64():
        _check_finite(array)
        # An integer that only a float could hold has lost digits by now.
        size = pc.max(pc.abs(array)).as_py()
        if not size < _EXACT_FLOAT:
            raise _RefusedError
    return array


def _spread(values: list[str], present: pa.Array) -> pa.Array:
    """Return a column of text that has the values, in order, where a column of objects has any."""
    valid = present.is_valid().to_numpy(zero_copy_only=False)
    if len(values) != np.count_nonzero(valid):
        raise _RefusedError
    return pa.array(values, pa.string()).take(pa.array(np.cumsum(valid) - 1, mask=~valid))
