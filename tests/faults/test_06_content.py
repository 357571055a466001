"""Rows 22 to 25: rows that are not as documented."""

from decimal import Decimal

import pytest

from tests.support.faulty import FROM, TO, at_most, check, serving
from voxframe import analysis
from voxframe.emulator import Behaviour, World
from voxframe.errors import DecodeError

DIRT = {
    "number_as_text": "text_for_number",
    "text_as_number": "number_for_text",
    "long_cost": "cost_rounded",
    "empty_number": "empty_text",
    "empty_date": "empty_text",
    "null_lists": None,
    "lone_surrogate": "lone_surrogate",
    "invalid_utf8": "invalid_utf8",
}


def test_unknown_fields_are_kept_at_every_level(small):
    with serving(small, behaviour=Behaviour(extra_fields=True)) as service:
        history = service.read()
    check(history.tables, small)
    tables = history.tables
    assert set(tables["sessions"]["x_campaign"].to_pylist()) == {
        '{"name": "spring 🌱", "scores": [1, 2.5, null]}'
    }
    assert set(tables["calls"]["x_mos"].to_pylist()) == {4.1}
    assert "remote" in tables["calls"]["end_reason_x_origin"].to_pylist()
    assert set(tables["records"]["x_codec"].to_pylist()) == {"opus"}
    assert set(tables["resource_usage"]["x_batch"].to_pylist()) == {"[1, 2]"}


@pytest.mark.parametrize("dirt", DIRT)
def test_dirt_is_kept_as_well_as_its_column_can_and_counted(dirt, small):
    with serving(small, behaviour=Behaviour(dirty=0.2, dirt=(dirt,))) as service:
        history = service.read()
        dirty = {i for i in ids_of(small) if service.emulator.dirt_of(i)}
    check(history.tables, small)
    assert dirty
    kind = DIRT[dirt]
    mended = history.receipt.mended
    assert mended == {} if kind is None else mended[kind] >= 1, mended
    by_id = {row["call_session_history_id"]: row for row in history.tables["sessions"].to_pylist()}
    for session in dirty:
        true, row = small.session(session), by_id[session]
        if dirt == "text_as_number":
            assert (row["custom_data"], row["rule_name"]) == ("12345", "42")
        elif dirt == "empty_number":
            assert (row["duration"], row["user_id"]) == (None, None)
        elif dirt in ("lone_surrogate", "invalid_utf8"):
            assert row["custom_data"] == "caf\N{REPLACEMENT CHARACTER}"
        else:
            assert row["application_id"] == true["application_id"]
            assert row["custom_data"] == true.get("custom_data")


def ids_of(world: World) -> list[int]:
    return [session["call_session_history_id"] for session in world.expected(FROM, TO)]


@pytest.mark.parametrize(
    ("poison", "field"),
    [
        ("nan", "cost"),
        ("infinity", "cost"),
        ("minus_infinity", "cost"),
        ("cost_of_40_digits", "cost"),
        ("too_big", "duration"),
        ("impossible_date", "start_date"),
        ("missing_id", "call_session_history_id"),
        ("null_id", "call_session_history_id"),
    ],
)
def test_what_no_column_can_hold_is_an_error_that_says_where(poison, field, small):
    with serving(small, behaviour=Behaviour(poison=poison)) as service:
        with at_most(3.0), pytest.raises(DecodeError, match=f"`{field}`") as told:
            service.read()
        # Nothing that another request could mend.
        assert service.requests == 1
    here = "session number" if poison.endswith("_id") else f"session {small.landmark}"
    assert here in str(told.value)


@pytest.mark.parametrize("unknown_fields", ["keep", "raise"])
def test_nan_in_a_field_that_nobody_knows_is_an_error_too(unknown_fields, small):
    with serving(small, behaviour=Behaviour(poison="nan_in_unknown")) as service:
        with pytest.raises(DecodeError, match="x_ratio"):
            service.read(unknown_fields=unknown_fields)
        assert service.requests == 1


def test_a_call_of_the_year_one_is_kept_and_fills_no_memory(small):
    with serving(small, behaviour=Behaviour(poison="year_one")) as service:
        history = service.read()
    check(history.tables, small)
    assert min(history.tables["calls"]["start_time"].to_pylist()).year == 1
    assert len(analysis.busy_hour(history)) <= 31


def test_a_session_of_10000_calls():
    world = World(sessions=20, start=FROM, end=TO, seed=51, huge_session=10_000)
    with serving(world) as service:
        history = service.read()
    check(history.tables, world)
    owners = history.tables["calls"]["call_session_history_id"].to_pylist()
    assert owners.count(world.landmark) >= 10_000
    assert history.sessions["duration"].notna().any()
    assert isinstance(history.tables["calls"]["cost"][0].as_py(), Decimal | None)


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_nesting_a_thousand_deep_is_refused_at_once(depth, small):
    with serving(small, behaviour=Behaviour(deep_nesting=depth)) as service:
        with at_most(5.0), pytest.raises(DecodeError, match="nested too deeply"):
            service.read()
        assert service.requests == 1
