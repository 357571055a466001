from collections.abc import Callable
from typing import Any

import pytest

import voxframe
from tests.support.exact import FROM, TO, Truth
from voxframe.emulator import Emulator, World


@pytest.fixture(scope="session")
def month(full: bool) -> World:
    return World(sessions=50_000 if full else 6_000, start=FROM, end=TO, seed=7)


@pytest.fixture(scope="session")
def truth(month: World) -> Truth:
    return Truth(month, FROM, TO)


@pytest.fixture
def read() -> Callable[..., voxframe.CallHistory]:
    def read(emulator: Emulator, *window: Any, **options: Any) -> voxframe.CallHistory:
        return voxframe.read_call_history(
            *(window or (FROM, TO)),
            credentials=emulator.credentials,
            base_url=emulator.base_url,
            **options,
        )

    return read
