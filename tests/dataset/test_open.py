"""A dataset that is opened: only what is asked for is read, and as it was read from the service."""

import json
import shutil
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import voxframe
from tests.dataset.test_dataset import CHANGING, FIRST, export
from tests.support.faulty import serving
from tests.support.histories import at
from voxframe import analysis
from voxframe._spec.tables import SCHEMAS
from voxframe.emulator import Motion, World
from voxframe.errors import ExportError, InvalidQueryError


@pytest.fixture(scope="module")
def synced(tmp_path_factory):
    path = tmp_path_factory.mktemp("synced")
    world = World(sessions=500, seed=5, now="2026-10-08 12:00:00", motion=Motion(late=0.0))
    with serving(world) as service:
        service.client.sync_call_history(path, "2026-10-01")
    return path, world


def test_days_without_reading_them(synced):
    path, world = synced
    data = voxframe.open_dataset(path)
    days = data.days
    assert days.dtypes.astype(str).to_dict() == {
        "day": "datetime64[s]", "sessions": "Int64", "calls": "Int64", "records": "Int64",
        "resource_usage": "Int64", "cost": "Float64", "vanished": "Int64",
        "read_at": "datetime64[us, UTC]", "settled": "boolean",
    }  # fmt: skip
    for day in days.itertuples():
        totals = world.totals(day.day, day.day + timedelta(days=1))
        assert (day.sessions, day.calls, day.records, day.resource_usage) == (
            totals.sessions, totals.calls, totals.records, totals.resource_usage
        )  # fmt: skip
        assert day.cost == float(totals.cost)
    assert days["settled"].tolist() == [True] * 4 + [False] * 4
    assert data.query["from_date"] == "2026-10-01T00:00:00+00:00"
    assert f"{days['sessions'].sum()} sessions, 2026-10-01 to 2026-10-08" in repr(data)


def test_what_is_known_ends_where_the_running_day_was_read(synced):
    path, _ = synced
    data = voxframe.open_dataset(path)
    moment = data.days["read_at"].iloc[-1]
    assert at("2026-10-08 11:59") < moment < at("2026-10-09")
    for receipt in (data.receipt, data.read().receipt, data.read("2026-10-07").receipt,
                    voxframe.CallHistory.from_parquet(path).receipt):  # fmt: skip
        assert receipt.to_date == moment
    assert data.read("2026-10-02", "2026-10-03").receipt.to_date == at("2026-10-03")
    for history in (data, data.read(), data.read("2026-10-08", "2026-10-09")):
        partial = analysis.cost_breakdown(history, freq="D")["partial"]
        assert partial.sum() == 1
        assert partial.iloc[-1]


def test_a_month_of_a_timezone_is_read(tmp_path):
    world = World(sessions=400, seed=6)
    with serving(world) as service:
        service.client.sync_call_history(tmp_path / "kept", "2026-10-01", "2026-11-01")
        asked = service.client.read_call_history("2026-10-05", "2026-10-07", timezone="Asia/Tokyo")
    data = voxframe.open_dataset(tmp_path / "kept")
    tokyo = data.read("2026-10-05", "2026-10-07", timezone="Asia/Tokyo")
    assert tokyo.receipt.from_date == asked.receipt.from_date
    assert tokyo.tables["sessions"].column(0).equals(asked.tables["sessions"].column(0))
    utc = data.read("2026-10-05", "2026-10-07").tables["sessions"].column(0)
    assert not tokyo.tables["sessions"].column(0).equals(utc)
    with pytest.raises(InvalidQueryError, match="timezone"):
        data.read("2026-10-05", "2026-10-07", timezone="Berlin/Europe")


def test_a_window_that_is_not_over_is_known_until_it_was_read(tmp_path):
    world = World(sessions=500, seed=5, now="2026-10-08 12:00:00", motion=Motion(late=0.0))
    with serving(world) as service:
        month = service.client.read_call_history("2026-10-01", "2026-11-01")
        pieces = list(service.client.iter_call_history("2026-10-01", "2026-11-01"))
        kept = service.client.export_call_history(tmp_path / "kept", "2026-10-01", "2026-11-01")
    # What was asked stays as it was asked; of what is not known yet no figure is whole.
    assert month.receipt.to_date == at("2026-11-01")
    assert at("2026-10-08 11:59") < month.receipt.known_until < at("2026-10-09")
    assert voxframe.Receipt.from_dict(month.receipt.to_dict()) == month.receipt
    assert at("2026-10-08 11:59") < kept.to_date < at("2026-10-09")
    for history in (month, voxframe.CallHistory.concat(pieces)):
        assert analysis.cost_breakdown(history, freq="D")["partial"].tolist() == [False] * 7 + [
            True
        ]
    assert 7.49 < analysis.compare(month, month)["days_now"].iloc[0] < 8


