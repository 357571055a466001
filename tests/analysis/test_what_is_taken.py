"""Every function takes a history, its tables and a dataset, or says in one line what it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import voxframe
from tests.support.histories import at, random_tables
from tests.support.made_dataset import write_dataset
from voxframe import analysis
from voxframe.errors import InvalidQueryError

# What takes no history.
FORMULAS = {"erlang_b", "erlang_c", "lines_needed"}
LEDGER = pd.DataFrame({"transaction_id": [1], "cost": [1.0]})
MORE: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "compare": lambda history: (history, history),
    "reconcile": lambda history: (history, LEDGER),
}
NEED_ALL_ROWS = {"called_back", "custom_data", "missed", "reconcile", "repeat_callers"}
FIGURES = [name for name in analysis.__all__ if name not in FORMULAS]
PICTURES = [f"plots.{name}" for name in analysis.plots.__all__]

Kinds = dict[str, Any]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Kinds:
    made = random_tables(60, days=3, seed=2)
    path: Path = tmp_path_factory.mktemp("taken") / "dataset"
    write_dataset(path, [made], at("2026-10-01"), at("2026-10-04"))
    dataset = voxframe.open_dataset(path)
    history = dataset.read()
    return {
        "history": history, "tables": history.tables, "dataset": dataset,
        "frames": history.to_pandas(), "frame": history.sessions, "path": str(path), "none": None,
        "three tables": {name: history.tables[name] for name in ("sessions", "calls", "records")},
    }  # fmt: skip


def call(name: str, given: Any) -> Any:
    if name.startswith("plots."):
        pytest.importorskip("matplotlib").use("Agg")
        from matplotlib.figure import Figure

        return getattr(analysis.plots, name.partition(".")[2])(given, ax=Figure().subplots())
    return getattr(analysis, name)(*MORE.get(name, lambda history: (history,))(given))


@pytest.mark.parametrize("name", [*FIGURES, *PICTURES])
def test_a_history_its_tables_and_a_dataset_give_the_same(kinds: Kinds, name: str) -> None:
    found = [call(name, kinds[kind]) for kind in ("history", "tables")]
    if name in NEED_ALL_ROWS:
        with pytest.raises(InvalidQueryError, match=r"^history: .* dataset\.read\(") as refused:
            call(name, kinds["dataset"])
        assert "\n" not in str(refused.value)
        return
    by_day = call(name, kinds["dataset"])
    if isinstance(by_day, pd.DataFrame):
        pd.testing.assert_frame_equal(found[0], by_day)
        # Tables alone do not tell the window that was read.
        assert list(found[1]) == list(by_day)
        assert len(found[1]) == len(by_day)
    else:
        assert len({axes.get_title(loc="left") for axes in (*found, by_day)}) == 1


@pytest.mark.parametrize("kind", ["frames", "frame", "path", "none", "three tables"])
@pytest.mark.parametrize("name", [*FIGURES, *PICTURES])
def test_anything_else_is_refused_in_one_line(kinds: Kinds, name: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r"needs to be a|Tables are missing: resource_usage") as no:
        call(name, kinds[kind])
    assert "\n" not in str(no.value)
