"""Sample answers, and answers made of rows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voxframe._decode import Page, decode
from voxframe._page import RawPage

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="session")
def sample() -> Callable[[str], RawPage]:
    def read(name: str) -> RawPage:
        return RawPage((SAMPLES / f"{name}.json").read_bytes(), asked="a window")

    return read


@pytest.fixture(scope="session")
def answer() -> Callable[..., Page]:
    """Decode an answer that holds the given sessions."""

    def build(*sessions: Any, unknown_fields: str = "keep", **envelope: Any) -> Page:
        whole = {"result": list(sessions), "timezone": "Etc/GMT", **envelope}
        return decode(RawPage(json.dumps(whole).encode()), unknown_fields=unknown_fields)

    return build
