"""A system that renames and removes no file that is open, such as Windows."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

OPEN = Path("/proc/self/fd")


def _open_at(path: Any) -> list[str]:
    """Return what this process holds open at a path, or below it."""
    place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120
    found = []
    for handle in os.listdir(OPEN):  # noqa: PTH208
        with contextlib.suppress(OSError):
            found.append(os.readlink(OPEN / handle))  # noqa: PTH115
    return [each for each in found if each == place or each.startswith(f"{place}/")]


@contextlib.contextmanager
def none_is_moved() -> Iterator[list[str]]:
    """Refuse it as Windows would, in all threads; yield what was moved or removed."""
    moved: list[str] = []

    def guarded(name: str, paths: int) -> Callable[..., None]:
        plain = getattr(os, name)

        def call(*arguments: Any, **more: Any) -> None:
            for path in arguments[:paths] if not more else ():
                if _open_at(path):
                    raise PermissionError(errno.EACCES, "used by a process", str(path))
                moved.append(str(path))
            plain(*arguments, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name, paths in {"rename": 2, "replace": 2, "unlink": 1, "remove": 1}.items():
            patch.setattr(os, name, guarded(name, paths))
        yield moved
