"""Every documented parameter and every documented field arrives."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import voxframe
from tests.support.dtypes import TEXT
from tests.support.exact import FROM, TO, Truth, ids
from voxframe.emulator import Behaviour, Emulator, World
from voxframe.errors import InvalidQueryError


@pytest.fixture(scope="module")
def world():
    return World(sessions=2_500, start=FROM, end=TO, seed=21)


@pytest.fixture(scope="module")
def emulator(world):
    with Emulator(world, cache=True) as running:
        yield running


@pytest.fixture(scope="module")
def sessions(world):
    return world.expected()


def values(sessions, name):
    found = {s[name] for s in sessions if s.get(name) is not None}
    return sorted(found)


def one_call(sessions, name):
    return next(c[name] for s in sessions for c in s["calls"] if c.get(name))


FILTERS = {
    "call_session_history_id": lambda s: [x["call_session_history_id"] for x in s[5:25]],
    "application_id": lambda s: values(s, "application_id")[0],
    "application_name": lambda s: values(s, "application_name")[-1],
    "user_id": lambda s: values(s, "user_id")[:2],
    "remote_number": lambda s: [one_call(s, "remote_number"), "+15550199999"],
    "local_number": lambda s: one_call(s, "local_number"),
    "call_session_history_custom_data": lambda s: values(s, "custom_data")[-1],
    "child_account_id": lambda s: values(s, "account_id")[-1],
    "min_duration": lambda s: values(s, "duration")[len(values(s, "duration")) // 2],
    "max_duration": lambda s: values(s, "duration")[len(values(s, "duration")) // 3],
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_selects_what_the_world_says(name, emulator, world, sessions, read):
    value = FILTERS[name](sessions)
    listed = tuple(value) if isinstance(value, list) else value
    if name in ("remote_number", "local_number", "user_id", "child_account_id"):
        listed = listed if isinstance(listed, tuple) else (listed,)
    if name == "call_session_history_id":
        listed = tuple(value)
    history = read(emulator, **{name: value})
    want = [s["call_session_history_id"] for s in world.expected(FROM, TO, **{name: listed})]
    assert ids(history) == want
    assert want
    if name != "child_account_id":
        assert len(want) < 2_500


def test_rule_name_with_its_application(emulator, world, sessions, read):
    session = next(s for s in sessions if s.get("rule_name"))
    chosen = {"application_id": session["application_id"], "rule_name": session["rule_name"]}
    history = read(emulator, **chosen)
    want = [s["call_session_history_id"] for s in world.expected(FROM, TO, **chosen)]
    assert 0 < len(want) < 2_500
    assert ids(history) == want


def test_remote_number_list(emulator, world, sessions, read):
    number = one_call(sessions, "remote_number")
    history = read(emulator, remote_number_list=[number])
    want = [s["call_session_history_id"] for s in world.expected(FROM, TO, remote_number=(number,))]
    assert want
    assert ids(history) == want
    asked = json.loads(emulator.requests[-1].params["remote_number_list"])
    assert asked == [number, number.removeprefix("+")]


def test_children_calls_only(emulator, world, read):
    history = read(emulator, children_calls_only=True)
    want = world.expected(FROM, TO, children_calls_only=True)
    assert 0 < len(want) < 2_500
    assert ids(history) == [s["call_session_history_id"] for s in want]


def test_several_applications(emulator, world, sessions, read):
    some = values(sessions, "application_id")[:2]
    history = read(emulator, application_id=some)
    want = {
        s["call_session_history_id"]
        for one in some
        for s in world.expected(FROM, TO, application_id=one)
    }
    assert set(ids(history)) == want
    assert ids(history) == ids(read(emulator, application_id=tuple(reversed(some))))


def test_more_than_1000_session_ids(emulator, sessions, read):
    wanted = [s["call_session_history_id"] for s in sessions]
    assert ids(read(emulator, call_session_history_id=wanted)) == wanted


@pytest.mark.parametrize(
    ("option", "table"),
    [
        ("with_calls", "calls"),
        ("with_records", "records"),
        ("with_other_resources", "resource_usage"),
    ],
)
def test_content_can_be_left_out(option, table, emulator, read):
    history = read(emulator, **{option: False})
    full = read(emulator)
    for name in full.tables:
        if name == table:
            assert len(history.tables[name]) == 0 < len(full.tables[name])
        else:
            assert history.tables[name].equals(full.tables[name])


CHILDREN = {"calls": "calls", "records": "records", "resource_usage": "other_resource_usage"}


def plain(table):
    """Rows as the service spells them: dates as text, absent fields left out."""
    rows = []
    for row in table.to_pylist():
        kept = {name: value for name, value in row.items() if value is not None}
        code, details = kept.pop("end_reason_code", None), kept.pop("end_reason_details", None)
        if code is not None:
            kept["end_reason"] = {"code": code} | ({"details": details} if details else {})
        rows.append({name: spelled(value) for name, value in kept.items()})
    return rows


def spelled(value):
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value


def clean(row):
    kept = {
        name: value
        for name, value in row.items()
        if name not in CHILDREN.values() and value is not None
    }
    if "end_reason" in kept:
        kept["end_reason"] = {k: v for k, v in kept["end_reason"].items() if v}
    return kept


def test_every_field_of_every_row_arrives(emulator, sessions, read):
    history = read(emulator)
    assert plain(history.tables["sessions"]) == [clean(s) for s in sessions]
    for table, name in CHILDREN.items():
        want = [
            {"call_session_history_id": s["call_session_history_id"], **clean(child)}
            for s in sessions
            for child in s[name]
        ]
        assert plain(history.tables[table]) == want
    documented = {name for table in history.tables.values() for name in table.column_names}
    seen = {n for s in sessions for n in clean(s)} | {
        n for s in sessions for name in CHILDREN.values() for c in s[name] for n in clean(c)
    }
    assert documented - seen <= {"end_reason_code", "end_reason_details"}


def test_types_in_pandas(emulator, read):
    history = read(emulator)
    dtypes = {name: str(dtype) for name, dtype in history.calls.dtypes.items()}
    assert dtypes["call_id"] == "Int64"
    assert dtypes["start_time"] == "datetime64[us, UTC]"
    assert dtypes["cost"] == "Float64"
    assert dtypes["incoming"] == "boolean"
    assert dtypes["remote_number_type"] == "category"
    assert dtypes["remote_number"] == TEXT
    exact = history.to_pandas("pyarrow")["calls"].cost.dropna()
    assert isinstance(exact.iloc[0], Decimal)


# --- one page -------------------------------------------------------------------------------------


@pytest.fixture
def client(emulator):
    with voxframe.Client(emulator.credentials, base_url=emulator.base_url) as one:
        yield one


WINDOW = {"from_date": FROM, "to_date": TO}


def test_a_page_has_the_services_own_defaults(client):
    page = client.get_call_history(**WINDOW)
    assert page.count == 20 == len(page.tables["sessions"])
    assert page.total_count == 2_500
    assert page.timezone == "Etc/GMT"
    assert len(page.tables["calls"]) == 0 < len(page.tables["resource_usage"])


def test_count_offset_and_order_of_a_page(client, sessions):
    every = [s["call_session_history_id"] for s in sessions]

    def got(**more):
        page = client.get_call_history(**WINDOW, **more)
        return page.tables["sessions"]["call_session_history_id"].to_pylist()

    assert got(count=7, offset=100) == every[100:107]
    assert got(count=7, desc_order=True) == every[::-1][:7]
    assert client.get_call_history(**WINDOW, with_total_count=False).total_count is None
    assert len(client.get_call_history(**WINDOW, with_calls=True).tables["calls"]) > 0


def test_dates_of_a_page_may_be_aware(client, emulator):
    client.get_call_history(
        from_date=datetime(2026, 10, 1, tzinfo=UTC), to_date="2026-10-02T02:00:00+02:00"
    )
    params = emulator.requests[-1].params
    assert (params["from_date"], params["to_date"]) == (
        "2026-10-01 00:00:00",
        "2026-10-02 00:00:00",
    )


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        ({"count": 0}, "count"),
        ({"count": 1001}, "count"),
        ({"offset": 10_001}, "offset"),
        ({"call_session_history_id": range(1001)}, "call_session_history_id"),
        ({"application_id": 1, "application_name": "x"}, "application_name"),
        ({"colour": "red"}, "colour: get_call_history has no such keyword"),
        ({"remote_numbers": "1"}, "did you mean 'remote_number'?"),
        ({"with_calls": 1}, "with_calls"),
        ({"rule_name": "r"}, "rule_name"),
        ({"remote_number": "1", "remote_number_list": ["1"]}, "remote_number"),
        ({"min_duration": 5, "max_duration": 4}, "min_duration"),
        ({"from_date": TO, "to_date": FROM}, "to_date"),
    ],
)
def test_a_page_that_cannot_be_is_refused_before_any_request(bad, name, client, emulator):
    before = emulator.counters.requests
    with pytest.raises(InvalidQueryError, match=name):
        client.get_call_history(**{**WINDOW, **bad})
    with pytest.raises(InvalidQueryError, match="from_date"):
        client.get_call_history(to_date=TO)
    assert emulator.counters.requests == before


@pytest.mark.parametrize(
    "bad",
    [
        {"max_concurrency": 0}, {"max_concurrency": 65}, {"max_concurrency": True},
        {"retry": 3}, {"unknown_fields": "drop"}, {"progress": "yes"}, {"inclusive": True},
        {"base_url": "http://example.com"}, {"base_url": "ftp://127.0.0.1"}, {"timezone": "Mars"},
        {"desc_order": "yes"},
    ],
)  # fmt: skip
def test_a_read_that_cannot_be_is_refused_by_name(bad, emulator):
    before = emulator.counters.requests
    (name,) = bad
    with pytest.raises(InvalidQueryError, match=name):
        voxframe.read_call_history(
            FROM, TO, **{"credentials": emulator.credentials, "base_url": emulator.base_url, **bad}
        )
    assert emulator.counters.requests == before


@pytest.mark.parametrize(
    ("keyword", "words"),
    [("chunk_size", "chunk_size: read_call_history has no such keyword$"),
     ("timzone", "did you mean 'timezone'"), ("self", "no such keyword")],
)  # fmt: skip
def test_an_unknown_keyword_is_refused_by_name(keyword, words, emulator, read):
    with pytest.raises(InvalidQueryError, match=words):
        read(emulator, **{keyword: 5})


def test_a_generator_of_ids_is_read_once(client, sessions):
    some = [s["call_session_history_id"] for s in sessions[:3]]
    page = client.get_call_history(**WINDOW, call_session_history_id=(i for i in some))
    assert page.tables["sessions"]["call_session_history_id"].to_pylist() == some


def test_progress_is_reported(emulator, read):
    steps = []
    history = read(emulator, progress=steps.append)
    assert steps[-1].sessions == steps[-1].total == len(history)
    assert steps[-1].requests == history.receipt.requests
    assert [s.sessions for s in steps] == sorted(s.sessions for s in steps)


def test_unknown_fields_are_kept_ignored_or_refused(world, read):
    with Emulator(world, behaviour=Behaviour(extra_fields=True)) as emulator:
        kept = read(emulator)
        plain = read(emulator, unknown_fields="ignore")
        with pytest.raises(voxframe.errors.DecodeError):
            read(emulator, unknown_fields="raise")
    Truth(world).check(kept)
    for name, table in kept.tables.items():
        assert len(table.column_names) > len(plain.tables[name].column_names)
