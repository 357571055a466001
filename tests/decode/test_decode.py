"""What becomes of answers that are not quite, or not at all, as documented."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from voxframe._decode import fast
from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._spec.tables import SCHEMAS
from voxframe.errors import DecodeError

Answer = Callable[..., Page]
NUMBER = "+79991234567"


def session(**fields: Any) -> dict[str, Any]:
    return {"call_session_history_id": 1, "start_date": "2026-10-01 00:00:00", **fields}


def call(**fields: Any) -> dict[str, Any]:
    return session(calls=[{"call_id": 2, **fields}])


def one(page: Page, table: str, column: str) -> Any:
    return page.tables[table].column(column)[0].as_py()


def raw(text: str | bytes) -> Page:
    return decode(RawPage(text.encode() if isinstance(text, str) else text, "a window"))


def wrapped(rows: str) -> Page:
    return raw(f'{{"result":[{rows}]}}')


def test_every_documented_field(sample: Callable[[str], RawPage]) -> None:
    page = decode(sample("documented"))
    given = json.loads(sample("documented").body, parse_float=Decimal)["result"][0]
    assert page.mended == {}
    assert (page.count, page.total_count, page.timezone) == (2, 2, "Etc/GMT")
    for name, key in [
        ("sessions", None),
        ("calls", "calls"),
        ("records", "records"),
        ("resource_usage", "other_resource_usage"),
    ]:
        table = page.tables[name]
        assert table.schema.equals(SCHEMAS[name], check_metadata=True)
        row = given if key is None else {**given[key][0], "call_session_history_id": 4100000001}
        if reason := row.pop("end_reason", None):
            row |= {"end_reason_code": reason["code"], "end_reason_details": reason["details"]}
        for field in SCHEMAS[name]:
            value = table.column(field.name)[0].as_py()
            if field.type == pa.timestamp("us", "UTC"):
                value = f"{value:%Y-%m-%d %H:%M:%S}"
            if field.type == pa.date32():
                value = str(value)
            assert value == row[field.name], field.name
    assert page.tables["calls"].column("cost").to_pylist() == [Decimal("0.1"), Decimal("1e-7")]
    assert page.tables["calls"].column("end_reason_code").to_pylist() == [200, 603]


def test_empty(sample: Callable[[str], RawPage]) -> None:
    page = decode(sample("empty"))
    assert (page.count, page.total_count) == (0, 0)
    for name, schema in SCHEMAS.items():
        assert page.tables[name].schema.equals(schema)
        assert len(page.tables[name]) == 0


def test_bent(sample: Callable[[str], RawPage]) -> None:
    page = decode(sample("bent"))
    found = page.tables["sessions"].to_pylist()[0]
    assert found["call_session_history_id"] == 4100000003
    assert found["account_id"] == 1000001
    assert found["user_id"] is None
    assert found["application_name"] == "17"
    assert found["start_date"] == datetime(2026, 10, 1, 9, tzinfo=UTC)
    assert found["duration"] == 75
    assert found["custom_data"] == "\ufffd cut"
    assert json.loads(found["log_file_url"]) == {"was": "cleared"}
    calls = page.tables["calls"].to_pylist()
    assert calls[0]["start_time"] is None
    assert (calls[0]["incoming"], calls[0]["successful"]) == (True, False)
    assert [c["cost"] for c in calls] == [Decimal("0.123456789"), Decimal("0.100000001")]
    assert [c["end_reason_code"] for c in calls] == [480, 480]
    assert [c["end_reason_details"] for c in calls] == ["User offline", None]
    usage = page.tables["resource_usage"].to_pylist()[0]
    assert usage["resource_quantity"] == 15.5
    assert usage["cost"] == Decimal("2.000000000"), "half goes to even"
    assert page.mended == {
        "text_for_number": 4,
        "fraction_for_integer": 1,
        "empty_text": 3,
        "number_for_text": 1,
        "date_in_other_form": 1,
        "lone_surrogate": 1,
        "object_for_text": 1,
        "text_for_bool": 1,
        "number_for_bool": 1,
        "cost_rounded": 3,
        "end_reason_not_an_object": 2,
    }


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ({"call_session_history_id": 2**63, "start_date": "2026-10-01 00:00:00"}, "history_id"),
        ({"start_date": "2026-10-01 00:00:00"}, "call_session_history_id"),
        ({"call_session_history_id": 1}, "start_date"),
        (session(start_date=None), "start_date"),
        (session(start_date=""), "start_date"),
        (session(start_date="2026-02-30 00:00:00"), "start_date"),
        (session(start_date="0000-00-00 00:00:00"), "start_date"),
        (session(start_date="0000-01-01 00:00:00"), "start_date"),
        (session(start_date="2026-10-01"), "start_date"),
        (session(start_date=NUMBER), "start_date"),
        (session(start_date=1759276800), "start_date"),
        (session(duration=2**63), "duration"),
        (session(duration=10**100), "duration"),
        (session(duration=5.5), "duration"),
        (session(duration=NUMBER + "x"), "duration"),
        (session(duration=[NUMBER]), "duration"),
        (session(duration=float("nan")), "duration"),
        (call(cost=float("nan")), "cost"),
        (call(cost=float("inf")), "cost"),
        (call(cost=1e9), "cost"),
        (call(cost="1e999999"), "cost"),
        (call(cost=[NUMBER]), "cost"),
        (call(remote_number=float("nan")), "remote_number"),
        (call(incoming=NUMBER), "incoming"),
        (call(end_reason=True), "end_reason"),
        (call(end_reason={"code": NUMBER + "x"}), "end_reason_code"),
        (call(start_time="2026-13-01 00:00:00", remote_number=NUMBER), "start_time"),
        (session(records=[{"record_id": 1, "file_size": float("inf")}]), "file_size"),
        (session(records=[{"record_id": 1, "file_size": "1e400"}]), "file_size"),
        (session(records=[{"record_name": "x"}]), "record_id"),
        (session(records=[{"record_id": 1, "expiration_date": "2027-02-29"}]), "expiration_date"),
        (session(records=[{"record_id": 1, "expiration_date": "0000-00-00"}]), "expiration_date"),
        (session(records=[{"record_id": 1, "expiration_date": "05.01.2027"}]), "expiration_date"),
        (session(records=[{"record_id": 1, "expiration_date": 20270105}]), "expiration_date"),
        (session(calls=[{"remote_number": NUMBER}]), "call_id"),
        (session(calls=[None]), "calls"),
        (session(calls=[NUMBER]), "calls"),
        (session(calls=NUMBER), "calls"),
        (session(calls={"0": {}}), "calls"),
        (session(new={"deep": float("nan")}), "unknown field"),
        (session(new=float("nan")), "unknown field"),
        (session(new=float("-inf")), "unknown field"),
        *((call(cost=c), "cost") for c in (501403796152979, 2**128, -(2**129), 1e14, 1e38, 1e300)),
        *((call(cost=c), "cost") for c in (10**9, -(10**13), 10**40)),
        (None, "result"),
        (NUMBER, "result"),
    ],
)
def test_what_cannot_be_held(rows: Any, field: str, answer: Answer) -> None:
    with pytest.raises(DecodeError, match=field) as error:
        answer(rows)
    text = str(error.value)
    assert "9991234567" not in text
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    if isinstance(rows, dict) and rows.get("call_session_history_id") == 1:
        assert "session 1" in text or "unknown" in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"5",
        b'"result"',
        b"{}",
        b'{"result":[]',
        b'{"result":[]} x',
        b'{"result":[]}{"result":[]}',
        b'{"result":[]}\n{"result":[]}',
        b'{"result":[]} null',
        b'{"result":[]},"answer":{"result":[]}',
        b'{"result":[]},"other":{}',
        b'{"result":[],}',
        b"{'result':[]}",
        b'{"result":5}',
        b'{"result":{"1":{}}}',
        b'{"count":0}',
        b'{"result":[],"timezone":"Nowhere/Land"}',
        b'{"result":[],"timezone":"../etc/passwd"}',
        b'{"result":[],"count":"many"}',
        b'{"result":[],"total_count":9223372036854775808}',
        b"\x00",
        b"<html>Bad gateway</html>",
    ],
)
def test_no_answer(body: bytes) -> None:
    with pytest.raises(DecodeError, match="a window"):
        raw(body)


NESTED = {
    "lists": b'{"z":' + b"[" * 100_000 + b"]" * 100_000 + b',"result":[]}',
    "objects": b'{"z":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b',"result":[]}',
    "hidden": b'{"s":"' + b"]" * 200_000 + b'","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "open": b"[" * 1_000_000,
    "thousand": b'{"result":[{"call_session_history_id":1,"z":'
    + b"[" * 1000 + b"]" * 1000 + b"}]}",
    "null": b"null",
    "null after": b'{"result":[]} null',
}  # fmt: skip
# A thread has a smaller stack, and a crash would take a program of its own along.
NESTING = """
import sys, threading
from pathlib import Path
from voxframe._decode.decode import decode
from voxframe._decode.page import RawPage
from voxframe.errors import DecodeError

