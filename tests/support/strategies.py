"""Sessions as the service documents them, for property tests."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

EPOCH = datetime(2026, 1, 1)
ids = st.integers(1, 2**62)
seconds = st.integers(0, 86_400)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(["alpha", "beta", "gamma", "имя", ""])
costs = st.decimals(0, 1000, places=9, allow_nan=False).map(abs)
days = st.dates().map(str)
dates = st.integers(0, 400 * 86_400).map(lambda s: str(EPOCH + timedelta(seconds=s)))


def rows(key: str, required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    maybe = {name: st.none() | kind for name, kind in optional.items()}
    return st.fixed_dictionaries({key: ids, **required}, optional=maybe)


calls = rows(
    "call_id",
    {},
    {
        "transaction_id": ids,
        "start_time": dates,
        "duration": seconds,
        "local_number": texts,
        "remote_number": texts,
        "remote_number_type": names,
        "diversion_number": texts,
        "incoming": st.booleans(),
        "successful": st.booleans(),
        "record_url": texts,
        "media_server_address": texts,
        "audio_quality": names,
        "custom_data": texts,
        "direction": names,
        "cost": costs,
        "end_reason": st.fixed_dictionaries(
            {}, optional={"code": st.none() | st.integers(100, 699), "details": texts}
        ),
    },
)
records = rows(
    "record_id",
    {},
    {
        "transaction_id": ids,
        "record_name": texts,
        "record_url": texts,
        "transcription_url": texts,
        "transcription_status": names,
        "start_time": dates,
        "duration": seconds,
        "cost": costs,
        "file_size": st.integers(0, 2**40) | st.floats(0, 1e15),
        "is_removed": st.booleans(),
        "expiration_date": days,
    },
)
usages = rows(
    "resource_usage_id",
    {},
    {
        "transaction_id": ids,
        "ref_call_id": ids,
        "resource_type": names,
        "cost": costs,
        "description": texts,
        "unit": names,
        "used_at": dates,
        "resource_quantity": st.integers(0, 10**6),
    },
)


def lists(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=3)


sessions = rows(
    "call_session_history_id",
    {"start_date": dates},
    {
        "account_id": ids,
        "application_id": ids,
        "application_name": names,
        "user_id": ids,
        "rule_name": names,
        "duration": seconds,
        "active": st.booleans(),
        "audio_quality": names,
        "finish_reason": names,
        "custom_data": texts,
        "initiator_address": texts,
        "media_server_address": texts,
        "log_file_url": texts,
        "calls": lists(calls),
        "records": lists(records),
        "other_resource_usage": lists(usages),
    },
)

scalars = {
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(-1e15, 1e15),
    "bool": st.booleans(),
    "text": texts | dates,
    "null": st.none(),
}


@st.composite
def with_unknown(draw: st.DrawFn) -> list[Any]:
    """Sessions with unknown scalar fields, each of one type, at every level."""
    found = draw(st.lists(sessions, min_size=1, max_size=4))
    kinds = draw(
        st.dictionaries(st.sampled_from(["x", "a b", "", "é"]), st.sampled_from([*scalars]))
    )
    for session in found:
        children = [
            row
            for key in ("calls", "records", "other_resource_usage")
            for row in session.get(key) or []
        ]
        reasons = [row["end_reason"] for row in children if row.get("end_reason")]
        for row in [session, *children, *reasons]:
            for name, kind in kinds.items():
                if draw(st.booleans()):
                    row[name] = draw(st.none() | scalars[kind])
    return found


def to_json(value: Any) -> bytes:
    """Write JSON with decimals as plain numbers, all their digits kept."""
    marks: list[Decimal] = []

    def mark(number: Decimal) -> str:
        marks.append(number)
        return f"\0{len(marks) - 1}\0"

    text = json.dumps(value, default=mark, ensure_ascii=False)
    for at, number in enumerate(marks):
        text = text.replace(f'"\\u0000{at}\\u0000"', str(number), 1)
    return text.encode()
