"""The law of decoding: a clean page gives the same tables both ways."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import sessions, to_json, with_unknown
from voxframe._decode import fast as _fast
from voxframe._decode import tolerant as _tolerant
from voxframe._decode.columns import typed
from voxframe._decode.page import RawPage

ZONES = st.sampled_from(["Etc/GMT", "Europe/Berlin", "+03:00", "America/New_York", None])


def check_same(body: bytes, unknown_fields: str = "keep") -> None:
    fast = _fast.read(body, unknown_fields)
    assert fast is not None, "a clean page was refused"
    slow = _tolerant.read(body, unknown_fields, "")
    ours, theirs = typed(fast), typed(slow)
    for name, table in ours.items():
        assert table.schema.equals(theirs[name].schema, check_metadata=True)
        assert table.equals(theirs[name])
        table.validate(full=True)
    for name in ("mended", "unknown_fields", "warnings", "count", "total_count", "timezone"):
        assert getattr(fast, name) == getattr(slow, name), name
    for name, counts in fast.lengths.items():
        assert counts.tolist() == slow.lengths[name].tolist()


@settings(max_examples=80, deadline=None)
@given(st.lists(sessions, max_size=4), ZONES, st.sampled_from(["keep", "ignore", "raise"]))
def test_documented(found: list[Any], timezone: str | None, unknown_fields: str) -> None:
    answer = {"result": found, "count": len(found), "total_count": None, "timezone": timezone}
    answer |= {} if timezone else {"warnings": ["One month.", None]}
    check_same(to_json(answer), unknown_fields)


@settings(max_examples=80, deadline=None)
@given(with_unknown(), st.sampled_from(["keep", "ignore"]))
def test_unknown_scalars(found: list[Any], unknown_fields: str) -> None:
    body = to_json({"result": found, "more": {"to": ["come"]}})
    fast = _fast.read(body, unknown_fields)
    if fast is None:  # an integer beyond what a float holds, among floats
        assert any(abs(v) >= 2**53 for v in numbers(found))
    else:
        check_same(body, unknown_fields)


def numbers(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, int | float) else []


@pytest.mark.parametrize("name", ["documented", "empty"])
def test_samples(name: str, sample: Callable[[str], RawPage]) -> None:
    check_same(sample(name).body)


COSTS = ["0.1", "1e-7", "1E2", "-0.0", "0", "-5e-9", "999999999.999999999", "1.5e8"]
LONG_COSTS = ["0.12345678901234567", "0.0000000005", "0.0000000015", "1e-20", "2.5000000005e-1"]


@pytest.mark.parametrize("cost", COSTS + LONG_COSTS)
def test_costs(cost: str) -> None:
    body = (
        b'{"result":[{"call_session_history_id":1,"start_date":"2026-10-01 00:00:00",'
        b'"calls":[{"call_id":1,"cost":%s}]}]}'
    )
    check_same(body % cost.encode())
