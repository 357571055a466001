"""The fast way: a whole answer as one row of Arrow's JSON reader.

Every check here was made because Arrow was seen to accept, or to crash on, what
it stands for; see the comments.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as pa_json

from voxframe._decode.columns import WALL, Columns, Lengths, unknown_names
from voxframe._decode.precheck import check_utf8, may_nest_deep, may_quote_cost
from voxframe._spec.tables import CHILDREN, INSTANT, MONEY, REQUIRED, SCHEMAS, SESSION_ID
from voxframe._timezones import zone

# Wider than the column, so that a cost of 17 decimals, which is what binary
# floats look like in JSON, is rounded here and not sent to the tolerant way.
_WIDE_MONEY = pa.decimal128(38, 24)
_BEHAVIOUR = {"keep": "infer", "ignore": "ignore", "raise": "error"}
_SCALARS = (pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string())
_EXACT_FLOAT = 2.0**53
_DATE_LENGTH = 19  # of YYYY-MM-DD HH:MM:SS
_YEAR_ONE = -62_135_596_800_000_000
_BEFORE, _AFTER = b'{"answer":', b"}"

Unknown = dict[str, frozenset[str]]


class _RefusedError(Exception):
    """The page is not exactly as documented."""


def _wire(kind: pa.DataType) -> pa.DataType:
    if kind == INSTANT or pa.types.is_dictionary(kind):
        return pa.string()
    return _WIDE_MONEY if kind == MONEY else kind


def _wire_schema(as_text: Unknown) -> pa.Schema:
    """Give the type of a whole answer, with the named unknown fields read as text."""
    rows = {}
    for table, schema in SCHEMAS.items():
        fields = [(f.name, _wire(f.type)) for f in schema]
        if table in CHILDREN:
            fields = fields[1:]
        if table == "calls":
            reason = [(n.removeprefix("end_reason_"), t) for n, t in fields[-2:]]
            reason += [(n, pa.string()) for n in sorted(as_text.get("end_reason", ()))]
            fields = [*fields[:-2], ("end_reason", pa.struct(reason))]
        fields += [(n, pa.string()) for n in sorted(as_text.get(table, ()))]
        rows[table] = fields
    lists = [(key, pa.list_(pa.struct(rows[table]))) for table, key in CHILDREN.items()]
    answer = [
        ("result", pa.list_(pa.struct(rows["sessions"] + lists))),
        ("total_count", pa.int64()),
        ("count", pa.int64()),
        ("timezone", pa.string()),
    ]
    return pa.schema([("answer", pa.struct(answer))])


_DOCUMENTED = _wire_schema({})
_ANSWER = {f.name for f in _DOCUMENTED.field("answer").type}


def read(body: bytes, unknown_fields: str) -> Columns | None:
    """Read an answer that is exactly as documented, but for scalar unknown fields.

    Parameters
    ----------
    body : bytes
        The JSON text.
    unknown_fields : {"keep", "ignore", "raise"}
        What becomes of fields that are not documented.

    Returns
    -------
    Columns or None
        None if the answer has to be read the tolerant way.
    """
    try:
        return _read(body, unknown_fields)
    except (_RefusedError, pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError):
        return None


def _read(body: bytes, unknown_fields: str) -> Columns:
    if may_nest_deep(body) or may_quote_cost(body):
        raise _RefusedError
    text = _wrapped(body)
    check_utf8(text)
    answer = _parse(text, _DOCUMENTED, unknown_fields)
    mended: Counter[str] = Counter()
    extra_envelope = len(answer.type) - len(_ANSWER)
    if extra_envelope:
        mended["unknown_envelope_field"] += extra_envelope
    if as_text := _misread(answer):
        answer = _parse(text, _wire_schema(as_text), unknown_fields)
    return _columns(answer, mended)


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
    table = pa_json.read_json(
        pa.BufferReader(text),
        read_options=pa_json.ReadOptions(use_threads=False, block_size=text.size + 1),
        parse_options=pa_json.ParseOptions(
            explicit_schema=schema,
            newlines_in_values=True,
            unexpected_field_behavior=_BEHAVIOUR[unknown_fields],
        ),
    )
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


def _misread(answer: pa.StructArray) -> Unknown:
    """Find unknown text that Arrow took for dates; refuse what is no scalar."""
    sessions, lists = _rows(answer)
    kinds = {"sessions": sessions.type, **{t: a.type.value_type for t, a in lists.items()}}
    kinds["end_reason"] = kinds["calls"].field("end_reason").type
    documented = _DOCUMENTED.field("answer").type.field("result").type.value_type
    known = {
        "sessions": documented,
        **{t: documented.field(key).type.value_type for t, key in CHILDREN.items()},
    }
    known["end_reason"] = known["calls"].field("end_reason").type
    found = {}
    for table, kind in kinds.items():
        extra = [kind.field(i) for i in range(known[table].num_fields, kind.num_fields)]
        if any(pa.types.is_nested(f.type) for f in extra):
            raise _RefusedError
        if names := frozenset(f.name for f in extra if f.type not in _SCALARS):
            found[table] = names
    return found


def _columns(answer: pa.StructArray, mended: Counter[str]) -> Columns:
    sessions, lists = _rows(answer)
    timezone = answer.field("timezone")[0].as_py()
    tables = {"sessions": _fields(sessions, "sessions", mended)}
    lengths: Lengths = {}
    for table, nested in lists.items():
        lengths[table] = (
            nested.value_lengths().fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        )
        tables[table] = _fields(nested.flatten(), table, mended)
    return Columns(
        tables=tables,
        lengths=lengths,
        total_count=answer.field("total_count")[0].as_py(),
        count=answer.field("count")[0].as_py(),
        timezone=timezone,
        zone=zone(timezone),
        mended=mended,
    )


def _fields(rows: pa.StructArray, table: str, mended: Counter[str]) -> dict[str, pa.Array]:
    """Take the rows of one table apart, each column in its own type."""
    if rows.null_count:
        raise _RefusedError
    found = _parts(rows, rows.field)
    for key in CHILDREN.values() if table == "sessions" else ():
        del found[key]
    reason = {}
    if table == "calls":
        nested = found.pop("end_reason")
        # Unlike a field, what is flattened is null where the object is.
        reason = _parts(nested, nested.flatten().__getitem__)
    columns = {}
    for field in SCHEMAS[table]:
        name = field.name
        if name == SESSION_ID and table in CHILDREN:
            if name in found:
                raise _RefusedError
            continue
        part = name.removeprefix("end_reason_")
        array = found.pop(name) if part == name else reason.pop(part)
        if name in REQUIRED[table] and array.null_count:
            raise _RefusedError
        columns[name] = _known(array, field.type, mended)
    for (of_reason, name), column in unknown_names(table, found, reason).items():
        columns[column] = _unknown((reason if of_reason else found)[name], mended)
    return columns


def _parts(rows: pa.StructArray, get: Callable[[int], pa.Array]) -> dict[str, pa.Array]:
    return {rows.type.field(i).name: get(i) for i in range(rows.type.num_fields)}


def _known(array: pa.Array, kind: pa.DataType, mended: Counter[str]) -> pa.Array:
    if kind == INSTANT:
        return _dates(array)
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


def _dates(text: pa.Array) -> pa.Array:
    """Read dates as documented; Arrow alone would take other forms, with zones, too."""
    known = text.drop_null()
    if len(known):
        _, offsets, data = known.buffers()
        ends = np.frombuffer(offsets, np.int32)[known.offset : known.offset + len(known) + 1]
        if not np.all(np.diff(ends) == _DATE_LENGTH):
            raise _RefusedError
        letters = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]].reshape(-1, _DATE_LENGTH)
        if not (np.all(letters[:, 10] == ord(" ")) and np.all(letters[:, 16] == ord(":"))):
            raise _RefusedError
    wall = text.cast(WALL)
    earliest = pc.min(wall.view(pa.int64())).as_py()
    if earliest is not None and earliest < _YEAR_ONE:
        raise _RefusedError
    return wall


def _unknown(array: pa.Array, mended: Counter[str]) -> pa.Array:
    values = len(array) - array.null_count
    if not values:
        # Of a type that was inferred from nothing. Arrow's own array of nulls
        # may carry a bitmap, and then equals no other.
        return pa.nulls(len(array), array.type)
    mended["unknown_field"] += values
    if array.type == pa.float64():
        # An integer that only a float could hold has lost digits by now.
        size = pc.max(pc.abs(array)).as_py()
        if not size < _EXACT_FLOAT:
            raise _RefusedError
    return array
