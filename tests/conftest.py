import functools
import os
from collections.abc import Callable

import hypothesis
import pytest

from tests.support.answers import answer_of, read_sample
from voxframe._decode.decode import Page
from voxframe._decode.page import RawPage
from voxframe._http import credentials


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full", action="store_true", help="the sizes that the project promises, not a tenth"
    )
    parser.addoption(
        "--search", action="store_true", help="look for new counterexamples, by chance"
    )


def pytest_xdist_auto_num_workers() -> int:
    # Tests wait for servers, threads and disks about as long as they compute.
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    # Luck decides no run that others rely on: the same examples each time, unless asked to search.
    by_chance = bool(config.getoption("--search"))
    hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None)
    hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
    hypothesis.settings.load_profile("search" if by_chance else "fixed")
    # To check that a key is one takes as long as to read some pages; nearly all tests have the
    # same one, each in a client of its own.
    credentials._private_key = functools.cache(credentials._private_key)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--full"))


@pytest.fixture(scope="session")
def sample() -> Callable[[str], RawPage]:
    return read_sample


@pytest.fixture(scope="session")
def answer() -> Callable[..., Page]:
    return answer_of
