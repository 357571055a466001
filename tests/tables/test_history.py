"""The result: frames, Parquet, pickles and what it says of itself."""

import errno
import os
import pickle
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from tests.support.dtypes import TEXT
from tests.support.strategies import sessions, to_json
from voxframe._dataset import files as _parquet
from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage
from voxframe._history import CallHistory
from voxframe._receipt import Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe._tables.assemble import assemble
from voxframe._tables.to_pandas import frame
from voxframe.errors import ExportError

Answer = Callable[..., Page]
RECEIPT = Receipt(
    from_date=datetime(2026, 10, 1, tzinfo=UTC),
    to_date=datetime(2026, 11, 1, tzinfo=UTC),
    requests=3,
    seconds=1.5,
    settled="the total <agrees>",
    mended={"cost_rounded": 2},
)
DTYPES = {
    pa.int64(): "Int64",
    pa.float64(): "Float64",
    pa.bool_(): "boolean",
    pa.string(): TEXT,
    pa.decimal128(18, 9): "Float64",
    pa.timestamp("us", "UTC"): "datetime64[us, UTC]",
    pa.date32(): "datetime64[s]",
    pa.dictionary(pa.int32(), pa.string()): "category",
}


def history_of(*pages: Page) -> CallHistory:
    return CallHistory(assemble(pages, first=0, end=2**40).tables, RECEIPT)


@pytest.fixture
def history(sample: Callable[[str], RawPage]) -> CallHistory:
    return history_of(decode(sample("documented")))


def same(left: CallHistory, right: CallHistory) -> bool:
    return (
        left.receipt == right.receipt
        and left.tables == right.tables
        and all(
            table.schema.equals(right.tables[name].schema, check_metadata=True)
            for name, table in left.tables.items()
        )
    )


def test_pandas_types(history: CallHistory, answer: Answer) -> None:
    for given_ in (history, history_of(answer())):
        for name, found in given_.to_pandas().items():
            assert found.columns.tolist() == SCHEMAS[name].names
            for field in SCHEMAS[name]:
                assert found[field.name].dtype == DTYPES[field.type], field.name


plain_answers = st.lists(sessions, max_size=5, unique_by=lambda s: s["call_session_history_id"])


@settings(max_examples=30, deadline=None)
@given(plain_answers)
def test_both_backends_and_parquet_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, found: list[Any]
) -> None:
    history = history_of(decode(RawPage(to_json({"result": found}))))
    nullable, arrow = history.to_pandas(), history.to_pandas("pyarrow")
    for name, table in history.tables.items():
        for column in table.column_names:
            want = table.column(column).to_pylist()
            exact = arrow[name][column].array.__arrow_array__().to_pylist()
            assert exact == want
            assert arrow[name][column].dtype == pd.ArrowDtype(table.schema.field(column).type)
            got = [None if pd.isna(v) else v for v in nullable[name][column]]
            if table.schema.field(column).type == pa.date32():
                got = [None if v is None else v.date() for v in got]
            assert got == [float(v) if isinstance(v, Decimal) else v for v in want]
    path = tmp_path_factory.mktemp("parquet") / "out"
    history.to_parquet(path)
    assert same(CallHistory.from_parquet(path), history)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.integers(-(10**18) + 1, 10**18 - 1), max_size=20), st.integers(0, 5))
def test_cost_is_the_nearest_float(units: list[int | None], skip: int) -> None:
    exact = [None if u is None else Decimal(u).scaleb(-9) for u in units]
    table = pa.table({"cost": pa.array(exact, pa.decimal128(18, 9))}).slice(skip)
    got = frame(table, "numpy_nullable")["cost"]
    assert got.dtype == "Float64"
    assert [None if pd.isna(v) else v for v in got] == [
        None if v is None else float(v) for v in exact[skip:]
    ]


def test_frames_are_made_once(history: CallHistory) -> None:
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(history.calls)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found is made[0] for found in made)
    assert len(history.sessions) == len(history) == 2
    assert len(history.records) == len(history.resource_usage) == 1
    assert history.to_pandas()["calls"] is not made[0]


