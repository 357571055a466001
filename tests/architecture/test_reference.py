"""The reference: every page is made, and Sphinx has nothing to complain of."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import voxframe
from tests.support.public_api import MODULES
from voxframe.emulator import Emulator, World

HERE = Path(__file__).parents[2] / ".ci" / "reference"
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="only in a checkout")


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_pages", HERE / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_every_public_name_is_on_a_page(pages: ModuleType) -> None:
    text = "\n".join(pages.all_pages().values())
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            assert f":: {module}.{name}\n" in text or name == "errors"


def test_the_command_line_is_what_help_says(pages: ModuleType) -> None:
    text = pages.commands()
    for command in ("demo", "export", "sync", "audit", "count", "report", "download", "emulator"):
        assert f"## `voxframe {command}`\n\n```text\nusage: voxframe {command} " in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_a_receipt_says_is_in_the_vocabulary(pages: ModuleType) -> None:
    sentences = [re.escape(each).replace("N", r"\d+") for each in pages.verdicts()]
    with Emulator(World(sessions=2_500)) as emulator:
        account = {"credentials": emulator.credentials, "base_url": emulator.base_url}
        whole = voxframe.read_call_history("2026-10-01", "2026-11-01", **account)
        day = voxframe.read_call_history("2026-10-05", "2026-10-06", **account)
        nothing = voxframe.read_call_history("2026-10-05", "2026-10-05", **account)
    several = voxframe.Receipt.sum([whole.receipt, day.receipt])
    for receipt in (whole.receipt, day.receipt, nothing.receipt, several):
        assert [each for each in sentences if re.fullmatch(each, receipt.settled)]


def test_it_builds_without_a_warning(tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("ten seconds, and .ci/run reference does the same")
    for needed in ("sphinx", "numpydoc", "myst_parser", "furo", "matplotlib"):
        pytest.importorskip(needed)
    done = subprocess.run(
        [sys.executable, HERE, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Read every session of a window" in (
        tmp_path / "api" / "voxframe.read_call_history.html"
    ).read_text(encoding="utf-8")
