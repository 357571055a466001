import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from voxframe._plan.dense_second import SPLITTERS
from voxframe._query.query import query
from voxframe._query.spelling import spell
from voxframe._query.window import window
from voxframe.errors import InvalidQueryError

OCTOBER = window("2026-10-01", "2026-11-01")


def form(**filters):
    (only,) = query(OCTOBER, **filters).forms
    return dict(only)


def test_no_filter_is_an_empty_form():
    assert form(application_id=None) == {}


@pytest.mark.parametrize(
    ("filters", "spelled"),
    [
        ({"application_id": 5}, {"application_id": "5"}),
        ({"application_name": "sales"}, {"application_name": "sales"}),
        ({"user_id": [1, 2]}, {"user_id": "1;2"}),
        ({"user_id": np.array([1, 2])}, {"user_id": "1;2"}),
        ({"user_id": pd.Series([1, 2])}, {"user_id": "1;2"}),
        ({"user_id": range(3)}, {"user_id": "0;1;2"}),
        ({"user_id": (i for i in (4, 5))}, {"user_id": "4;5"}),
        ({"child_account_id": {7}}, {"child_account_id": "7"}),
        ({"children_calls_only": True}, {"children_calls_only": "true"}),
        ({"with_calls": np.bool_(False)}, {"with_calls": "false"}),
        ({"user_id": np.array(7)}, {"user_id": "7"}),
        ({"user_id": pd.Index([1, 2])}, {"user_id": "1;2"}),
        ({"user_id": pd.Series([1, 2], dtype="Int64")}, {"user_id": "1;2"}),
        ({"user_id": pd.Series([1, 2], dtype="int64[pyarrow]")}, {"user_id": "1;2"}),
        ({"user_id": pd.Series([1.0, 2.0])}, {"user_id": "1;2"}),
        ({"user_id": pl.Series([1, 2])}, {"user_id": "1;2"}),
        ({"user_id": pa.array([1, 2])}, {"user_id": "1;2"}),
        ({"user_id": pa.chunked_array([[1], [2]])}, {"user_id": "1;2"}),
        ({"application_id": pa.scalar(3)}, {"application_id": "3"}),
        ({"application_id": 3.0}, {"application_id": "3"}),
        ({"child_account_id": "all"}, {"child_account_id": "all"}),
        ({"child_account_id": ["all"]}, {"child_account_id": "all"}),
        ({"local_number": pa.array(["1", "2"])}, {"local_number": "1;2"}),
        ({"local_number": pd.Series(["1", "2"], dtype="category")}, {"local_number": "1;2"}),
        ({"local_number": pl.Series(["1", "1"])}, {"local_number": "1"}),
        ({"remote_number": ["+15550100", "007"]}, {"remote_number": "+15550100;15550100;007"}),
        ({"remote_number": "+1 (555) 01-00"}, {"remote_number": "+1 (555) 01-00;15550100"}),
        ({"local_number": "sip:+1@b"}, {"local_number": "sip:+1@b"}),
        ({"local_number": "sip:a@b"}, {"local_number": "sip:a@b"}),
        ({"rule_name": "r", "application_id": 1}, {"rule_name": "r", "application_id": "1"}),
        ({"call_session_history_custom_data": "é☎"}, {"call_session_history_custom_data": "é☎"}),
        ({"min_duration": 0, "max_duration": 9}, {"min_duration": "0", "max_duration": "9"}),
        ({"call_session_history_id": [3, 3, 2]}, {"call_session_history_id": "3;2"}),
    ],
)
def test_filters_are_spelled_as_documented(filters, spelled):
    assert form(**filters) == spelled


def test_remote_number_list_is_json():
    got = form(remote_number_list=["+15550100", "sip:a;b@c"])
    assert json.loads(got["remote_number_list"]) == ["+15550100", "15550100", "sip:a;b@c"]


def test_more_than_1000_ids_become_several_forms():
    forms = query(OCTOBER, call_session_history_id=range(2_500)).forms
    parts = [f["call_session_history_id"].split(";") for f in forms]
    assert [len(part) for part in parts] == [1000, 1000, 500]
    assert [int(i) for part in parts for i in part] == list(range(2_500))


def test_several_applications_become_several_forms():
    forms = query(OCTOBER, application_id=[1, 2], user_id=3).forms
    assert [dict(f) for f in forms] == [
        {"application_id": "1", "user_id": "3"},
        {"application_id": "2", "user_id": "3"},
    ]


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        ({"application_id": "1"}, "application_id"),
        ({"application_id": 1.5}, "application_id: needs whole numbers, not a float"),
        ({"application_id": 2.0**53}, "application_id"),
        ({"user_id": pd.Series([1, None], dtype="Int64")}, "user_id: holds a missing value"),
        ({"user_id": pd.Series([1, None])}, "user_id: holds a missing value"),
        ({"user_id": pa.array([1, None])}, "user_id: holds a missing value"),
        ({"user_id": pl.Series([1, None])}, "user_id: holds a missing value"),
        ({"user_id": [[1]]}, "user_id: needs whole numbers, not a list"),
        ({"user_id": "all"}, "user_id"),
        ({"child_account_id": "any"}, "child_account_id: needs whole numbers or the word 'all'"),
        ({"child_account_id": ["all", 1]}, "child_account_id: give either 'all' or ids"),
        ({"local_number": pd.Series(["1", None])}, "local_number: holds a missing value"),
        ({"application_id": True}, "application_id"),
        ({"application_id": -1}, "application_id"),
        ({"user_id": 2**63}, "user_id"),
        ({"user_id": []}, "user_id"),
        ({"call_session_history_id": iter(())}, "call_session_history_id"),
        ({"remote_number": ""}, "remote_number"),
        ({"remote_number": 15550100}, "remote_number"),
        ({"remote_number": "1;2"}, "remote_number_list"),
        ({"local_number": ["1", None]}, "local_number"),
        ({"remote_number": "1", "remote_number_list": ["2"]}, "remote_number"),
        ({"application_id": 1, "application_name": "a"}, "application_name"),
        ({"rule_name": "r"}, "rule_name"),
        ({"children_calls_only": "yes"}, "children_calls_only"),
        ({"min_duration": 5, "max_duration": 4}, "min_duration"),
        ({"call_session_history_custom_data": "\ud800"}, "custom_data"),
        ({"no_such": 1}, "no_such"),
        ({"remote_numbers": "1"}, "did you mean 'remote_number'?"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(filters, name):
    with pytest.raises(InvalidQueryError, match=name):
        query(OCTOBER, **filters)


def test_a_refusal_does_not_show_a_number():
    with pytest.raises(InvalidQueryError) as refused:
        query(OCTOBER, remote_number="+447700900123;x")
    assert "447700900123" not in str(refused.value)


def test_a_dense_second_can_be_split_by_what_is_not_filtered():
    assert query(OCTOBER).splittable_by == ("application_id", "user_id", "duration") == SPLITTERS
    assert query(OCTOBER, application_name="a", min_duration=1).splittable_by == ("user_id",)


def test_spell_refuses_what_is_not_documented():
    with pytest.raises(InvalidQueryError, match="colour"):
        spell("colour", 1)
