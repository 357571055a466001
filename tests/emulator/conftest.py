"""What every test of the emulator needs."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator_caller import Caller, Runner, running
from voxframe.emulator import World


@pytest.fixture(scope="session")
def run() -> Runner:
    return running


@pytest.fixture(scope="session")
def small() -> World:
    return World(sessions=1500, seed=7)


@pytest.fixture(scope="session")
def caller(small: World) -> Iterator[Caller]:
    with running(small) as one:
        yield one


@pytest.fixture(scope="session")
def truth(small: World) -> list[dict[str, Any]]:
    return small.expected()
