"""What was logged and signed, so that a test can look for what must be nowhere."""

import contextlib
import io
import logging
from collections.abc import Iterator

import jwt
import pytest


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Everything that any library logs, at its most talkative."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def tokens_signed(patch: pytest.MonkeyPatch) -> list[str]:
    """All tokens that are signed from now on."""
    signed: list[str] = []
    encode = jwt.encode

    def keeping(*given: object, **options: object) -> str:
        signed.append(encode(*given, **options))
        return signed[-1]

    patch.setattr(jwt, "encode", keeping)
    return signed
