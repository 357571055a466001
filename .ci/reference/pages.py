"""The pages of the reference, each made from what it describes."""

import ast
import importlib
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from unittest.mock import patch

import voxframe
from voxframe._cli import main as command_line
from voxframe._spec.repairs import repairs_as_markdown
from voxframe._spec.tables import data_dictionary

PACKAGE = Path(voxframe.__file__).parent
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
MODULES = {
    "voxframe": "Read and keep",
    "voxframe.analysis": "Figures",
    "voxframe.analysis.plots": "Pictures",
    "voxframe.dask": "Dask",
    "voxframe.spark": "Spark",
    "voxframe.emulator": "Emulator",
}
INDEX = """\
# voxframe

A [Voximplant](https://voximplant.com) account's call history in pandas, Arrow and Parquet: every
session exactly once, in typed tables, with exact costs, or an error that says what is missing.

```python
import voxframe

history = voxframe.read_call_history("2026-10-01", "2026-11-01")
history.calls  # a typed pandas DataFrame
```

- **What does it take and give?** {doc}`api/voxframe` for the data, {doc}`api/voxframe.analysis` for
  figures, {doc}`command-line` for both from a terminal.
- **What does it mean?** {doc}`tables` has every column, {doc}`receipt` every word of a receipt.
- **What went wrong?** {doc}`errors` has every error.
- **How is it done?** {doc}`recipes` run as they stand, and the notebooks go on from there.

## The examples

Every example on these pages has been run as it stands, against the emulator that comes along. They
begin with this, and `VOXIMPLANT_CREDENTIALS` names the key file:

```python
import pandas as pd

import voxframe
from voxframe import analysis, errors
from voxframe.analysis import plots

history = voxframe.read_call_history("2026-10-01", "2026-11-01")
```

To run them yourself, start the account that they were run with. It prints the two variables that
point another terminal at it:

```console
$ voxframe emulator --sessions 2000
```
"""