def test_arrow_and_duckdb_are_lazy_and_agree(synced):
    path, world = synced
    data = voxframe.open_dataset(path)
    table = data.arrow("calls")
    assert table.count_rows() == world.totals().calls
    day = table.to_table(filter=pc.field("start_day") == pd.Timestamp("2026-10-03").date())
    assert len(day) == world.totals("2026-10-03", "2026-10-04").calls
    con = data.duckdb()
    rows = con.execute("select count(*), sum(cost) from calls where start_day = '2026-10-03'")
    assert rows.fetchone() == (len(day), pc.sum(day["cost"]).as_py())
    joined = "select count(*) from sessions join calls using (call_session_history_id)"
    assert con.execute(joined).fetchone()[0] == world.totals().calls
    con.close()
    with pytest.raises(InvalidQueryError, match=r"table: 'call' .* did you mean 'calls'"):
        data.arrow("call")


def test_a_window_is_read_and_no_more(synced, monkeypatch):
    from voxframe._dataset import reading

    path, world = synced
    read = []
    whole = reading._read_file

    def watched(file, columns=None, *cure):
        read.append(file)
        return whole(file, columns, *cure)

    monkeypatch.setattr(reading, "_read_file", watched)
    history = voxframe.open_dataset(path).read("2026-10-02 06:00:00", "2026-10-03 12:00:00")
    want = world.expected("2026-10-02 06:00:00", "2026-10-03 12:00:00")
    ids = [s["call_session_history_id"] for s in want]
    assert history.tables["sessions"]["call_session_history_id"].to_pylist() == ids
    assert len(history.calls) == sum(len(s["calls"]) for s in want)
    assert {file.parent.name for file in read} == {"start_day=2026-10-02", "start_day=2026-10-03"}
    assert (history.receipt.sessions, str(history.receipt.to_date)) == (
        len(ids), "2026-10-03 12:00:00+00:00"
    )  # fmt: skip
    everything = voxframe.open_dataset(path).read()
    assert everything.tables["calls"].equals(
        voxframe.CallHistory.from_parquet(path).tables["calls"]
    )
    assert len(voxframe.open_dataset(path).read(pd.Period("2026-10-02"))) == len(
        world.expected("2026-10-02", "2026-10-03")
    )


def test_days_that_are_not_held_are_named(tmp_path):
    world = World(sessions=200, seed=5, now="2026-10-30 12:00:00", motion=Motion(late=0.0))
    with serving(world) as service:
        service.export(tmp_path / "a", "2026-10-02 06:00:00", "2026-10-04 06:00:00")
        service.export(tmp_path / "b", "2026-10-05", "2026-10-06")
        service.export(tmp_path / "c", "2026-10-06", "2026-10-07")
    data = voxframe.open_dataset([tmp_path / name for name in "abc"])
    held = "2026-10-02 to 2026-10-06"
    for window in (("2026-10-08", "2026-10-09"), ("2026-10-07",), (None, "2026-09-01")):
        with pytest.raises(InvalidQueryError, match=f"from_date: .* holds {held}"):
            data.read(*window)
    # A warning would be an error here.
    for window in (("2026-10-02", "2026-10-07"), ("2026-10-04 20:00:00",), (None, "2026-10-06")):
        data.read(*window)
    with pytest.warns(UserWarning, match="nothing of") as caught:
        whole = data.read("2026-09-29", "2026-10-08").tables["sessions"]
    assert whole.equals(data.read().tables["sessions"])
    text = (
        "nothing of 2026-09-29 to 2026-10-01 and 2026-10-07 is held, so it is not read; the "
        f"dataset holds {held}"
    )
    assert [(str(each.message), each.filename) for each in caught] == [(text, __file__)]
    with pytest.warns(UserWarning, match=r"are the same moment.*pandas.Period\('2026-10-02'\)"):
        assert len(data.read("2026-10-02", "2026-10-02")) == 0


def test_columns_that_are_not_wanted_are_not_read(synced):
    path, world = synced
    history = voxframe.open_dataset(path).read(columns=["cost", "duration"])
    names = {name: table.column_names for name, table in history.tables.items()}
    assert names == {
        "sessions": ["call_session_history_id", "start_date", "duration"],
        "calls": ["call_session_history_id", "call_id", "duration", "cost"],
        "records": ["call_session_history_id", "record_id", "duration", "cost"],
        "resource_usage": ["call_session_history_id", "resource_usage_id", "cost"],
    }
    assert pc.sum(history.tables["calls"]["cost"]).as_py() == world.totals().call_cost
    assert "CallHistory" in repr(history)
    assert "not known" in voxframe.open_dataset(path).read(columns="duration")._repr_html_()


