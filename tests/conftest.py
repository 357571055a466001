from collections.abc import Callable

import pytest

from tests.support.answers import answer_of, read_sample
from voxframe._decode.decode import Page
from voxframe._decode.page import RawPage


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full", action="store_true", help="the sizes that the project promises, not a tenth"
    )


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def sample() -> Callable[[str], RawPage]:
    return read_sample


@pytest.fixture(scope="session")
def answer() -> Callable[..., Page]:
    return answer_of
