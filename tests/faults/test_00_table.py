"""The tables of proof name a test for every row, and every test that they name exists."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE / "TABLE.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if re.match(r"\| \d+ \|", line)]
KINDS = (HERE / "KINDS.md").read_text(encoding="utf-8")
LINES = [
    line for line in KINDS.splitlines() if line.startswith("| ") and not line.startswith("| kind |")
]
# A test in `TABLE.md` lies in this folder unless it says where; one in `KINDS.md` always says.
NAME = re.compile(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`")


def test_every_row_names_a_test_and_none_is_twice():
    numbers = [int(row.split("|")[1]) for row in ROWS]
    assert numbers == sorted(set(numbers))
    assert set(range(1, 31)) <= set(numbers)
    for row in [*ROWS, *LINES]:
        assert NAME.search(row), row


def test_every_named_test_exists():
    for file, name in NAME.findall(TABLE + KINDS):
        path = HERE.parent / file if "/" in file else HERE / file
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], name
