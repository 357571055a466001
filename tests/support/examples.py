"""Code that the documentation shows, to be run or read as it stands there."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any


def blocks_of(documented: Callable[..., Any]) -> list[str]:
    """The literal blocks of a docstring."""
    doc = inspect.getdoc(documented) or ""
    return [textwrap.dedent(text) for text in re.findall(r"::\n\n((?:    .*\n?|\n)+)", doc)]


def calls_in(code: str, name: str) -> list[ast.Call]:
    """The calls of what has such a name, wherever they stand."""
    return [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name
    ]
