"""What people read is plain English, and names nothing that they cannot see."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import voxframe

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


def test_what_is_looked_for_is_found() -> None:
    for wrong in ("x is no date", "a int is none", "these are no ids", "a", "_positive: no x"):
        assert bool(UNENGLISH.search(wrong) or PRIVATE.search(wrong)) == (wrong != "a")
    assert not UNENGLISH.search("there is no such file; it is not a date")