def test_frames_are_ordinary(history: CallHistory) -> None:
    calls = history.calls.copy()
    calls.loc[0, "duration"] = 1
    calls["custom_data"] = calls["custom_data"].fillna("none")
    assert calls["cost"].sum() == pytest.approx(0.1000001)
    assert calls.groupby("remote_number_type", observed=True)["duration"].sum().to_dict() == {
        "mobile": 1,
        "sip": 0,
    }
    merged = calls.merge(history.sessions, on="call_session_history_id", suffixes=("", "_s"))
    assert len(merged) == 2
    assert history.calls.loc[0, "duration"] == 70
    assert history.tables["calls"].column("duration")[0].as_py() == 70


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
@pytest.mark.parametrize("pages", [1, 3])
def test_every_column_can_be_set_in_place(
    backend: str, pages: int, sample: Callable[[str], RawPage]
) -> None:
    body = sample("documented").body
    several = [RawPage(body.replace(b"410000000", b"4%d0000000" % n)) for n in range(pages)]
    history = history_of(*map(decode, several))
    before = {name: table.to_pylist() for name, table in history.tables.items()}
    for name, found in history.to_pandas(backend).items():
        for column in found.columns:
            value = found[column].iloc[0]
            found.loc[found.index == len(found) - 1, column] = value
            assert found[column].iloc[-1] == value, column
            found.loc[0, column] = None
            assert pd.isna(found[column].iloc[0]), (name, column)
    assert {name: table.to_pylist() for name, table in history.tables.items()} == before


def test_unknown_columns_in_pandas_and_parquet(answer: Answer, tmp_path: Path) -> None:
    row = {"call_session_history_id": 1, "start_date": "2026-10-01 00:00:00"}
    row |= {"a": 1, "b": 0.5, "c": True, "d": "x", "e": None, "f": {"g": 1}, "start_day": "z"}
    history = history_of(answer(row))
    kinds = [str(history.sessions[name].dtype) for name in "abcdef"]
    assert kinds == ["Int64", "Float64", "boolean", TEXT, TEXT, TEXT]
    history.to_parquet(tmp_path / "out")
    assert same(CallHistory.from_parquet(tmp_path / "out"), history)


def test_another_backend_is_refused(history: CallHistory) -> None:
    with pytest.raises(ValueError, match="'polars' is not one of numpy_nullable, pyarrow"):
        history.to_pandas("polars")  # type: ignore[arg-type]


