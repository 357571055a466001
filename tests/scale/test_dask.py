"""Four Dask DataFrames: lazy, divided by day, in the types of a read."""

import traceback

import pandas as pd
import pyarrow.compute as pc
import pytest

import voxframe
from tests.support.exact import FROM, TO
from voxframe.emulator import Emulator, Fault
from voxframe.errors import ApiError, CredentialsError, InvalidQueryError

pytest.importorskip("dask.dataframe")
NUMBER = "+4930123456"


@pytest.fixture
def read(emulator, key):
    from voxframe.dask import read_call_history

    def read(*window, **options):
        window = window or (FROM, TO)
        return read_call_history(*window, credentials=key, base_url=emulator.base_url, **options)

    return read


@pytest.fixture(scope="module")
def whole(emulator, key):
    return voxframe.read_call_history(FROM, TO, credentials=key, base_url=emulator.base_url)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_rows_and_types_are_those_of_a_read(backend, read, whole):
    frames = read(freq="W", dtype_backend=backend)
    for table, want in whole.to_pandas(backend).items():
        lazy = frames[table]
        columns = [*want.columns, "unknown_fields"]
        assert list(lazy.columns) == columns
        got = lazy.compute()
        assert (got.dtypes == lazy.dtypes).sum() + sum(want.dtypes == "category") == len(columns)
        assert lazy.dtypes["unknown_fields"] == got.dtypes["unknown_fields"]
        starts = want.start_date if table == "sessions" else want.call_session_history_id.map(
            whole.sessions.set_index("call_session_history_id").start_date
        )  # fmt: skip
        assert got.index.equals(pd.DatetimeIndex(starts))
        got = got.reset_index(drop=True)[want.columns]
        for name in want.columns:
            if want.dtypes[name] == "category":
                assert got[name].dtype == "category"
                assert got[name].astype("str").equals(want[name].astype("str"))
            else:
                pd.testing.assert_series_equal(got[name], want[name])


def test_divisions_are_days_and_a_day_reads_only_itself(read, emulator, whole):
    calls = read()["calls"]
    assert calls.npartitions == 31
    days = list(pd.date_range(FROM, TO, tz="UTC", unit="us", inclusive="left"))
    assert list(calls.divisions) == [*days, pd.Timestamp("2026-10-31 23:59:59", tz="UTC")]
    before = emulator.counters.requests
    day = calls.loc["2026-10-05"].compute()
    assert 1 <= emulator.counters.requests - before <= 2
    sessions = whole.sessions.set_index("call_session_history_id").start_date
    starts = whole.calls.call_session_history_id.map(sessions)
    assert len(day) == (starts.dt.date == pd.Timestamp("2026-10-05").date()).sum()
    a_day = read("2026-10-01", "2026-10-04")["calls"].call_id.resample("D").count().compute()
    assert a_day.to_list() == starts.dt.date.value_counts().sort_index().to_list()[:3]
    assert read(freq="W", desc_order=True)["calls"].known_divisions is False


def test_only_its_own_table_is_asked_for(read, emulator):
    frames = read("2026-10-01", "2026-10-02")
    for table, flags in {
        "sessions": ("false", "false", "false"),
        "calls": ("true", "false", "false"),
        "resource_usage": ("false", "false", "true"),
    }.items():
        assert len(frames[table].compute())
        params = emulator.requests[-1].params
        assert (
            params["with_calls"], params["with_records"], params["with_other_resources"],
        ) == flags  # fmt: skip


def test_exact_sums_of_money(read, whole):
    calls = read(freq="W", dtype_backend="pyarrow")["calls"]
    want = pc.sum(whole.tables["calls"]["cost"]).as_py()
    assert calls[["cost"]].sum().compute()["cost"] == want
    assert calls.groupby("remote_number_type").cost.sum().compute().sum() == want


def test_nothing_in_the_window(read, whole, emulator):
    before = emulator.counters.requests
    frames = read(FROM, FROM)
    other = read("2027-01-01", "2027-01-03")
    for table, want in whole.to_pandas().items():
        for lazy in (frames[table], other[table]):
            got = lazy.compute()
            assert len(got) == 0
            assert [d for d in got.dtypes[:-1] if d != "category"] == [
                d for d in want.dtypes if d != "category"
            ]
    assert emulator.counters.requests - before == 8


def test_what_is_wrong_is_said_before_anything_is_computed(read):
    from voxframe.dask import read_call_history

    for wrong, name in (
        ({"freq": "M"}, "freq"),
        ({"dtype_backend": "numpy"}, "dtype_backend"),
        ({"aplication_id": 3}, "aplication_id"),
    ):
        with pytest.raises(InvalidQueryError, match=f"^{name}: "):
            read(**wrong)
    with pytest.raises(CredentialsError, match="path of a key file"):
        read_call_history(FROM, TO, credentials={"private_key": "secret"})


def test_an_error_of_a_worker_is_ours_and_without_a_number(world, key):
    from voxframe.dask import read_call_history

    with Emulator(world, faults=[Fault("101")]) as emulator:
        frames = read_call_history(
            FROM, TO, credentials=key, base_url=emulator.base_url, remote_number=NUMBER
        )
        with pytest.raises(ApiError) as failed:
            frames["calls"].compute()
    assert failed.value.code == 101
    shown = "".join(traceback.format_exception(failed.value))
    assert NUMBER[1:] not in shown + repr(frames) + repr(frames["calls"].dask)