def all_pages() -> dict[str, str]:
    """Return the source of each page by its file's name."""
    guides = ["recipes", *(path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb")))]
    pages = {
        "command-line.md": commands(),
        "tables.md": _page(
            "The tables",
            "Children carry their session's id first, and keep their order within the session. "
            "Fields that are not documented become columns of their own after these.",
            _meaning_first(data_dictionary()).replace("### ", "## "),
        ),
        "receipt.md": receipt(),
        "errors.rst": _module("voxframe.errors", "Errors, and what to do", together=True),
        "recipes.md": (NOTEBOOKS / "recipes.md").read_text(encoding="utf-8"),
    }
    pages |= {f"{path.stem}.md": _notebook(path) for path in NOTEBOOKS.glob("*.ipynb")}
    for module, title in MODULES.items():
        pages[f"api/{module}.rst"] = _module(module, title)
        pages |= {f"api/{module}.{n}.rst": _name(module, n) for n in _public(module)}
    reference = [*(f"api/{m}" for m in MODULES), "command-line", "tables", "receipt", "errors"]
    pages["index.md"] = INDEX + _tree("Reference", reference) + _tree("Guides", guides)
    return pages


def _meaning_first(tables: str) -> str:
    """Return tables whose last column is the second, where a phone still shows it."""
    rows = re.compile(r"^\|(.*?)\|(.*)\|([^|]*)\|$", re.MULTILINE)
    return rows.sub(r"|\1|\3|\2|", tables)


def commands() -> str:
    """Return what ``--help`` says, of the program and of each command."""
    names = command_line._parser().commands.choices
    parts = [f"```text\n{_help()}```\n"]
    parts += [f"## `voxframe {name}`\n\n```text\n{_help(name)}```\n" for name in names]
    return _page("The command line", *parts)


def _help(*command: str) -> str:
    said = io.StringIO()
    with (
        patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"}),
        redirect_stdout(said),
        suppress(SystemExit),
    ):
        command_line.main([*command, "--help"])
    return said.getvalue()


def receipt() -> str:
    """Return the vocabulary of receipts: what can be mended, and how a read is settled."""
    return _page(
        "The words of a receipt",
        "A {doc}`Receipt <api/voxframe.Receipt>` says what was asked, and why nothing is missing.",
        "## `mended`\n\nWhat was put right on the way, each kind with how often. What ends in "
        "`_s` is seconds, the most that were seen.\n\n" + repairs_as_markdown(),
        "## `settled`\n\nHow it was established that every session is there. N stands for a "
        "number; of a read that was several, the sentences follow one another.\n\n"
        + "\n".join(f"- {sentence}" for sentence in verdicts()),
    )


def verdicts() -> list[str]:
    """Return the sentences that the code ends a read with."""
    found: list[str] = []
    for path in ("_plan/plan.py", "_read/reader.py", "_read/interval.py", "_receipt.py"):
        for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name, given = getattr(node.func, "id", ""), {k.arg: k.value for k in node.keywords}
                if name == "Completeness" and "too_many" not in given:
                    found.append(_sentence(node.args[0]))
                found.append(_sentence(given.get("settled")))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper():
                name = node.targets[0].id
                found.append(_sentence(node.value) if name.startswith("EACH_") else "")
    return [sentence for sentence in dict.fromkeys(found) if sentence]


def _sentence(node: ast.expr | None) -> str:
    """Return a text with N for each of its numbers, and nothing for what is not a text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_sentence(each) if isinstance(each, ast.Constant) else "N"
                       for each in node.values)  # fmt: skip
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _module(module: str, title: str, *, together: bool = False) -> str:
    """Return a module's page: what it says, a line a name, and its names' pages or themselves."""
    names = _public(module)
    lines = [title, "=" * len(title), "", f".. automodule:: {module}", "   :no-members:", ""]
    if together:
        # As the module has them: from the general to the particular.
        for name in sorted(names, key=list(vars(importlib.import_module(module))).index):
            lines += [name, "-" * len(name), "", f".. autoexception:: {module}.{name}",
                      "   :members:", "   :show-inheritance:", ""]  # fmt: skip
        return "\n".join(lines)
    lines += [f".. currentmodule:: {module}", "", ".. autosummary::", "   :nosignatures:", ""]
    names = sorted(names, key=lambda name: (name[0].isupper(), name))  # what one does, then what is
    lines += [f"   {name}" for name in names]
    lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {module}.{name}" for name in names)]
    return "\n".join(lines) + "\n"


def _name(module: str, name: str) -> str:
    """Return the page of a public name, a class with all its methods."""
    kind = "class" if name[0].isupper() else "function"
    lines = [name, "=" * len(name), "", f".. auto{kind}:: {module}.{name}"]
    return "\n".join([*lines, *(["   :members:"] if kind == "class" else []), ""])


def _public(module: str) -> list[str]:
    """Return a module's ``__all__`` as it is written, without importing it."""
    path = PACKAGE.parent / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [name for name in ast.literal_eval(node.value) if name != "errors"]
    raise ValueError(f"{module} declares nothing public")


def _notebook(path: Path) -> str:
    """Return a notebook as a page, with what it gave."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join(part for cell in notebook["cells"] for part in _cell(cell)) + "\n"


def _cell(cell: dict) -> Iterator[str]:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield text.replace(".ipynb)", ".md)")
        return
    yield f"```python\n{text}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            picture = "".join(data["image/png"]).replace("\n", "")
            yield _raw(f'<img alt="" src="data:image/png;base64,{picture}">')
        elif "image/svg+xml" in data:
            yield _raw("".join(data["image/svg+xml"]))
        elif "text/html" in data:
            yield _raw(f'<div class="output">{"".join(data["text/html"])}</div>')
        else:
            yield f"```text\n{''.join(data.get('text/plain', output.get('text', '')))}\n```"


def _raw(html: str) -> str:
    return f"````{{raw}} html\n{html}\n````"


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def _tree(caption: str, names: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *names,
                      "```", ""])  # fmt: skip