def test_pickle(history: CallHistory) -> None:
    assert len(history.calls) == 2
    assert same(pickle.loads(pickle.dumps(history)), history)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_makes_a_frame(
    history: CallHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, begun, forked = threading.main_thread(), threading.Event(), threading.Event()

    def slow(*given: Any) -> pd.DataFrame:
        if threading.current_thread() is not main:
            begun.set()
            assert forked.wait(30)
        return frame(*given)

    monkeypatch.setattr("voxframe._history.frame", slow)
    made: list[pd.DataFrame] = []
    maker = threading.Thread(target=lambda: made.append(history.calls))
    maker.start()
    assert begun.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # else it might wait for ever, for a thread that it does not have
        os._exit(0 if len(history.calls) == 2 else 1)
    status = os.waitpid(child, 0)[1]
    mine = history.calls
    forked.set()
    maker.join()
    assert status == 0
    # All threads are given the same frame, so that what one sets the others see.
    assert made[0] is mine is history.calls


def test_a_pickle_takes_its_rows_and_not_their_pages(answer: Answer) -> None:
    rows = [
        {"call_session_history_id": i, "start_date": f"2026-10-{1 + i // 1000:02} 00:00:00"}
        for i in range(20_000)
    ]
    day = 1_790_812_800
    tables = assemble([answer(*rows)], first=day, end=day + 86_400).tables
    assert len(tables["sessions"]) == 1000
    one, whole = CallHistory(tables, RECEIPT), history_of(answer(*rows))
    assert 10 * len(pickle.dumps(one)) < len(pickle.dumps(whole))


def test_what_it_says(sample: Callable[[str], RawPage], answer: Answer) -> None:
    history = history_of(decode(sample("documented")))
    for text in (repr(history), history._repr_html_()):
        for part in (
            "2",
            "telephone network",
            "2026-10-01",
            "cost_rounded 2",
            "3 requests",
            "0.11",
            " KiB",
        ):
            assert part in text
        for number in ("79990000001", "74950000001", "0049301234567", "sip:agent"):
            assert number not in text
    assert "<agrees>" not in history._repr_html_()
    empty = history_of(answer())
    assert "0 sessions" in repr(empty)
    assert "none" in empty._repr_html_()


def test_parquet_files(history: CallHistory, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    history.to_parquet(target)
    assert sorted(p.name for p in target.iterdir()) == sorted(f"{n}.parquet" for n in SCHEMAS)
    assert [p.name for p in target.parent.iterdir()] == ["out"]
    calls = pd.read_parquet(target / "calls.parquet")
    assert calls["cost"].tolist() == [Decimal("0.100000000"), Decimal("0.000000100")]
    metadata = pq.ParquetFile(target / "calls.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    assert b"voxframe.receipt" in metadata.metadata


def test_parquet_replaces_what_it_wrote(
    history: CallHistory, answer: Answer, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    history_of(answer()).to_parquet(tmp_path / "out")
    history.to_parquet(str(tmp_path / "out"))
    assert same(CallHistory.from_parquet(tmp_path / "out"), history)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_foreign_targets_are_refused(history: CallHistory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    for name, why in [("file", "is a file"), ("full", "thesis.tex"), ("file/under", "cannot")]:
        with pytest.raises(ExportError, match=why):
            history.to_parquet(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "full" / "thesis.tex").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "full"]


@pytest.mark.parametrize("at", ["calls", "sessions"])
def test_full_disk_leaves_what_was_there(
    history: CallHistory,
    answer: Answer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    before = history_of(answer())
    before.to_parquet(tmp_path / "out")
    written = []
    write_table = pq.write_table

    def full(table: pa.Table, *args: Any, **kwargs: Any) -> None:
        written.append(table)
        if len(written) > list(SCHEMAS).index(at):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_table(table, *args, **kwargs)

    monkeypatch.setattr(_parquet.pq, "write_table", full)
    for target in ("out", "new"):
        with pytest.raises(ExportError, match="No space left"):
            history.to_parquet(tmp_path / target)
    assert same(CallHistory.from_parquet(tmp_path / "out"), before)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_two_writes_mixed_are_noticed(history: CallHistory, tmp_path: Path) -> None:
    history.to_parquet(tmp_path / "a")
    history.to_parquet(tmp_path / "b")
    (tmp_path / "a" / "calls.parquet").replace(tmp_path / "b" / "calls.parquet")
    with pytest.raises(ExportError, match="two writes"):
        CallHistory.from_parquet(tmp_path / "b")


def test_an_export_is_read_back(tmp_path: Path) -> None:
    rows = [
        {
            "call_session_history_id": number,
            "start_date": f"2026-10-0{day} 10:00:00",
            "application_name": f"app {number}",
            "calls": [{"call_id": 10 * number + j} for j in (2, 1)],
            **({"new": 5} if day == 2 else {}),
        }
        for day in (2, 1)
        for number in (day * 100 + 9, day * 100 + 1)
    ]
    want = history_of(decode(RawPage(to_json({"result": rows}))))
    for day in (1, 2):
        part = history_of(
            decode(
                RawPage(to_json({"result": [r for r in rows if r["start_date"][9] == str(day)]}))
            )
        )
        for name, table in part.tables.items():
            folder = tmp_path / "out" / name / f"start_day=2026-10-0{day}"
            folder.mkdir(parents=True)
            half = len(table) // 2
            pq.write_table(table.slice(half), folder / "a.parquet")
            pq.write_table(table.slice(0, half), folder / "b.parquet")
    got = CallHistory.from_parquet(tmp_path / "out")
    assert got.tables["sessions"] == want.tables["sessions"]
    assert got.tables["calls"].column(0) == want.tables["calls"].column(0)
    assert got.receipt.sessions == 4
    assert got.receipt.calls == 8
    (tmp_path / "out" / "sessions" / "start_day=2026-10-01" / "a.parquet").unlink()
    with pytest.raises(ExportError, match="calls of sessions"):
        CallHistory.from_parquet(tmp_path / "out")


def test_what_is_no_history(tmp_path: Path, history: CallHistory) -> None:
    with pytest.raises(ExportError, match="no call history"):
        CallHistory.from_parquet(tmp_path)
    history.to_parquet(tmp_path / "out")
    (tmp_path / "out" / "calls.parquet").write_bytes(b"PAR1")
    with pytest.raises(ExportError, match="cannot be read"):
        CallHistory.from_parquet(tmp_path / "out")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "out" / "calls.parquet")
    with pytest.raises(ExportError, match="two writes"):
        CallHistory.from_parquet(tmp_path / "out")
    for name in SCHEMAS:
        pq.write_table(pa.table({"x": [1]}), tmp_path / "out" / f"{name}.parquet")
    with pytest.raises(ExportError, match="not a table of sessions"):
        CallHistory.from_parquet(tmp_path / "out")


def test_receipt_survives_parquet(history: CallHistory, tmp_path: Path) -> None:
    told = CallHistory(history.tables, replace(RECEIPT, total_count=7, inclusive="both"))
    told.to_parquet(tmp_path / "out")
    assert CallHistory.from_parquet(tmp_path / "out").receipt == told.receipt
