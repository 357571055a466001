"""Every sentence that a receipt's `settled` can begin with is in the table, and the other way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import voxframe
from voxframe._spec.settled import SETTLED

PACKAGE = Path(voxframe.__file__).parent


def parts(node: ast.AST) -> Iterator[str]:
    """Yield how a text, and what follows a value and a semicolon in it, begins."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for place, part in enumerate(node.values):
            text = part.value if isinstance(part, ast.Constant) else ""
            if text and (not place or text.startswith("; ")):
                yield text.removeprefix("; ")


def said(tree: ast.AST) -> Iterator[str]:
    """Yield what is given as a reason why a read is complete."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if getattr(node.func, "id", "") == "Completeness":
                yield from parts(node.args[0])
            for keyword in node.keywords:
                if keyword.arg == "settled":
                    yield from parts(keyword.value)
        elif isinstance(node, ast.Assign):
            names = {getattr(target, "id", "") for target in node.targets}
            if names & {"settled", "EACH_BY_ITSELF", "EACH_AT_ITS_TIME"}:
                yield from parts(node.value)


def test_every_sentence_is_in_the_table_and_used() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    texts = {text for tree in trees for text in said(tree) if text}
    # Said after what else is known of a long window.
    texts -= {", each until one answer held every session that the service counts in it"}
    begins = {text: [words for words in SETTLED if text.startswith(words)] for text in texts}
    assert [text for text, found in begins.items() if not found] == []
    plan = (PACKAGE / "_plan" / "plan.py").read_text(encoding="utf-8")
    elsewhere = {words for words in SETTLED if f'f"{words}' in plan}
    assert {found[0] for found in begins.values()} | elsewhere == set(SETTLED)
