"""Every public name has an example, and it gives what its docstring shows."""

import doctest
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import voxframe
from tests.support.public_api import MODULES
from voxframe import analysis, errors
from voxframe.emulator import Emulator, Files, World

pytest.importorskip("duckdb")
plots = pytest.importorskip("voxframe.analysis.plots")

# What differs between versions of pandas, or is too long to show, is an ellipsis.
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PUBLIC = {
    f"{module}.{name}": getattr(importlib.import_module(module), name)
    for module in MODULES
    for name in importlib.import_module(module).__all__
}


def documented() -> Iterator[tuple[str, Any]]:
    """Yield whatever public may have an example: modules, names, methods of classes."""
    for module in MODULES:
        yield module, importlib.import_module(module)
    for name, thing in PUBLIC.items():
        if not inspect.ismodule(thing):
            yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or hasattr(value, "__func__")):
                    yield f"{name}.{member}", getattr(thing, member)


def test_examples_give_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"voxframe": voxframe, "analysis": analysis, "plots": plots, "errors": errors, "pd": pd}
    monkeypatch.chdir(tmp_path)
    runner, said = doctest.DocTestRunner(optionflags=FLAGS), []
    with Emulator(World(sessions=2_000), files=Files()) as emulator:
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)
        key = emulator.write_credentials(tmp_path / "credentials.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        names["history"] = voxframe.read_call_history("2026-10-01", "2026-11-01")
        for name, thing in documented():
            parsed = doctest.DocTestParser().get_doctest(
                inspect.getdoc(thing) or "", dict(names), name, name, 0
            )
            runner.run(parsed, out=said.append)
    assert runner.failures == 0, "".join(said)