def test_unknown_fields_come_back_as_columns(tmp_path):
    export(tmp_path / "h", CHANGING)
    data = voxframe.open_dataset(tmp_path / "h")
    calls = data.read("2026-10-02", "2026-10-04").tables["calls"]
    assert calls["x"].to_pylist() == [1.0, 1.0, 1.5, 1.5]
    assert data.read(columns=["x"]).tables["calls"].column_names == [
        "call_session_history_id", "call_id", "x"
    ]  # fmt: skip
    texts = data.arrow("calls").to_table()["unknown_fields"].drop_null().to_pylist()
    assert {str(json.loads(text)["x"]) for text in texts} == {"1", "1.5", "text"}


def test_several_as_one_have_each_session_once_as_it_was_read_last(tmp_path):
    export(tmp_path / "a", ({"x": 1},) * 4, now=FIRST + timedelta(days=30))
    export(tmp_path / "b", ({"x": 2},) * 4, now=FIRST + timedelta(days=40))
    data = voxframe.open_dataset([tmp_path / "a", tmp_path / "b"])
    assert data.days["sessions"].tolist() == [2, 2, 2, 2]
    assert len(data.query) == 2
    texts = data.arrow("calls").to_table()["unknown_fields"].to_pylist()
    assert [json.loads(text) for text in texts] == [{"x": 2}] * 8
    assert data.duckdb().execute("select count(*) from sessions").fetchone() == (8,)
    assert set(data.read().tables["calls"]["x"].to_pylist()) == {2}
    with pytest.raises(InvalidQueryError, match="at least one"):
        voxframe.open_dataset([])


@pytest.mark.parametrize("second", ["parquet", "delta"])
def test_windows_that_overlap_count_no_session_twice(tmp_path, second):
    world = World(sessions=300, seed=5, start="2026-10-01", end="2026-10-08")
    several = {"first": "2026-10-01", "second": "2026-10-03 12:00:00", "third": "2026-10-06"}
    ends = {"first": "2026-10-05", "second": "2026-10-07", "third": "2026-10-08"}
    with serving(world) as service:
        for name, begin in several.items():
            service.client.export_call_history(tmp_path / name, begin, ends[name])
        if second == "delta":
            shutil.rmtree(tmp_path / "second")
            service.client.sync_call_history(tmp_path / "second", "2026-10-03", format="delta")
    data = voxframe.open_dataset([tmp_path / name for name in several])
    whole = data.read().tables
    totals = world.totals()
    for name in SCHEMAS:
        table = data.arrow(name)
        count = getattr(totals, name)
        assert table.count_rows() == len(whole[name]) == data.days[name].sum() == count
        ids = sorted(table.to_table()["call_session_history_id"].to_pylist())
        assert ids == sorted(whole[name]["call_session_history_id"].to_pylist())
    apart = voxframe.open_dataset([tmp_path / "first", tmp_path / "third"])
    assert apart.arrow("calls").count_rows() == apart.days["calls"].sum()
    assert data.days["day"].is_monotonic_increasing
    assert data.days["cost"].sum() == pytest.approx(float(totals.cost), abs=1e-9)


def test_what_is_not_a_dataset_is_refused(tmp_path, synced):
    with pytest.raises(ExportError, match="not a finished dataset"):
        voxframe.open_dataset(tmp_path)
    for opening in (voxframe.open_dataset, voxframe.CallHistory.from_parquet):
        with pytest.raises(ExportError, match=r"^no such folder: .*nothing$"):
            opening(tmp_path / "nothing")
    with pytest.raises(InvalidQueryError, match="open_dataset has no such keyword"):
        voxframe.open_dataset(tmp_path, colour=1)
    history = voxframe.CallHistory.from_parquet(synced[0])
    history.to_parquet(tmp_path / "one")
    with pytest.raises(ExportError, match="from_parquet reads what to_parquet wrote"):
        voxframe.open_dataset(tmp_path / "one")
    assert isinstance(voxframe.open_dataset(synced[0]).arrow("calls").schema, pa.Schema)
    assert Decimal(0) <= pc.max(history.tables["calls"]["cost"]).as_py()


def test_the_repr_and_the_error_name_the_same_days(tmp_path):
    world = World(sessions=20, start="2026-10-01", end="2026-10-02", seed=1)
    with serving(world) as service:
        service.client.export_call_history(tmp_path, "2026-10-01", "2026-10-05")
    data = voxframe.open_dataset(tmp_path)
    assert repr(data) == "<voxframe.Dataset of 20 sessions, 2026-10-01 to 2026-10-04>"
    with pytest.raises(InvalidQueryError, match="which holds 2026-10-01 to 2026-10-04"):
        data.read("2026-10-06", "2026-10-07")
