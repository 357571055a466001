"""The folders keep their promises: who may import whom."""

import ast
from pathlib import Path

import pytest

import voxframe

PACKAGE = Path(voxframe.__file__).parent

# Each folder (or module) and what it may import of the others; nothing else, and nothing upwards.
MAY_IMPORT = {
    "_text": set(),
    "_forks": set(),
    "_interrupt": set(),
    "_dtypes": set(),
    "errors": {"_text"},
    "_extras": {"errors"},
    "_receipt": set(),
    "_progress": set(),
    "_timezones": set(),
    "_spec": set(),
    "_query": {"_spec", "_progress", "_timezones", "errors"},
    "_plan": {"_spec", "_timezones", "errors"},
    "_http": {"_spec", "_text", "_forks", "errors"},
    "_decode": {"_spec", "_text", "_timezones", "errors"},
    "_tables": {"_spec", "_dtypes", "_decode", "errors"},
    "_summary": {"_receipt", "analysis"},
    "_dataset": {"_text", "_extras", "_spec", "_tables", "_receipt", "_timezones",
                 "errors"},
    "analysis": {"_spec", "_dtypes", "_extras", "_timezones", "errors"},
    "report": {"analysis", "_extras", "_receipt", "_timezones"},
    "_history": {"_spec", "_tables", "_dataset", "_summary", "_receipt", "_extras",
                 "analysis", "report"},
    "_read": {"_spec", "_query", "_plan", "_http", "_decode", "_tables", "_history", "_receipt",
              "_progress", "_text", "_timezones", "errors"},
    "_recordings": {"_spec", "_http", "_tables", "_dataset", "_read", "_progress", "errors"},
    # What a missing package is called, and nothing of the client.
    "emulator": {"_extras"},
}  # fmt: skip
MAY_USE = {
    "httpx": {"_http"},
    "httpx2": {"_http"},
    "pyarrow": {
        "_cli", "_client", "_dataset", "_decode", "_dtypes", "_history", "_open", "_read",
        "_recordings", "_spec", "_summary", "_tables", "analysis", "dask", "report", "spark",
    },
    "pandas": {
        "_api", "_cli", "_client", "_dataset", "_dtypes", "_history", "_open", "_recordings",
        "_sync", "_tables", "analysis", "dask", "report",
    },
    "dask": {"dask"},
    "pyspark": {"spark"},
    "threading": {
        "_client", "_dataset", "_http", "_read", "_recordings", "emulator",
    },
}  # fmt: skip


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_folder_imports_only_what_lies_below(path: Path) -> None:
    own = part(path)
    names = {n.split(".")[1] for n in imports(path) if n.startswith("voxframe.")} - {own}
    if own in MAY_IMPORT:
        assert names <= MAY_IMPORT[own]
    for library, parts in MAY_USE.items():
        if any(n.split(".")[0] == library for n in imports(path)):
            assert own in parts, library


def test_one_place_decides_which_http_library_is_used() -> None:
    using = [p for p in MODULES if imports(p) & {"httpx", "httpx2"}]
    assert using == [PACKAGE / "_http" / "library.py"]


def test_nothing_is_unplaced() -> None:
    top = {"__init__", "__main__", "_api", "_client", "_cli", "_partitions", "_sync", "_open",
           "dask", "spark"}  # fmt: skip
    assert {part(p) for p in MODULES} == set(MAY_IMPORT) | top
