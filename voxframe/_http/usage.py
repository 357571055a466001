"""What was sent, received and mended."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Usage:
    """What a run sent, received and mended so far; shared by its workers."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, requests: int = 0, retries: int = 0, bytes_: int = 0) -> None:
        """Count something."""
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.bytes += bytes_

    def mend(self, kind: str, times: int = 1) -> None:
        """Count something that was put right."""
        with self._lock:
            self.mended[kind] += times

    def note(self, kind: str, value: int) -> None:
        """Keep a figure that is no count."""
        with self._lock:
            self.mended[kind] = value

    def copy(self) -> "Usage":
        """Give the figures as they are now."""
        with self._lock:
            return Usage(self.requests, self.retries, self.bytes, Counter(self.mended))
