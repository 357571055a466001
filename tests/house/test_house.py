"""The layout keeps its promises: directions of imports, the surface, the README."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import voxframe
from voxframe import errors
from voxframe._schema import data_dictionary

ROOT = Path(__file__).parents[2]
PACKAGE = Path(voxframe.__file__).parent

REQUEST_HALF = [
    "_answer", "_bisect", "_clock", "_credentials", "_crowd", "_fetch", "_plan", "_pool", "_query",
    "_retry", "_seen", "_transport", "_window", "_wire",
]  # fmt: skip
TABLE_HALF = [
    "_assemble", "_columns", "_decode", "_disk", "_export", "_fast", "_glance", "_history",
    "_manifest",
    "_pandas", "_parquet", "_precheck", "_schema", "_tolerant", "_unify", "_values",
]  # fmt: skip
SHARED = ["_page", "_receipt", "_zones", "errors"]


def imports(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("module", REQUEST_HALF)
def test_the_request_half_knows_no_tables(module):
    names = imports(module)
    assert not {name for name in names if name.split(".")[0] in ("pyarrow", "pandas")}
    assert not {f"voxframe.{other}" for other in TABLE_HALF} & names


@pytest.mark.parametrize("module", TABLE_HALF)
def test_the_table_half_knows_no_wire(module):
    names = imports(module)
    assert not {name for name in names if name.split(".")[0] == "httpx"}
    assert not {f"voxframe.{other}" for other in REQUEST_HALF} & names


@pytest.mark.parametrize("module", SHARED)
def test_what_both_use_uses_neither(module):
    halves = {f"voxframe.{other}" for other in REQUEST_HALF + TABLE_HALF}
    assert not halves & imports(module)
    assert not {n for n in imports(module) if n.split(".")[0] in ("pyarrow", "pandas", "httpx")}


def test_httpx_is_seen_in_one_module_only():
    seen = [p.stem for p in PACKAGE.glob("*.py") if "httpx" in imports(p.stem)]
    assert seen == ["_transport"]


def test_every_module_is_placed():
    composing = {
        "__init__", "__main__", "_api", "_cli", "_client", "_demo", "_jobs", "_options",
        "_progress", "_report", "_report_pictures", "_run",
    }  # fmt: skip
    placed = {*REQUEST_HALF, *TABLE_HALF, *SHARED, *composing}
    assert {p.stem for p in PACKAGE.glob("*.py")} == placed


def test_the_surface_is_declared_and_sorted():
    assert voxframe.__all__ == sorted(voxframe.__all__)
    public = {n for n in vars(voxframe) if not n.startswith("_")}
    submodules = {n for n in public if isinstance(vars(voxframe)[n], type(sys))} - {"errors"}
    assert public - submodules == set(voxframe.__all__)
    assert errors.__all__ == sorted(errors.__all__)


def test_every_error_is_drawn_in_the_tree():
    for name in errors.__all__:
        assert name in (errors.__doc__ or "")
        assert issubclass(getattr(errors, name), errors.VoxframeError)


def test_import_is_light():
    code = (
        "import sys, voxframe; "
        "print(sorted({'matplotlib', 'starlette', 'uvicorn', 'orjson', 'voxframe.emulator', "
        "'tqdm', 'IPython', 'jwt', 'cryptography', 'tenacity', 'pyarrow.parquet'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


def test_the_readme_holds_the_data_dictionary():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert data_dictionary().strip() in readme


def test_files_that_the_readme_names_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {
        word for word in readme.replace("`", " ").split()
        if word.startswith(("tests/", "voxframe/", "benchmarks/", "notebooks/")) and "." in word
    }  # fmt: skip
    assert named
    if (ROOT / "voxframe").exists():
        assert [name for name in named if not (ROOT / name.strip(".,;:|")).exists()] == []
