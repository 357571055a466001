"""Files brought to the disk several at once, since a disk makes each of them wait."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# A disk gains little from more, and each holds a day's encoded columns.
_THREADS = 4


def at_once(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Do work for several items side by side; yield what came of each, in their order.

    Parameters
    ----------
    work : callable
        Called once for each, in this thread and a few others.
    items : sequence
        For which; all are done, whatever becomes of one.

    Yields
    ------
    object
        What each call returned.

    Raises
    ------
    BaseException
        What a call raised, after what came of those before it.
    """
    outcomes: list[tuple[R | None, BaseException | None]] = [(None, None)] * len(items)
    turns: queue.SimpleQueue[int] = queue.SimpleQueue()
    for at in range(len(items)):
        turns.put(at)

    def serve() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                at = turns.get_nowait()
                try:
                    outcomes[at] = work(items[at]), None
                except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                    outcomes[at] = None, error

    others = []
    # Where no thread is to be had, this one does it all.
    with contextlib.suppress(RuntimeError):
        for _ in range(min(_THREADS, len(items)) - 1):
            thread = threading.Thread(target=serve, name="voxframe-disk", daemon=True)
            thread.start()
            others.append(thread)
    serve()
    for thread in others:
        thread.join()
    for result, error in outcomes:
        if error is not None:
            raise error
        yield result  # type: ignore[misc]
