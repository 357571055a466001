"""The table of proof names a test for every row, and every test that it names exists."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = (HERE / "TABLE.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if re.match(r"\| \d+ \|", line)]
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", TABLE)


def test_every_row_is_there_and_names_a_test():
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 31))
    for row in ROWS:
        assert re.search(r"`test_\w+\.py::test_\w+`", row), row


def test_every_named_test_exists():
    for file, name in NAMED:
        tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
        assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)], name
