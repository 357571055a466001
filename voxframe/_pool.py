"""Threads that fetch, and one queue in which what they fetched comes back."""

import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from voxframe._transport import CancelledError

T = TypeVar("T")

# Threads that do not end are left behind as daemons; a person waits no longer than this.
_FAREWELL = 1.5
# Waits are cut in slices, so that a signal is seen soon on every platform.
_SLICE = 0.2


class Pool(Generic[T]):
    """At most so many threads, started when there is work for them.

    Parameters
    ----------
    most : int
        Threads that mostly wait, at most.
    cores : int
        Threads that compute, at most.

    Attributes
    ----------
    stopped : threading.Event
        Set when the pool is closed; waits in the workers watch it.
    """

    def __init__(self, most: int, cores: int) -> None:
        self.stopped = threading.Event()
        self._most = most
        self._work: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._done: queue.SimpleQueue[tuple[Any, T | BaseException]] = queue.SimpleQueue()
        self._number = itertools.count()
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        # Each thread has memory of its own, warm from its last page: few threads, few of those.
        self._cores = ThreadPoolExecutor(cores, "voxframe-compute")

    def submit(self, priority: int, key: object, work: Callable[[], T]) -> None:
        """Have something done; the lowest priority first."""
        self._work.put((priority, next(self._number), (key, work)))
        self._under_way += 1
        if len(self._threads) < min(self._most, self._under_way):
            thread = threading.Thread(
                target=self._run, name=f"voxframe-{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def next(self) -> tuple[Any, T]:
        """Wait for the next thing done.

        Returns
        -------
        tuple
            Its key, and what it gave.

        Raises
        ------
        BaseException
            Whatever it raised, or that the pool was stopped.
        """
        while not self.stopped.is_set():
            with contextlib.suppress(queue.Empty):
                key, outcome = self._done.get(timeout=_SLICE)
                self._under_way -= 1
                if isinstance(outcome, BaseException):
                    raise outcome
                return key, outcome
        raise CancelledError("the client was closed while it was reading")

    def compute(self, work: Callable[[], T]) -> T:
        """Do something in a worker that keeps a core busy, when there is one for it."""
        return self._cores.submit(work).result()

    def sleep(self, seconds: float) -> None:
        """Wait in a worker, unless the pool is closed meanwhile."""
        if self.stopped.wait(seconds):
            raise CancelledError("the read was stopped")

    def stop(self) -> None:
        """Have all threads end as soon as they notice; from any thread."""
        self.stopped.set()
        self._cores.shutdown(wait=False, cancel_futures=True)
        for _ in range(self._most):
            self._work.put((-1, next(self._number), None))

    def close(self, abort: Callable[[], None]) -> None:
        """End all threads, and wait for it.

        Parameters
        ----------
        abort : callable
            Breaks what they wait for.
        """
        self.stop()
        if self._under_way:
            abort()
        until = time.monotonic() + _FAREWELL
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))
        # Nothing is computed any more, unless for a thread that was left behind.
        self._cores.shutdown(wait=not any(thread.is_alive() for thread in self._threads))

    def _run(self) -> None:
        while True:
            _, _, item = self._work.get()
            if item is None or self.stopped.is_set():
                return
            key, work = item
            try:
                outcome: T | BaseException = work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                outcome = error
            self._done.put((key, outcome))
            # Nothing of the page may live on here while the thread waits.
            del key, work, item, outcome
