from collections.abc import Iterator

import pytest

from tests.support.faulty import FROM, TO, all_gone
from voxframe.emulator import World


@pytest.fixture(scope="session")
def small() -> World:
    """One page with everything in it."""
    return World(sessions=400, start=FROM, end=TO, seed=31)


@pytest.fixture(scope="session")
def month() -> World:
    """A few pages."""
    return World(sessions=2_500, start=FROM, end=TO, seed=32)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    all_gone()
