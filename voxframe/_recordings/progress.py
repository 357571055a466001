"""How far a download is, for people who wait."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from voxframe._http.usage import Usage
from voxframe._progress import reporting


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far a download is.

    Attributes
    ----------
    files : int
        Files done so far, those that could not be had included.
    total : int
        Files that were not there when it began.
    bytes : int
        Bytes received so far.
    bytes_left : int
        Bytes of the recordings that are still to come, as far as the service says
        how large they are.
    requests : int
        Requests sent so far.
    seconds : float
        Since the download began.

    Examples
    --------
    >>> steps = []
    >>> files = voxframe.download_recordings(
    ...     voxframe.read_call_history("2026-10-05", "2026-10-06"),
    ...     "recordings",
    ...     what="records",
    ...     progress=steps.append,
    ... )
    >>> steps[-1].files == steps[-1].total
    True
    """

    files: int
    total: int
    bytes: int
    bytes_left: int
    requests: int
    seconds: float


DownloadReport: TypeAlias = Callable[[DownloadProgress], object]


@dataclass(slots=True)
class Tally:
    """What is done and what is left, as files come in."""

    sizes: Sequence[int]
    usage: Usage
    files: int = 0
    left: int = field(init=False)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = sum(self.sizes)

    def done(self, at: int) -> None:
        """Count a file."""
        self.files += 1
        self.left -= self.sizes[at]

    def now(self) -> DownloadProgress:
        """Return how far it is."""
        return DownloadProgress(
            self.files,
            len(self.sizes),
            self.usage.bytes,
            self.left,
            self.usage.requests,
            time.monotonic() - self.began,
        )


def download_reporter(
    progress: bool | DownloadReport | None,
) -> AbstractContextManager[DownloadReport]:
    """Return what yields a function to call with every step of a download."""
    return reporting(progress, " files", _draw)


def _draw(bar: Any, now: DownloadProgress) -> None:
    bar.total = now.total
    left = f", {_megabytes(now.bytes_left)} left" if now.bytes_left else ""
    bar.set_postfix_str(f"{_megabytes(now.bytes)}{left}", refresh=False)
    bar.update(now.files - bar.n)


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"
