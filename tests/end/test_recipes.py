"""The recipes run: commands, code and a workflow, in their order on one account."""

import os
import re
import shlex
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from voxframe.emulator import Emulator, World

pytest.importorskip("duckdb")
pytest.importorskip("deltalake")
pytest.importorskip("xlsxwriter")

RECIPES = Path(__file__).parents[2] / "notebooks" / "recipes.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", RECIPES.read_text("utf-8"), re.MULTILINE | re.DOTALL)
CRON = re.compile(r"(\S+ ){4}\S+ /opt/voxframe/bin/(voxframe .*) >> \S+")


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with Emulator(World(sessions=400, seed=3)) as emulator:
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)
        key = emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def run(command: str) -> None:
    name, *arguments = shlex.split(command)
    assert name == "voxframe"
    done = subprocess.run(
        [sys.executable, "-m", "voxframe", *arguments],
        capture_output=True, text=True, check=False, timeout=300, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"ok": true' in done.stdout


def airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put in the place of Airflow what runs a task where it is called."""

    def plain(*given: Any, **_: Any) -> Callable[..., Any]:
        return given[0] if given else lambda function: function

    sdk = types.SimpleNamespace(dag=plain, task=plain)
    clock = types.SimpleNamespace(datetime=lambda *_, **__: None)
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    monkeypatch.setitem(sys.modules, "pendulum", clock)


def test_the_recipes_run(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    airflow(monkeypatch)
    names: dict[str, Any] = {}
    ran = []
    for language, text in BLOCKS:
        here = text.replace("/srv/calls", str(account / "calls"))
        here = here.replace("s3://your-bucket/calls", f"{account / 'delta'} --format delta")
        if language == "text":
            commands = [found[2] for found in map(CRON.fullmatch, here.splitlines()) if found]
            assert len(commands) == 2
            for command in commands:
                run(command)
        elif language == "yaml":
            run(*re.findall(r"- run: (voxframe .*)", here))
        else:
            exec(compile(here, "recipes.md", "exec"), names)
        ran.append(language)
    assert ran == ["text", "yaml", *["python"] * 6]
    assert names["per_customer"].shape == (3, 2)
    assert (account / "october.xlsx").stat().st_size
    assert (account / "figures.xlsx").stat().st_size


def test_the_workflow_is_one() -> None:
    yaml = pytest.importorskip("yaml")
    (text,) = [text for language, text in BLOCKS if language == "yaml"]
    workflow = yaml.safe_load(text)
    kinds = [next(iter(step)) for step in workflow["jobs"]["sync"]["steps"]]
    assert kinds == ["uses", "run", "run"]
