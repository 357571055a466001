"""Every keyword of every public function is seen where people look: Tab, help()."""

import inspect
import pydoc

import pytest

import voxframe

FUNCTIONS = [name for name in voxframe.__all__ if inspect.isfunction(getattr(voxframe, name))]


@pytest.fixture(scope="module")
def kernel():
    manager_of = pytest.importorskip("jupyter_client.manager")
    manager, client = manager_of.start_new_kernel(kernel_name="python3", startup_timeout=120)
    try:
        client.execute_interactive("import voxframe", timeout=120)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tab_in_a_notebook_shows_every_keyword(kernel, name):
    code = f"voxframe.{name}("
    answer = kernel.complete(code, len(code), reply=True, timeout=120)
    offered = {match.rstrip("=") for match in answer["content"]["matches"]}
    assert set(inspect.signature(getattr(voxframe, name)).parameters) - offered == set()


def public(owner):
    return [each for name, each in inspect.getmembers(owner, inspect.isfunction) if name[0] != "_"]


@pytest.mark.parametrize(
    "function", public(voxframe) + public(voxframe.Client), ids=lambda f: f.__qualname__
)
def test_help_shows_every_keyword(function):
    shown = pydoc.plain(pydoc.render_doc(function))
    for keyword in set(inspect.signature(function).parameters) - {"self"}:
        assert f"{keyword}:" in shown