def run(path):
    for mode in ("keep", "ignore", "raise"):
        try:
            decode(RawPage(path.read_bytes()), unknown_fields=mode)
        except DecodeError:
            print(path.name, mode, flush=True)

for name in sys.argv[1:]:
    thread = threading.Thread(target=run, args=[Path(name)])
    thread.start()
    thread.join()
"""


def test_nesting_is_an_error_and_no_crash(tmp_path: Path) -> None:
    for name, body in NESTED.items():
        (tmp_path / name).write_bytes(body)
    done = subprocess.run(
        [sys.executable, "-c", NESTING, *(tmp_path / name for name in NESTED)],
        capture_output=True,
        text=True,
        check=False,
    )
    refused = "".join(f"{name} {mode}\n" for name in NESTED for mode in ("keep", "ignore", "raise"))
    assert (done.returncode, done.stdout) == (0, refused), done.stderr[-500:]


@pytest.mark.parametrize("depth", [2, 60, 150])
def test_nested_unknown_field_is_kept_as_text(depth: int) -> None:
    nested = "[" * depth + '{"a": 1.10}' + "]" * depth
    page = wrapped(
        f'{{"call_session_history_id":1,"start_date":"2026-10-01 00:00:00","z":{nested}}}'
    )
    assert one(page, "sessions", "z") == nested
    assert page.mended == {}
    assert page.unknown_fields == {"sessions.z": 1}


def test_unknown_fields_at_every_level(answer: Answer) -> None:
    found = call(new="2026-01-01", end_reason={"code": 1, "q850": 16, "deep": {"a": [1]}})
    found |= {"more": 5, "records": [{"record_id": 1, "x": True}]}
    found["other_resource_usage"] = [{"resource_usage_id": 1, "y": 0.5}]
    page = answer(found)
    assert one(page, "sessions", "more") == 5
    assert one(page, "calls", "new") == "2026-01-01"
    assert one(page, "calls", "end_reason_q850") == 16
    assert one(page, "calls", "end_reason_deep") == '{"a": [1]}'
    assert one(page, "records", "x") is True
    assert one(page, "resource_usage", "y") == 0.5
    assert page.mended == {}
    assert page.unknown_fields == {
        "calls.end_reason.deep": 1,
        "calls.end_reason.q850": 1,
        "calls.new": 1,
        "records.x": 1,
        "resource_usage.y": 1,
        "sessions.more": 1,
    }
    ignored = answer(found, unknown_fields="ignore")
    assert all(t.schema.equals(SCHEMAS[n]) for n, t in ignored.tables.items())
    with pytest.raises(DecodeError, match="`new` of session 1"):
        answer(call(new=NUMBER), unknown_fields="raise")
    with pytest.raises(DecodeError, match=r"`end_reason\.q850` of session 1"):
        answer(call(end_reason={"q850": 1}), unknown_fields="raise")


def test_names_of_unknown_fields_are_fit_for_a_terminal(answer: Answer) -> None:
    row = call(**{"a\x1b[2Jb": 1})
    page = answer(row, **{"\x07": 1})
    assert page.unknown_fields == {r"calls.a\x1b[2Jb": 1, r"envelope.\x07": 1}
    assert one(page, "calls", "a\x1b[2Jb") == 1, "a column's own name is data"
    for odd in (row, call(**{"a\x1b[2Jb": float("nan")})):
        with pytest.raises(DecodeError, match=r"a\\x1b\[2Jb") as error:
            answer(odd, unknown_fields="raise" if odd is row else "keep")
        assert str(error.value).isprintable()


def test_unknown_names_that_are_taken(answer: Answer) -> None:
    page = answer(call(end_reason={"code": 1}, end_reason_code=7))
    assert one(page, "calls", "end_reason_code") == 1
    assert one(page, "calls", "end_reason_code_") == 7
    assert answer(call(call_session_history_id=1)).tables["calls"].schema.equals(SCHEMAS["calls"])
    page = answer(call(call_session_history_id=5))
    assert one(page, "calls", "call_session_history_id") == 1
    assert one(page, "calls", "call_session_history_id_") == 5


def test_mixed_unknown_values_lose_nothing(answer: Answer) -> None:
    rows = [
        {"call_session_history_id": i, "start_date": "2026-10-01 00:00:00", "z": value}
        for i, value in enumerate([1, "one", 2**70, None, 0.1])
    ]
    kept = answer(*rows).tables["sessions"].column("z").to_pylist()
    assert kept == ["1", "one", str(2**70), None, "0.1"]
    wide = answer(rows[0], rows[2]).tables["sessions"].column("z").to_pylist()
    assert wide == ["1", str(2**70)]


def test_envelope_field_is_no_data(answer: Answer) -> None:
    page = answer(session(), server="a", node=None, trace={"id": [1]})
    assert page.mended == {}
    assert page.unknown_fields == {"envelope.server": 1, "envelope.trace": 1}
    assert page.tables["sessions"].schema.equals(SCHEMAS["sessions"])


@pytest.mark.parametrize(
    ("given", "warnings"),
    [
        ([], ()),
        (None, ()),
        (["Period is one month.", None, "é"], ("Period is one month.", "é")),
        ("as text", ("as text",)),
        ({"code": 1.50}, ('{"code": 1.5}',)),
        ([{"msg": "as object"}, 5], ('{"msg": "as object"}', "5")),
    ],
)
def test_warnings_of_the_service(given: Any, warnings: tuple[str, ...], answer: Answer) -> None:
    page = answer(session(), warnings=given)
    assert page.warnings == warnings
    assert page.mended == {}
    assert page.unknown_fields == {}


@pytest.mark.parametrize(
    ("given", "code", "details", "mended"),
    [
        ("480 User offline", 480, "User offline", 1),
        (" 486\n", 486, None, 1),
        ("User offline", None, "User offline", 1),
        ("4800 User offline", None, "4800 User offline", 1),
        (603, 603, None, 1),
        ({"code": "603"}, 603, None, 0),
        ({"details": "480 User offline"}, None, "480 User offline", 0),
        ({}, None, None, 0),
        (None, None, None, 0),
        ("", None, None, 0),
    ],
)
def test_end_reason_in_other_forms(
    given: Any, code: int | None, details: str | None, mended: int, answer: Answer
) -> None:
    page = answer(call(end_reason=given))
    assert one(page, "calls", "end_reason_code") == code
    assert one(page, "calls", "end_reason_details") == details
    assert page.mended.get("end_reason_not_an_object", 0) == mended


def test_a_live_answer_is_read_the_fast_way(answer: Answer) -> None:
    """Fields that are in every real answer, not one in the reference."""
    record = {"record_id": 3, "is_removed": False, "expiration_date": "2027-01-05"}
    row = call(direction="Russia Mobile", audio_quality="HD")
    row |= {"active": False, "records": [record]}
    body = json.dumps({"result": [row], "warnings": ["One month."]}).encode()
    assert fast.read(body, "raise") is not None
    page = answer(row, warnings=["One month."])
    assert (page.mended, page.unknown_fields) == ({}, {})
    assert one(page, "sessions", "active") is False
    assert one(page, "calls", "direction") == "Russia Mobile"
    assert one(page, "calls", "audio_quality") == "HD"
    assert one(page, "records", "is_removed") is False
    assert one(page, "records", "expiration_date") == date(2027, 1, 5)


@pytest.mark.parametrize(
    ("text", "day", "mended"),
    [
        ("2027-01-05 00:00:00", date(2027, 1, 5), {"date_in_other_form": 1}),
        ("2027-01-05T23:59:59Z", date(2027, 1, 5), {"date_in_other_form": 1}),
        (" 2027-01-05", date(2027, 1, 5), {"date_in_other_form": 1}),
        ("", None, {"empty_text": 1}),
        ("0001-01-01", date(1, 1, 1), {}),
    ],
)
def test_days(text: str, day: date | None, mended: dict[str, int], answer: Answer) -> None:
    page = answer(session(records=[{"record_id": 1, "expiration_date": text}]))
    assert one(page, "records", "expiration_date") == day
    assert page.mended == mended


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'\xef\xbb\xbf{"result":[{"call_session_history_id":1,%s}]}', "byte_order_mark"),
        (b'{"result":[{"call_session_history_id":1,"custom_data":"\xff",%s}]}', "invalid_utf8"),
        (
            b'{"result":[{"call_session_history_id":1,"custom_data":"\xed\xa0\x80",%s}]}',
            "invalid_utf8",
        ),
        (
            b'{"result":[{"call_session_history_id":1,"custom_data":"\\ud800",%s}]}',
            "lone_surrogate",
        ),
        (b'{"result":[{"call_session_history_id":1,"\\ud800":"\\udfff",%s}]}', "lone_surrogate"),
        (
            b'{"result":[{"call_session_history_id":1,"duration":1,"duration":2,%s}]}',
            "duplicate_key",
        ),
        (
            b'{"result":[{"call_session_history_id":1,"calls":[{"call_id":1,"cost":"1"}],%s}]}',
            "text_for_number",
        ),
        (
            b'{"result":[{"call_session_history_id":1,"calls":[{"call_id":1,"cost" :\t"1"}],%s}]}',
            "text_for_number",
        ),
    ],
)
def test_mended_bytes(body: bytes, kind: str) -> None:
    page = raw(body % b'"start_date":"2026-10-01 00:00:00"')
    assert page.mended[kind] == 1
    for table in page.tables.values():
        table.validate(full=True)


def test_a_number_beside_nan_in_an_unknown_field() -> None:
    row = '{"call_session_history_id":%d,"start_date":"2026-10-01 00:00:00","x":%s}'
    with pytest.raises(DecodeError, match=r"sessions\.x"):
        wrapped(f"{row % (1, '0.5')},{row % (2, 'NaN')}")


def test_a_cost_beside_others_that_wraps_around_in_128_bits() -> None:
    with pytest.raises(DecodeError, match="cost"):
        wrapped(
            '{"call_session_history_id":1,"start_date":"2026-10-01 00:00:00",'
            '"calls":[{"call_id":1,"cost":501403796152979},{"call_id":2,"cost":0.01}]}'
        )


def test_integer_of_thousands_of_digits() -> None:
    with pytest.raises(DecodeError, match="`account_id` of session 1"):
        wrapped('{"call_session_history_id":1,"account_id":%s}' % ("9" * 5000))


def test_text_is_kept_as_it_is(answer: Answer) -> None:
    for text in ["", "\0", "a\0b", "😀", "00049", "+1", "\u2028", "x" * 5_000_000, '[{"a":"]"}']:
        assert one(answer(session(custom_data=text)), "sessions", "custom_data") == text


def test_ten_thousand_calls(answer: Answer) -> None:
    page = answer(session(calls=[{"call_id": i} for i in range(1, 10_001)]))
    assert page.tables["calls"].column("call_id").to_pylist() == [*range(1, 10_001)]
    assert page.mended == {}


def test_timezone_of_the_answer(answer: Answer) -> None:
    page = answer(call(start_time="2026-10-25 02:30:00"), timezone="Europe/Berlin")
    assert one(page, "sessions", "start_date") == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert one(page, "calls", "start_time") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert page.timezone == "Europe/Berlin"
    assert page.mended == {"ambiguous_local_time": 1}
    assert answer(session(), timezone=None).timezone == "UTC"


@pytest.mark.parametrize(
    ("zone", "text", "nearest", "outside"),
    [
        ("Europe/Berlin", "0001-01-01 00:00:00", datetime(1, 1, 1, tzinfo=UTC), 1),
        ("-03:00", "0001-01-01 00:00:00", datetime(1, 1, 1, 3, tzinfo=UTC), 0),
        ("-03:00", "9999-12-31 23:59:59", datetime.max.replace(tzinfo=UTC), 1),
        ("+03:00", "9999-12-31 23:59:59", datetime(9999, 12, 31, 20, 59, 59, tzinfo=UTC), 0),
    ],
)
def test_the_first_and_the_last_year_of_other_zones(
    zone: str, text: str, nearest: datetime, outside: int, answer: Answer
) -> None:
    for duration in (5, " 5 "):
        page = answer(call(start_time=text, duration=duration), timezone=zone)
        assert one(page, "calls", "start_time") == nearest
        assert page.mended.get("date_out_of_range", 0) == outside
        assert str(page.tables["calls"].to_pandas())


@pytest.mark.parametrize("text", ["2026-10-01T03:00:00+03:00", "2026-10-01 00:00:00Z"])
def test_dates_with_a_zone_of_their_own(text: str, answer: Answer) -> None:
    page = answer(session(start_date=text), timezone="Asia/Tokyo")
    assert one(page, "sessions", "start_date") == datetime(2026, 10, 1, tzinfo=UTC)
    assert page.mended == {"date_in_other_form": 1}


def test_nothing_of_a_row_in_a_repr(answer: Answer) -> None:
    page = answer(call(remote_number=NUMBER))
    assert NUMBER not in repr(page)


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="keep, ignore, raise"):
        decode(RawPage(b"{}"), unknown_fields="drop")
