"""A parameter is declared once: what else there is of it follows, or fails by name."""

import argparse
import inspect
import typing

import pytest

import voxframe
from voxframe._cli.options import add_filters, filters_of
from voxframe._http.redact import redact
from voxframe._query.options import Ids, Texts
from voxframe._query.query import Query, query
from voxframe._query.spelling import spell
from voxframe._query.window import window
from voxframe._read.asked import asked
from voxframe._spec.parameters import PARAMETERS, Parameter, of_role

READS = [
    voxframe.read_call_history,
    voxframe.iter_call_history,
    voxframe.export_call_history,
    voxframe.count_call_history,
    voxframe.Client.read_call_history,
    voxframe.Client.iter_call_history,
    voxframe.Client.export_call_history,
    voxframe.Client.count_call_history,
    voxframe.partitions,
]
SYNCS = [voxframe.sync_call_history, voxframe.Client.sync_call_history]
AUDITS = [voxframe.audit_call_history, voxframe.Client.audit_call_history]
PAGE = voxframe.Client.get_call_history

TYPES = {
    "integer": int | None,
    "text": str | None,
    "flag": bool | None,
    "integers": Ids,
    "texts": Texts,
    "numbers": Texts,
    "numbers_json": Texts,
}
# The public contract: keyword, default.
COMMON = {
    "inclusive": "left", "timezone": "UTC", "with_calls": True, "with_records": True,
    "with_other_resources": True, "desc_order": False, "progress": None, "unknown_fields": "keep",
}  # fmt: skip
CONNECTION = {
    "credentials": None, "base_url": None, "max_concurrency": 8, "retry": voxframe.RetryPolicy(),
}  # fmt: skip
OF_SYNCS = {
    "lookback": "3D", "format": None, "storage_options": None, "vanished": "keep",
    "recordings": None,
}  # fmt: skip
OF_AUDITS = {"repair": False, "storage_options": None}
OF_PAGES = {
    "with_calls": False, "with_records": False, "with_other_resources": True, "desc_order": False,
    "with_total_count": True, "count": 20, "offset": 0,
}  # fmt: skip


def check_signature(function):
    signature = inspect.signature(function)
    keywords = {n: p for n, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}
    hints = typing.get_type_hints(function)
    name = f"{function.__module__}.{function.__qualname__}"
    for parameter in of_role("filter"):
        assert parameter.name in keywords, f"{name} does not take {parameter.name}"
        assert keywords[parameter.name].default is None, f"{name}: {parameter.name}"
        want = TYPES[parameter.kind]
        if parameter.alone and function is not PAGE:
            want = {"integer": Ids, "text": Texts}[parameter.kind]
        if parameter.word:
            want |= typing.Literal[parameter.word]
        assert hints[parameter.name] == want, f"{name}: {parameter.name}"
    others = {n: p.default for n, p in keywords.items() if n not in {f.name for f in
              of_role("filter")}}  # fmt: skip
    for own in ("overwrite", "freq", "sessions"):
        others.pop(own, None)
    want = OF_PAGES if function is PAGE else COMMON
    if function in SYNCS:
        # A dataset is in order of time and whole days, whatever is asked.
        want = {n: v for n, v in COMMON.items() if n not in ("inclusive", "desc_order")} | OF_SYNCS
    if function in AUDITS:
        # Of what, and when, says the dataset.
        without = ("inclusive", "desc_order", "timezone")
        want = {n: v for n, v in COMMON.items() if n not in without} | OF_AUDITS
    if not function.__qualname__.startswith("Client."):
        want = want | CONNECTION
    assert others == want
    assert all(p.kind is not p.VAR_KEYWORD for p in signature.parameters.values())
    if function in AUDITS:
        return
    assert signature.parameters["to_date"].default is None
    begin = None if function in SYNCS else inspect.Parameter.empty
    assert signature.parameters["from_date"].default is begin


@pytest.mark.parametrize("function", [*READS, *SYNCS, *AUDITS, PAGE], ids=lambda f: f.__qualname__)
def test_every_keyword_stands_by_name_in_every_signature(function):
    check_signature(function)


def options():
    parser = argparse.ArgumentParser()
    add_filters(parser)
    return parser


def test_every_filter_is_an_option():
    known = {action.dest for action in options()._actions}
    assert known >= {parameter.name for parameter in of_role("filter")}
    given = options().parse_args(["--child-account-id", "all", "--user-id", "1", "--user-id", "2"])
    assert filters_of(given) == {
        "child_account_id": ["all"], "user_id": [1, 2],
        "with_calls": True, "with_records": True, "with_other_resources": True,
        "unknown_fields": "keep",
    }  # fmt: skip


def test_a_new_personal_filter_follows_everywhere_or_fails_by_name(monkeypatch):
    made_up = Parameter("caller_passport", "texts", "only these passports", personal=True,
                        splits="passport")  # fmt: skip
    monkeypatch.setitem(PARAMETERS, made_up.name, made_up)
    assert spell("caller_passport", ["AB-1", "CD-2"]) == "AB-1;CD-2"
    october = window("2026-10-01", "2026-11-01")
    (form,) = query(october, caller_passport="AB-1").forms
    assert "AB-1" not in redact("no passport AB-1 here", form)
    assert "AB-1" not in repr(query(october, caller_passport="AB-1"))
    several = query(october, caller_passport=["AB-1", "CD-2"], application_name="a;b")
    receipt = asked(several, account_id=1, address="https://service.example")
    assert receipt.filters == {"caller_passport": "2 values", "application_name": "a;b"}
    assert "passport" in query(october).splittable_by
    assert "passport" not in query(october, caller_passport="AB-1").splittable_by
    given = options().parse_args(["--caller-passport", "AB-1"])
    assert filters_of(given)["caller_passport"] == ["AB-1"]
    for function in (*READS, *SYNCS, *AUDITS, PAGE):
        with pytest.raises(AssertionError, match="does not take caller_passport"):
            check_signature(function)


def test_a_field_that_nobody_declared_counts_as_personal():
    form = {"passport": "AB-1", "from_date": "2026-10-01 00:00:00", "application_id": "4711"}
    words = "no passport AB-1 from 2026-10-01 in 4711"
    assert redact(words, form) == "no passport [removed] from 2026-10-01 in 4711"
    undeclared = Query(window("2026-10-01", "2026-11-01"), ({"passport": "AB-1"},))
    receipt = asked(undeclared, account_id=1, address="https://service.example")
    assert receipt.filters == {"passport": "1 value"}
