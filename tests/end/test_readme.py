"""What the README shows runs: its Python in order, its commands, and every call of its tables."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voxframe._cli.main import main
from voxframe.emulator import Emulator, Files, World

pytest.importorskip("phonenumbers")
pytest.importorskip("matplotlib")
pytest.importorskip("xlsxwriter")
pytest.importorskip("duckdb")

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|bash)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
CALLS = re.findall(r"^\| .* \| `((?:analysis|history)\..*)` \|$", README, re.MULTILINE)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    world = World(sessions=400, start="2026-10-01", end="2026-11-01", seed=3)
    with Emulator(world, files=Files()) as emulator:
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)
        key = emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.chdir(tmp_path)
        yield emulator


def run_commands(text: str) -> None:
    for line in text.strip().splitlines():
        name, *arguments = shlex.split(line, comments=True)
        assert name == "voxframe"
        assert main(arguments) == 0, line


@pytest.mark.usefixtures("account")
def test_its_code_runs_in_order() -> None:
    names: dict[str, Any] = {}
    ran = 0
    for language, text in BLOCKS:
        if text.startswith("python3 -m venv") or "keys" in text:
            continue  # the two commands that set everything up; the accounts of test_accounts.py
        ran += 1
        if language == "bash":
            run_commands(text)
        else:
            exec(compile(text, "README.md", "exec"), names)
    assert ran > 8
    assert Path("october.xlsx").stat().st_size
    assert Path("report.html").stat().st_size
    for call in CALLS:
        assert eval(call, names) is not None, call
    assert len(CALLS) >= 15
