"""Work that is done beside the reading, in a thread of its own."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self


class Beside:
    """Run calls of ``work`` one after another beside this thread; each waits for the last.

    What fails in it is raised by the next call, or at the end; what was called before an error
    of this thread is still done.
    """

    def __init__(self, work: Callable[..., None]) -> None:
        self._work = work
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, *arguments: Any) -> None:
        self._wait()
        if self._failed is not None:
            raise self._failed
        thread = threading.Thread(
            target=self._run, args=arguments, name="voxframe-writer", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # No thread is to be had: then it is done here, one thing after the other.
            self._work(*arguments)
        else:
            self._thread = thread

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._wait()
        if error is None and self._failed is not None:
            raise self._failed

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, *arguments: Any) -> None:
        try:
            self._work(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._failed = error
