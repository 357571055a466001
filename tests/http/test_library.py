"""Which HTTP library is used: httpx2 where it is installed, else httpx."""

import os
import subprocess
import sys

from voxframe._http.library import httpx

USED = "from voxframe._http.library import httpx; print(httpx.__name__)"


def used(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_httpx_where_httpx2_is_not_installed():
    assert used(f"import sys; sys.modules['httpx2'] = None; {USED}") == "httpx"


def test_httpx2_where_it_is_installed(tmp_path):
    (tmp_path / "httpx2.py").write_text("from httpx import *\n", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    assert used(USED, PYTHONPATH=path) == "httpx2"


def test_this_run_is_with_the_one_that_it_should_be():
    try:
        import httpx2
    except ModuleNotFoundError:
        assert httpx.__name__ == "httpx"
    else:
        assert httpx is httpx2
