"""The notebooks run from start to end on the emulator, and are kept as they should look."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("phonenumbers")

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def outputs(notebook: Any) -> list[Any]:
    return [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]


def texts(notebook: Any) -> str:
    parts = [cell.source for cell in notebook.cells]
    for out in outputs(notebook):
        parts += [text for kind, text in out.get("data", {}).items() if kind.startswith("text")]
        parts.append(out.get("text", ""))
    return "\n".join(parts)


def tables(cell: Any) -> list[str]:
    """Return what a cell shows as text, with what is missing under one name in every pandas."""
    shown = [out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return [re.sub(r" +", " ", re.sub(r"<NA>|\bNaN\b", "NA", text)) for text in shown]


def test_there_are_four() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "1-first-look", "2-cost-report", "3-failures-and-busy-lines",
        "4-a-nightly-job",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_with_what_it_gives(path: Path) -> None:
    kept = nbformat.read(path, 4)
    assert [c.execution_count for c in kept.cells if c.cell_type == "code"] == list(
        range(1, 1 + sum(c.cell_type == "code" for c in kept.cells))
    )
    assert not [o for o in outputs(kept) if o.output_type == "error" or o.get("name") == "stderr"]
    assert sum("image/png" in out.get("data", {}) for out in outputs(kept)) >= 1
    said = texts(kept)
    assert not re.search(r"/(home|root|tmp|work|Users)\b", said)
    assert not re.search(r"\+\d{7,}", said)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_says_the_same(path: Path, tmp_path: Path) -> None:
    kept, run = nbformat.read(path, 4), nbformat.read(path, 4)
    client = nbclient.NotebookClient(
        run, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own, none of ours: those are stderr
        client.execute()
    assert not [o for o in outputs(run) if o.get("name") == "stderr"]
    # Tables and sentences, not how long it took, nor pixels.
    for mine, theirs in zip(run.cells, kept.cells, strict=True):
        if mine.cell_type == "code" and not mine.source.startswith(("history", "receipt")):
            assert tables(mine) == tables(theirs)
