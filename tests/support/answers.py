"""Sample answers, and answers made of rows."""

import json
from pathlib import Path
from typing import Any

from voxframe._decode.decode import Page, decode
from voxframe._decode.page import RawPage

SAMPLES = Path(__file__).parents[1] / "samples"


def read_sample(name: str) -> RawPage:
    return RawPage((SAMPLES / f"{name}.json").read_bytes(), asked="a window")


def answer_of(*sessions: Any, unknown_fields: str = "keep", **envelope: Any) -> Page:
    """Decode an answer that holds the given sessions."""
    whole = {"result": list(sessions), "timezone": "Etc/GMT", **envelope}
    return decode(RawPage(json.dumps(whole).encode()), unknown_fields=unknown_fields)
