"""Threads that fetch, threads that compute, and one queue in which what they made comes back."""

import concurrent.futures.thread  # noqa: F401 - pyarrow may want it when it is too late for it
import contextlib
import heapq
import itertools
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from voxframe._http.network import CancelledError
from voxframe.errors import TransportError

T = TypeVar("T")

# Threads that do not end are left behind as daemons; a person waits no longer than this.
_FAREWELL = 1.5
# Waits are cut in slices, so that a signal is seen soon on every platform.
_SLICE = 0.2


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be done, and where what it gave, or raised, is wanted."""

    work: Callable[[], Any]
    give: Callable[[Any], None]


class Pool(Generic[T]):
    """At most so many threads, started when there is work for them.

    Parameters
    ----------
    most : int
        Threads that mostly wait, at most.
    cores : int
        Threads that compute for them, at most.

    Attributes
    ----------
    stopped : threading.Event
        Set when the pool is closed; waits in the workers watch it.
    """

    def __init__(self, most: int, cores: int) -> None:
        self.stopped = threading.Event()
        self._most, self._cores = most, cores
        # The collector may close a pool in the middle of anything, so nothing here has a lock that
        # is held while Python runs. That, daemons, and work after the main thread has ended are
        # also what speaks against an executor.
        self._work: list[tuple[int, int, _Job]] = []
        # What is done and not taken is held: no more than so many jobs are begun and not taken.
        self._ahead = most
        self._turns: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._sums: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, T | BaseException]] = queue.SimpleQueue()
        self._number = itertools.count()
        self._waiting: list[threading.Thread] = []
        self._computing: list[threading.Thread] = []
        self._under_way = 0
        # Its threads are not there in a forked child, nor are its connections the child's to break.
        self._process = os.getpid()

    @property
    def most(self) -> int:
        """Threads that mostly wait, at most."""
        return self._most

    def submit(self, priority: int, key: object, work: Callable[[], T]) -> None:
        """Have something done; the lowest priority first."""
        job = _Job(work, lambda outcome: self._done.put((key, outcome)))
        heapq.heappush(self._work, (priority, next(self._number), job))
        self._under_way += 1
        if self._under_way <= self._ahead:
            self._turns.put(True)
        if len(self._waiting) < min(self._most, self._under_way):
            self._start(self._waiting, "voxframe", self._first)
            if len(self._computing) < self._cores:
                self._start(self._computing, "voxframe-compute", self._sums.get)

    def next(self, on_wait: Callable[[], object] = lambda: None) -> tuple[Any, T]:
        """Wait for the next thing done.

        Parameters
        ----------
        on_wait : callable
            Called now and then while nothing comes.

        Returns
        -------
        tuple
            Its key, and what it gave.

        Raises
        ------
        BaseException
            Whatever it raised, or that the pool was stopped.
        """
        self.check_process()
        while not self.stopped.is_set():
            with contextlib.suppress(queue.Empty):
                key, outcome = self._done.get(timeout=_SLICE)
                self._under_way -= 1
                if self._under_way >= self._ahead:
                    self._turns.put(True)
                if isinstance(outcome, BaseException):
                    raise outcome
                return key, outcome
            on_wait()
        raise CancelledError("the client was closed while it was reading")

    def check_process(self) -> None:
        """Refuse to go on in a forked child, which has none of the threads."""
        if os.getpid() != self._process:
            raise CancelledError("a read ends where its process is forked; begin it anew here")

    def compute(self, work: Callable[[], T]) -> T:
        """Do what keeps a core busy, when there is one for it; from a worker of this pool."""
        if not self._computing:
            return work()
        # Each thread has memory of its own, warm from its last page: few threads, few of those.
        reply: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
        self._sums.put(_Job(work, reply.put))
        while not self.stopped.is_set():
            with contextlib.suppress(queue.Empty):
                outcome = reply.get(timeout=_SLICE)
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome
        raise CancelledError("the read was stopped")

    def sleep(self, seconds: float) -> None:
        """Wait in a worker, unless the pool is closed meanwhile."""
        if self.stopped.wait(seconds):
            raise CancelledError("the read was stopped")

    def stop(self) -> None:
        """Have all threads end as soon as they notice; from any thread."""
        if os.getpid() != self._process:
            return
        self.stopped.set()
        for _ in range(self._most):
            self._turns.put(False)
        for _ in range(self._cores):
            self._sums.put(None)

    def close(self, abort: Callable[[], None]) -> None:
        """End all threads, and wait for it.

        Parameters
        ----------
        abort : callable
            Breaks what they wait for.
        """
        if os.getpid() != self._process:
            return
        self.stop()
        if self._under_way:
            abort()
        until = time.monotonic() + _FAREWELL
        for thread in (*self._waiting, *self._computing):
            thread.join(max(until - time.monotonic(), 0.0))

    def _first(self) -> "_Job | None":
        return heapq.heappop(self._work)[2] if self._turns.get() else None

    def _start(
        self, threads: list[threading.Thread], name: str, take: Callable[[], "_Job | None"]
    ) -> None:
        thread = threading.Thread(
            target=self._serve, args=(take,), name=f"{name}-{len(threads)}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            if not self._waiting:
                raise TransportError(
                    f"no thread can be started ({error}), and a read needs at least one; raise the "
                    "limit of processes and threads, or end some"
                ) from None
            # Fewer are slower and as right; those that run have to do.
            self._most, self._cores = len(self._waiting), len(self._computing)
        else:
            threads.append(thread)

    def _serve(self, take: Callable[[], "_Job | None"]) -> None:
        while (job := take()) is not None and not self.stopped.is_set():
            try:
                outcome = job.work()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the caller
                outcome = error
            job.give(outcome)
            # Nothing of the page may live on here while the thread waits.
            del job, outcome
