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

# What differs from machine to machine is an ellipsis, and a long line may be broken.
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PARSER = doctest.DocTestParser()
PUBLIC = {
    f"{module}.{name}": getattr(importlib.import_module(module), name)
    for module in MODULES
    for name in importlib.import_module(module).__all__
}


def documented() -> Iterator[tuple[str, str]]:
    """Yield the docstrings that may hold examples: of modules, names, methods of classes."""
    for module in MODULES:
        yield module, inspect.getdoc(importlib.import_module(module)) or ""
    for name, thing in PUBLIC.items():
        if callable(thing):
            yield name, inspect.getdoc(thing) or ""
        for member, value in list(vars(thing).items()) if inspect.isclass(thing) else ():
            if not member.startswith("_"):
                yield f"{name}.{member}", inspect.getdoc(value) or ""


def test_each_public_name_has_an_example() -> None:
    examples = {name: PARSER.get_examples(text) for name, text in documented()}
    names = [name for name, thing in PUBLIC.items() if callable(thing)]
    assert len(names) > 70
    assert [name for name in names if not examples[name]] == []
    skipped = {name for name, several in examples.items() for each in several
               if each.options.get(doctest.SKIP)}  # fmt: skip
    assert skipped == set()


def test_examples_give_what_they_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner, said = doctest.DocTestRunner(optionflags=FLAGS), []
    with Emulator(World(sessions=2_000), files=Files()) as emulator:
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)
        key = emulator.write_credentials(tmp_path / "credentials.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        names: dict[str, Any] = {
            "voxframe": voxframe,
            "analysis": analysis,
            "plots": plots,
            "errors": errors,
            "pd": pd,
            "history": voxframe.read_call_history("2026-10-01", "2026-11-01"),
        }
        for name, text in documented():
            # A folder of its own, so that none relies on another.
            (tmp_path / name).mkdir()
            monkeypatch.chdir(tmp_path / name)
            emulator.write_credentials("credentials.json")
            runner.run(PARSER.get_doctest(text, dict(names), name, name, 0), out=said.append)
    assert runner.failures == 0, "".join(said)
