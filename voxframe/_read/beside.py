"""Work that is done beside the reading, in a thread of its own."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self


class Beside:
    """Run calls of ``work`` one after another beside this thread; one call waits at most.

    What fails in it is raised by the next call, or at the end; what was called before an error
    of this thread is still done. An interrupt drops the call that waits.
    """

    def __init__(self, work: Callable[..., None]) -> None:
        self._work = work
        self._calls: queue.Queue[tuple[Any, ...] | None] = queue.Queue(maxsize=1)
        self._failed: BaseException | None = None
        self._dropped = False
        self._thread = threading.Thread(target=self._loop, name="voxframe-writer", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:
            # No thread is to be had: then it is done here, one thing after the other.
            self._thread = threading.current_thread()
        return self

    def __call__(self, *arguments: Any) -> None:
        if self._failed is not None:
            raise self._failed
        if self._thread is threading.current_thread():
            self._work(*arguments)
        else:
            self._calls.join()
            self._calls.put(arguments)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._dropped = error is not None and not isinstance(error, Exception)
        if self._thread is not threading.current_thread():
            self._calls.put(None)
            self._thread.join()
        if error is None and self._failed is not None:
            raise self._failed

    def _loop(self) -> None:
        while (call := self._calls.get()) is not None:
            if self._failed is None and not self._dropped:
                try:
                    self._work(*call)
                except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                    self._failed = error
            # What is held until the next call would be memory that nobody needs.
            del call
            self._calls.task_done()
