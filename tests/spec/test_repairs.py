"""Every kind of repair that the code counts is in the vocabulary, and the other way round."""

import ast
from pathlib import Path

import voxframe
from voxframe._spec.repairs import REPAIRS, repairs_as_markdown

PACKAGE = Path(voxframe.__file__).parent


def texts(node: ast.AST) -> set[str]:
    return {
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and str(n.value) == n.value
    }


def counted(tree: ast.AST) -> set[str]:
    """Return the kinds in ``mended["kind"]``, ``usage.mend("kind")`` and ``usage.note("kind")``."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            name = (
                node.value.attr
                if isinstance(node.value, ast.Attribute)
                else getattr(node.value, "id", "")
            )
            if name.lstrip("_") == "mended":
                found |= texts(node.slice)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("mend", "note"):
            found |= texts(node.args[0])
    return found


def test_every_kind_is_in_the_vocabulary_and_used() -> None:
    used: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        used |= counted(ast.parse(path.read_text(encoding="utf-8")))
    assert used == set(REPAIRS)


def test_a_sentence_each() -> None:
    text = repairs_as_markdown()
    for kind, sentence in REPAIRS.items():
        assert kind.isidentifier()
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert f"| `{kind}` | {sentence} |" in text
