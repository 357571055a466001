"""Packages that only an extra brings, said the same way wherever one is missing."""

import contextlib
from collections.abc import Iterator

from voxframe.errors import MissingExtraError


@contextlib.contextmanager
def needed_for(what: str, extra: str) -> Iterator[None]:
    """Turn an import that fails inside into an error that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "voxframe"):
            raise
        raise MissingExtraError(
            f"{what} needs the package {package}, which is not installed; install it with: "
            f"pip install 'voxframe[{extra}]'",
            name=package,
        ) from None
