"""The surface keeps its promises: what is declared, what is imported, what the README names."""

import subprocess
import sys
from pathlib import Path

import pytest

import voxframe
from tests.support import generated, public_api
from voxframe import errors

ROOT = Path(__file__).parents[2]
PACKAGE = Path(voxframe.__file__).parent


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
        "'tqdm', 'IPython', 'jwt', 'cryptography', 'tenacity', 'pyarrow.parquet', "
        "'dask', 'pyspark', 'deltalake', 'duckdb', 'voxframe.dask', 'voxframe.spark', "
        "'voxframe.analysis'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pictures_are_reached_without_an_import_of_their_own_and_matplotlib_waits():
    for given in ("import voxframe", "import voxframe.analysis"):
        code = f"import sys; {given}; voxframe.analysis.plots.plot_cost; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert "matplotlib" not in done.stdout.split()


def test_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


def test_the_data_dictionary_is_as_the_code_makes_it():
    written = generated.DICTIONARY.read_text(encoding="utf-8")
    assert generated.renewed(written) == written, "python -m tests.support.generated rewrites it"


def test_a_change_of_the_public_surface_is_a_decision():
    pytest.importorskip("matplotlib")
    kept = public_api.PLACE.read_text(encoding="utf-8").splitlines()
    found = public_api.public_api().splitlines()
    assert found == kept, "if it is meant, python -m tests.support.generated writes it down"


def test_files_that_the_readme_names_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {
        word for word in readme.replace("`", " ").split()
        if word.startswith(("tests/", "voxframe/", "benchmarks/", "notebooks/")) and "." in word
    }  # fmt: skip
    assert named
    if (ROOT / "voxframe").exists():
        assert [name for name in named if not (ROOT / name.strip(".,;:|")).exists()] == []


def test_contributors_find_every_room_on_the_plan():
    if not (ROOT / ".github").exists():
        pytest.skip("only in a checkout")
    plan = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert [room for room in sorted(rooms) if room not in plan] == []
