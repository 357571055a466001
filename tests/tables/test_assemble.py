"""Putting pages together, against a model of dicts and loops."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._spec.tables import SCHEMAS
from voxframe._tables.assemble import Assembled, assemble

Answer = Callable[..., Page]
START = 1_790_812_800  # 2026-10-01
FOREVER = {"first": 0, "end": 2**40}
version = st.tuples(st.integers(1, 12), st.integers(0, 9), st.lists(st.integers(1, 99), max_size=3))


def page_of(versions: list[tuple[int, int, list[int]]]) -> Page:
    rows = [
        {
            "call_session_history_id": number,
            "start_date": f"2026-10-01 00:00:0{second}",
            "rule_name": f"rule {second}",
            "calls": [{"call_id": c, "cost": c / 8} for c in calls],
            "records": [{"record_id": c} for c in calls[1:]],
        }
        for number, second, calls in versions
    ]
    return decode(RawPage(json.dumps({"result": rows}).encode()))


def pairs(found: Assembled, table: str, column: str) -> list[tuple[int, Any]]:
    rows = found.tables[table]
    parents = rows.column("call_session_history_id").to_pylist()
    return list(zip(parents, rows.column(column).to_pylist(), strict=True))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(version, max_size=8), max_size=6),
    st.integers(0, 9),
    st.integers(0, 10),
    st.booleans(),
)
def test_as_the_model(
    received: list[list[tuple[int, int, list[int]]]], first: int, end: int, desc_order: bool
) -> None:
    last = {}
    for rows in received:
        for number, second, calls in rows:
            last[number] = (second, number, calls)
    kept = sorted((row for row in last.values() if first <= row[0] < end), reverse=desc_order)
    found = assemble(
        [page_of(rows) for rows in received],
        first=START + first,
        end=START + end,
        desc_order=desc_order,
    )
    assert found.duplicates == sum(map(len, received)) - len(last)
    sessions = found.tables["sessions"]
    assert sessions.column("call_session_history_id").to_pylist() == [row[1] for row in kept]
    assert sessions.column("rule_name").to_pylist() == [f"rule {row[0]}" for row in kept]
    assert pairs(found, "calls", "call_id") == [(n, c) for _, n, cs in kept for c in cs]
    assert pairs(found, "records", "record_id") == [(n, c) for _, n, cs in kept for c in cs[1:]]
    for name, table in found.tables.items():
        table.validate(full=True)
        assert table.schema.equals(SCHEMAS[name], check_metadata=True)


def many(count: int = 3000, size: int = 500) -> list[Page]:
    rows = [
        {
            "call_session_history_id": 10 + i,
            "start_date": f"{datetime.fromtimestamp(START + i // 3, UTC):%Y-%m-%d %H:%M:%S}",
            "application_name": f"app {i % 7}",
            "calls": [{"call_id": 10 * i + j, "cost": 0.1} for j in range(i % 3)],
        }
        for i in range(count)
    ]
    parts = [rows[begin : begin + size] for begin in range(0, count, size)]
    return [decode(RawPage(json.dumps({"result": part}).encode())) for part in parts]


def test_order_of_arrival_makes_no_difference() -> None:
    pages = many()
    straight = assemble(pages, **FOREVER)
    shuffled = random.Random(1).sample(pages, len(pages))
    other = assemble([*shuffled, pages[2], pages[0]], **FOREVER)
    assert other.tables == straight.tables
    assert other.duplicates == 1000
    assert straight.tables["calls"].column("cost").combine_chunks().sum().as_py() == Decimal(300)
    backwards = assemble(shuffled, **FOREVER, desc_order=True)
    ids = straight.tables["sessions"].column(0).to_pylist()
    assert backwards.tables["sessions"].column(0).to_pylist() == ids[::-1]
    coded = [c for t in other.tables.values() for c in t.columns if pa.types.is_dictionary(c.type)]
    assert coded
    assert all(column.num_chunks == 1 for column in coded)


def test_nothing_is_four_empty_tables(answer: Answer) -> None:
    for pages in ([], [answer()], [answer(), answer()]):
        found = assemble(pages, **FOREVER)
        assert {n: t.schema for n, t in found.tables.items()} == SCHEMAS
        assert found.duplicates == 0
        assert not any(map(len, found.tables.values()))


def test_outside_the_window_is_empty_but_typed() -> None:
    found = assemble(many(500), first=0, end=1)
    assert {n: t.schema for n, t in found.tables.items()} == SCHEMAS
    assert not any(map(len, found.tables.values()))


@pytest.mark.parametrize(
    ("values", "kind", "kept"),
    [
        ([1, 2], pa.int64(), [1, 2]),
        ([None, 2], pa.int64(), [None, 2]),
        ([None, None], pa.string(), [None, None]),
        ([1, 0.5], pa.float64(), [1.0, 0.5]),
        ([2**60 + 1, 0.5], pa.string(), [str(2**60 + 1), "0.5"]),
        ([1, "a"], pa.string(), ["1", "a"]),
        ([True, "a"], pa.string(), ["true", "a"]),
        ([True, 1], pa.string(), ["true", "1"]),
        ([{"a": 1}, 1], pa.string(), ['{"a": 1}', "1"]),
        ([0.1, "x"], pa.string(), ["0.1", "x"]),
        (["2026-01-01", 5], pa.string(), ["2026-01-01", "5"]),
    ],
)
def test_unknown_columns_of_several_pages(
    values: list[Any], kind: pa.DataType, kept: list[Any], answer: Answer
) -> None:
    pages = [
        answer(
            {
                "call_session_history_id": i,
                "start_date": "2026-10-01 00:00:00",
                "calls": [{"call_id": i, "new": value}],
            }
        )
        for i, value in enumerate(values)
    ]
    plain = {"call_session_history_id": 9, "start_date": "2026-10-01 00:00:00"}
    pages.append(answer({**plain, "calls": [{"call_id": 9}]}))
    column = assemble(pages, **FOREVER).tables["calls"].column("new")
    assert column.type == kind
    assert column.to_pylist() == [*kept, None]
