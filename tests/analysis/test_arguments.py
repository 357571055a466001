"""A wrong argument is refused by name, whether the call comes to need it or not."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.analysis.test_what_is_taken import MORE
from tests.support.histories import random_tables, tables
from voxframe import analysis

# Of each keyword what it cannot be; a history that is none is another test's.
WRONG: dict[str, list[Any]] = {
    "timezone": ["New York", "Nowhere/City", "", 5, None, ["UTC"]],
    "freq": ["day", "w", "7h", "48h", "-1D", "0D", "0h", "", 5, ["D"]],
    "by": ["colour", 5, ["rule_name", 5], {"rule_name": 1}],
    "side": ["inside", 5, ["network"]],
    "own": [5, None, "a b", ["user", 5]],
    "machine": [5, None, "a b"],
    "network": [5, None, "a b"],
    "currency": [5, ["EUR"], {"account": "EUR"}, {1: 2}],
    "dtype_backend": ["numpy", None, 5],
    "direction": ["outgoing", None, 5],
    "method": ["all", None, 5, ["share"]],
    "seconds": ["20", None, -1, float("nan")],
    "short": ["10", None, -1],
    "start": ["queue", None, 5],
    "within": ["an hour", None, 5, "-1h", ["1h"]],
    "outcome": ["machine", None, 5, ["missed"]],
    "days": ["Mon", ["Monday"], 5, [0]],
    "hour": ["24:00", 9, ["09:00"]],
    "blocking": [0, 1, "0.01", None],
    "inbound": ["no", None, 1],
    "answered": ["yes", None, 0],
    "edges": [[], [5, 5], "0", 5, None, [0.5], ["a"]],
    "table": ["records", None, 5, ["calls"]],
    "pattern": ["(", "x", 5, ["x"]],
    "transaction_id": ["nowhere", None, 5, ["cost"]],
    "cost": ["nowhere", None, 5],
    "frame": [None, 5, {"transaction_id": [1], "cost": [1]}],
    "previous": [None, 5, "month"],
    "erlangs": [-1, "7", None, float("inf")],
    "lines": [-1, 2.5, "7", None],
    "agents": [-1, 2.5, "7", None],
    "ax": [5, "axes"],
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(analysis, name) for name in analysis.__all__},
    **{f"plots.{name}": getattr(analysis.plots, name) for name in analysis.plots.__all__},
}


def keywords() -> Iterator[tuple[str, str]]:
    for name, function in FUNCTIONS.items():
        yield from ((name, each) for each in inspect.signature(function).parameters
                    if each != "history")  # fmt: skip


def test_every_keyword_has_a_wrong_value() -> None:
    assert {each for _, each in keywords()} == set(WRONG)


@pytest.mark.parametrize("history", [tables(), random_tables(20, days=2)], ids=["empty", "some"])
@pytest.mark.parametrize(("name", "keyword"), list(keywords()))
def test_what_a_keyword_cannot_be_is_refused_by_name(name: str, keyword: str, history: Any) -> None:
    if name.startswith("plots."):
        pytest.importorskip("matplotlib")
    function = FUNCTIONS[name]
    given = MORE.get(name, lambda each: (each,))(history)
    if "history" not in inspect.signature(function).parameters:
        given = (1.0, 2) if name.startswith("erlang_") else (1.0,)
    for wrong in WRONG[keyword]:
        arguments = inspect.signature(function).bind(*given).arguments | {keyword: wrong}
        with pytest.raises(ValueError, match=rf"^{keyword}: |'{keyword}'|to group by") as refused:
            function(**arguments)
        said = str(refused.value)
        assert "\n" not in said
        # What was given, or of which type, and what is possible.
        shown = repr(wrong) if wrong is None or isinstance(wrong, str | int | float) else ""
        assert shown in said or re.search(r"needs to be|\bis not\b|has no", said)


def test_a_timezone_is_refused_that_nothing_would_use() -> None:
    history = random_tables(20, days=2)
    for function in (analysis.cost_breakdown, analysis.minutes, analysis.finish_reasons):
        with pytest.raises(ValueError, match="timezone: 'New York'"):
            function(history, timezone="New York")


@pytest.mark.parametrize(
    ("freq", "meant"),
    [("day", "'D'"), ("hour", "'h'"), ("w", "'W'"), ("2w", "'2W'"), ("monthly", "'M'")],
)
def test_a_word_for_a_frequency_is_told_what_was_meant(freq: str, meant: str) -> None:
    with pytest.raises(
        ValueError, match=f"freq: '{freq}' is not a frequency; did you mean {meant}"
    ):
        analysis.traffic(tables(), freq=freq)


def test_all_weeks_begin_on_monday_and_months_have_two_names() -> None:
    history = random_tables(200, days=70)
    days = {freq: analysis.minutes(history, freq=freq)["start"] for freq in ("W", "2W", "M", "MS")}
    assert set(days["2W"].dt.day_of_week) == set(days["W"].dt.day_of_week) == {0}
    assert days["MS"].tolist() == days["M"].tolist()
