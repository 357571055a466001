"""Build the reference, one static site: ``python .ci/reference OUT``.

Its pages are made from docstrings, schemas, and the parser of the command line; a reference
that leads nowhere, or anything else that Sphinx complains of, is an error.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import pages
from sphinx.cmd.build import main

HERE = Path(__file__).parent


def build(out: Path) -> int:
    """Build the site into a folder, and return Sphinx's exit status."""
    with tempfile.TemporaryDirectory() as made:
        source = Path(made)
        shutil.copy(HERE / "conf.py", source)
        (source / "static").mkdir()
        shutil.copy(HERE / "reference.css", source / "static")
        for name, text in pages.all_pages().items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text, encoding="utf-8")
        return main(["-q", "-W", "--keep-going", "-n", "-b", "html", "-d",
                     str(source / "doctrees"), str(source), str(out)])  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python .ci/reference OUT")
    target = Path(sys.argv[1])
    status = build(target)
    if status == 0:
        print(f"{target / 'index.html'}: open it in a browser")
    sys.exit(status)
