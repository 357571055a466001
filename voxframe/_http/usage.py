"""What was sent, received and mended."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from voxframe._forks import renew_after_fork


@dataclass(slots=True, eq=False, weakref_slot=True)
class Usage:
    """What was sent, received and mended so far, for one purpose; shared by its workers.

    Attributes
    ----------
    whole : Usage or None
        What this is a part of: requests, retries and bytes are counted there, too.
    """

    whole: "Usage | None" = None
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Free the lock, which another thread of the parent may have held."""
        self._lock = threading.Lock()

    def add(self, *, requests: int = 0, retries: int = 0, bytes_: int = 0) -> None:
        """Count something."""
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.bytes += bytes_
        if self.whole is not None:
            self.whole.add(requests=requests, retries=retries, bytes_=bytes_)

    def mend(self, kind: str, times: int = 1) -> None:
        """Count something that was put right."""
        with self._lock:
            self.mended[kind] += times

    def note(self, kind: str, value: int) -> None:
        """Keep a figure that is no count."""
        with self._lock:
            self.mended[kind] = value
