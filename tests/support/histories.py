"""Histories for tests: small ones written out by hand, large ones drawn at random."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from voxframe._spec.tables import SCHEMAS

NUMBERS = (
    "+442079460958", "+12125550123", "447700900123", "0035312345678", "+33199001234",
    "sip:+4930231251@trunk1.example.net", "sip:desk@pbx.example.com", "anna", None,
)  # fmt: skip
TYPES = ("pstn", "pstn", "mobile", "pstn", "pstn", "sip", "sip", "user", None)
CODES = (480, 486, 487, 404, 408, 603, 503, 403, 499, None)
RESOURCES = ("CALLSESSION", "ASR", "VOICEMAILDETECTION", "TRANSCRIPTION", None)
FINISHES = ("Normal termination", "JS session error", "Timeout", None)


def at(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def tables(**rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """Build the four tables from rows; what a row leaves out is null."""
    return {
        name: pa.Table.from_pylist(
            [{field: row.get(field) for field in schema.names} for row in rows.get(name, [])],
            schema,
        )
        for name, schema in SCHEMAS.items()
    }


def _money(rng: np.random.Generator, size: int) -> pa.Array:
    nano = rng.integers(0, 3_000_000_000, size)
    words = np.stack([nano, np.zeros_like(nano)], axis=1)
    plain = pa.Array.from_buffers(pa.decimal128(18, 9), size, [None, pa.py_buffer(words.tobytes())])
    return plain.filter(pa.array(np.ones(size, np.bool_))) if size else plain


def _gaps(rng: np.random.Generator, values: pa.Array, share: float = 0.05) -> pa.Array:
    return pa.compute.if_else(pa.array(rng.random(len(values)) < share), None, values)


def _category(codes: np.ndarray, labels: tuple[str | None, ...]) -> pa.Array:
    known = [label for label in labels if label is not None]
    kept = np.array([known.index(label) if label is not None else -1 for label in labels])
    chosen = kept[codes]
    indices = pa.array(chosen.astype(np.int32), mask=chosen < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, pa.string()))


def _instant(seconds: np.ndarray) -> pa.Array:
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us", "UTC"))


def _finish(name: str, size: int, columns: dict[str, pa.Array]) -> pa.Table:
    schema = SCHEMAS[name]
    full = [columns.get(f.name, pa.nulls(size, f.type)) for f in schema]
    return pa.table(
        [column.cast(f.type) for column, f in zip(full, schema, strict=True)], schema=schema
    )


def random_tables(sessions: int, *, days: float = 60, seed: int = 0) -> dict[str, pa.Table]:
    """Draw a history: two calls a session on average, gaps in every column that may have some."""
    rng = np.random.default_rng(seed)
    begin = int(at("2026-10-01").timestamp())
    start = np.sort(rng.integers(begin, begin + int(days * 86_400), sessions))
    ids = 3_000_000_000 + np.arange(sessions) * 7 + rng.integers(0, 7, sessions)
    parent = np.sort(rng.integers(0, sessions, sessions * 2)) if sessions else np.empty(0, int)
    size = len(parent)
    who = rng.integers(0, len(NUMBERS), size)
    answered = rng.random(size) < 0.6
    seconds = np.where(answered, rng.lognormal(4, 1.3, size).astype(np.int64), 0)
    code = rng.integers(0, len(CODES), size)
    codes = np.array([c or -1 for c in CODES])[code]
    codes = np.where(answered, 200, codes)
    calls = {
        "call_session_history_id": pa.array(ids[parent]),
        "call_id": pa.array(np.arange(size) + 9_000_000_000),
        "start_time": _gaps(rng, _instant(start[parent] + rng.integers(0, 40, size)), 0.01),
        "duration": _gaps(rng, pa.array(seconds)),
        "remote_number": pa.array(np.array(NUMBERS, object)[who], pa.string()),
        "remote_number_type": _category(who, TYPES),
        "incoming": _gaps(rng, pa.array(rng.random(size) < 0.5), 0.01),
        "successful": _gaps(rng, pa.array(answered), 0.01),
        "cost": _gaps(rng, _money(rng, size)),
        "end_reason_code": pa.array(codes, mask=codes < 0),
    }
    uses = sessions * 2
    owner = np.sort(rng.integers(0, size, uses)) if size else np.empty(0, int)
    resource_usage = {
        "call_session_history_id": pa.array(ids[parent[owner]]),
        "resource_usage_id": pa.array(np.arange(len(owner)) + 7_000_000_000),
        "ref_call_id": _gaps(rng, pa.array(owner + 9_000_000_000), 0.4),
        "resource_type": _category(rng.integers(0, len(RESOURCES), len(owner)), RESOURCES),
        "cost": _gaps(rng, _money(rng, len(owner))),
        "used_at": _instant(start[parent[owner]]),
    }
    taped = np.flatnonzero(rng.random(sessions) < 0.4)
    records = {
        "call_session_history_id": pa.array(ids[taped]),
        "record_id": pa.array(np.arange(len(taped)) + 6_000_000_000),
        "start_time": _instant(start[taped]),
        "cost": _gaps(rng, _money(rng, len(taped))),
    }
    names = ("support", "sales", "München", None)
    own = {
        "call_session_history_id": pa.array(ids),
        "application_name": _category(rng.integers(0, len(names), sessions), names),
        "rule_name": _category(rng.integers(0, 2, sessions), ("in", "out")),
        "start_date": _instant(start),
        "finish_reason": _category(rng.integers(0, len(FINISHES), sessions), FINISHES),
    }
    return {
        "sessions": _finish("sessions", sessions, own),
        "calls": _finish("calls", size, calls),
        "records": _finish("records", len(taped), records),
        "resource_usage": _finish("resource_usage", len(owner), resource_usage),
    }


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return a frame's rows: None where it holds nothing, instants in epoch seconds."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        tuple(int(v.timestamp()) if isinstance(v, datetime) else v for v in row)
        for row in plain.itertuples(index=False, name=None)
    ]
