"""What people read is plain English, and names nothing that they cannot see."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import voxframe
from voxframe._cli.messages import as_option

PACKAGE = Path(voxframe.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# "is no date" is not English for "is not a date"; "there is no such file" is.
UNENGLISH = re.compile(r"(?<!there )(?<!There )\b(?:is|are|was|were) (?:no|none)\b")
# `_positive` means nothing to whoever has only the message.
PRIVATE = re.compile(r"(?<![\w/.<{*-])_[a-z]\w*")


def text_of(node: ast.AST) -> str:
    """Return a text, and of one with values in it what stands between them."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "…"


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield every text of a module that is not a docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        if id(node) not in docstrings | inside and isinstance(node, ast.JoinedStr | ast.Constant):
            yield text_of(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_messages_are_english_and_name_nothing_private(path: Path) -> None:
    for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        assert not UNENGLISH.search(text), text
        # A message has words; a name alone is a name in the program.
        if " " in text and "\n" not in text:
            assert not PRIVATE.search(text), text


# Nobody reads these on the command line: of Python alone, or of a server in one's own tests.
OF_PYTHON = ("emulator", "_cli", "analysis/plots.py", "report", "_summary.py", "spark.py",
             "dask.py", "_partitions.py", "_api.py", "__init__.py")  # fmt: skip
# What no command passes on, so that it cannot be wrong there.
NEVER_PASSED = ("storage_options: ", "histories: ", "source: ", "history: ", "CallHistory | None",
                "Credentials cannot be pickled", "these credentials hold no key",
                "credentials: a … cannot be used", "What functions accept")  # fmt: skip
KEYWORDS = {
    name
    for each in (getattr(voxframe, name) for name in voxframe.__all__)
    if inspect.isfunction(each)
    for name in inspect.signature(each).parameters
}
IN_PYTHON = re.compile(
    r"(?<![\w/'-])(?:[a-z]+_call_history|CallHistory|RetryPolicy|"
    + "|".join(sorted(name for name in KEYWORDS if "_" in name))
    + r")\b(?!')|\b[a-z]+=[\w'{…]"
)


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if not str(p.relative_to(PACKAGE)).startswith(OF_PYTHON)],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_on_the_command_line_messages_name_options_and_commands(path: Path) -> None:
    for text in texts(ast.parse(path.read_text(encoding="utf-8"))):
        if " " in text and "\n" not in text and not text.startswith(NEVER_PASSED):
            shown = as_option(text, ())
            assert not IN_PYTHON.search(shown), shown


def test_keywords_become_options_and_paths_and_quotations_stay() -> None:
    for message, shown in {
        "x holds data; pass overwrite=True to replace it": "x holds data; give --overwrite to "
        "replace it",
        "audit_call_history(…, repair=True) reads its day again": "voxframe audit --repair reads "
        "its day again",
        "read less, or pass with_calls=False or with_other_resources=False": "read less, or give "
        "--no-calls or --no-other-resources",
        "Name it with currency='EUR', or with currency={42: 'EUR', ...}, a label": "Name it with "
        "--currency EUR, or with --currency 42=EUR, a label",
        "timezone: 'base_url' is not one": "--timezone: 'base_url' is not one",
        "history: base_url/x.parquet is cut short": "history: base_url/x.parquet is cut short",
    }.items():
        assert as_option(message, ["--timezone"]) == shown


def test_what_is_looked_for_is_found() -> None:
    for wrong in ("x is no date", "a int is none", "these are no ids", "a", "_positive: no x"):
        assert bool(UNENGLISH.search(wrong) or PRIVATE.search(wrong)) == (wrong != "a")
    assert not UNENGLISH.search("there is no such file; it is not a date")
