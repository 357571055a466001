"""Run the notebooks and keep what they give: ``python -m tests.support.notebooks [NAME…]``."""

import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat

FOLDER = Path(__file__).parents[2] / "notebooks"


def renew(path: Path) -> None:
    """Run one from start to end, and save it without what differs from run to run."""
    notebook = nbformat.read(path, 4)
    with tempfile.TemporaryDirectory() as elsewhere:
        nbclient.NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": elsewhere}},
        ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for each in sorted(FOLDER.glob("*.ipynb")):
        if not sys.argv[1:] or each.stem in sys.argv[1:]:
            renew(each)
