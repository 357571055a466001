"""Pages with odd values of a few kinds are still read the fast way, and read the same."""

from typing import Any

import pytest

from tests.decode.test_fast_is_tolerant import check_same
from tests.support.strategies import to_json
from voxframe._decode import fast as _fast
from voxframe._decode import tolerant as _tolerant

START = "2026-10-01 00:00:00"


def body(*calls: dict[str, Any], more: dict[str, Any] | None = None, **fields: Any) -> bytes:
    sessions = [
        {"call_session_history_id": 1, "start_date": START, "duration": 5},
        {"call_session_history_id": 2, "start_date": START, **fields, "calls": [*calls]},
    ]
    return to_json({"result": sessions, **(more or {})})


@pytest.mark.parametrize(
    "fields",
    [
        {"duration": "60"},
        {"duration": "-0"},
        {"user_id": ""},
        {"user_id": "", "duration": "60", "account_id": "123456789012345678"},
        {"active": "true"},
        {"active": 0},
        {"active": ""},
        {"custom_data": 49123, "application_name": 0},
        {"records": "", "other_resource_usage": ""},
        {"records": [{"record_id": "3", "cost": "0.10", "file_size": "15.5", "start_time": ""}]},
        {"records": [{"record_id": 3, "expiration_date": ""}, {"record_id": 4}]},
        {"records": [{"record_id": 3, "cost": ""}, {"record_id": 4, "cost": "0.12345678905"}]},
        {"custom_data": 'a, "duration": "60"', "duration": "60"},
        {"more": {"count": "2", "total_count": ""}},
        *({key: "7"} for key in ("application_id", "call_session_history_id")),
    ],
)
def test_odd_values_that_are_rewritten(fields: dict[str, Any]) -> None:
    check_same(body({"call_id": 1}, **fields))


def test_odd_values_of_calls() -> None:
    odd = {"call_id": "1", "end_reason": {"code": "603"}, "incoming": 1, "cost": "1.5"}
    check_same(body(odd, {"call_id": 2, "end_reason": ""}, {"call_id": 3, "remote_number": 49}))


@pytest.mark.parametrize("unknown_fields", ["keep", "ignore"])
@pytest.mark.parametrize(
    "page",
    [
        body({"call_id": 1, "user_id": "7"}, user_id="7"),
        body({"call_id": 1, "user_id": ""}, user_id=""),
        body({"call_id": 1, "x": {"duration": "60"}}, duration="60"),
        body({"call_id": 1, "x": [{"duration": ""}]}, duration=""),
        body({"call_id": 1}, duration="60", more={"trace": {"duration": "60"}}),
        body({"call_id": 1}, custom_data=5, more={"custom_data": 5}),
    ],
)
def test_a_key_of_an_unknown_field_is_never_rewritten(page: bytes, unknown_fields: str) -> None:
    assert _fast.read(page, unknown_fields) is None
    tolerant = _tolerant.read(page, "keep", "")
    assert tolerant.mended.total() == 1


NESTED = [
    {"mos": 4.20, "loss": 1e-9, "net": {"codec": "op\u00fcs", "list": [1, 2.50, None], "ok": True}},
    {"mos": -0.0, "loss": 10**30, "net": {"codec": 'a"b\\', "list": []}},
    {},
]


@pytest.mark.parametrize("value", [*NESTED, [], [[1.50], []], [{"call": "\x7f"}]])
def test_nested_unknown_fields(value: Any) -> None:
    check_same(body({"call_id": 1}, {"call_id": 2, "quality": value}, {"call_id": 3}))
    check_same(body({"call_id": 1, "end_reason": {"code": 1, "deep": value}}))
    check_same(body({"call_id": 1}, quality=value, x="2026-10-01", duration="60"))


def test_nested_unknown_fields_keep_their_rows() -> None:
    calls = [{"call_id": i, **({} if each is None else {"quality": each})} for i, each in
             enumerate([NESTED[0], None, NESTED[1], None, NESTED[2]], 1)]  # fmt: skip
    check_same(body(*calls, note={"text": '"quality": {"mos": 9}'}))


@pytest.mark.parametrize(
    "page",
    [
        body({"call_id": 1, "x": {"a": 1}}, x={"a": 1}),
        body({"call_id": 1, "x": {"x": {"a": 1}}}),
        body({"call_id": 1, "x": {"a": 1}}, more={"trace": {"x": {"a": 2}}}),
        body({"call_id": 1, "end_reason": {"code": 1}}, end_reason={"code": 2}),
        body({"call_id": 1, "x": {"a": float("nan")}}),
        body({"call_id": 1, "x.y": {"a": 1}}),
        body({"call_id": 1, "xA": {"a": 1}}).replace(b"xA", b"x\\u0041"),
    ],
)
def test_nested_fields_that_could_be_mistaken_are_for_the_tolerant_way(page: bytes) -> None:
    assert _fast.read(page, "keep") is None
