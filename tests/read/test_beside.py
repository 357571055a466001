"""Writing beside reading: in order, one at a time, and no error is lost."""

import sys
import threading
import time
import traceback

import pytest

from voxframe._read.beside import Beside


def test_this_thread_goes_on_while_one_is_at_work_and_the_next_waits_for_it() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        begun.set()
        assert go_on.wait(60)
        done.append(number)

    with Beside(work) as call:
        call(1)
        assert begun.wait(60)
        assert done == []
        second = threading.Thread(target=call, args=(2,))
        second.start()
        assert second.is_alive()  # it waits: one is at work
        go_on.set()
        second.join(60)
        call(3)
    assert done == [1, 2, 3]


def test_an_error_is_raised_by_the_next_call_or_at_the_end() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 2:
            raise OSError("full")
        done.append(number)

    def run(numbers: range) -> None:
        with Beside(work) as call:
            for number in numbers:
                call(number)

    with pytest.raises(OSError, match="full"):
        run(range(1, 3))
    with pytest.raises(OSError, match="full"):
        run(range(2, 100))
    assert done == [1]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_is_at_work_is_done_after_an_error(error: type[BaseException]) -> None:
    begun, this_thread = threading.Event(), threading.get_ident()
    done: list[int] = []

    def leaving() -> bool:
        stack = traceback.extract_stack(sys._current_frames()[this_thread])
        return {"__exit__", "join"} <= {frame.name for frame in stack}

    def work(number: int) -> None:
        begun.set()
        while not leaving():
            time.sleep(0.001)
        done.append(number)

    def run() -> None:
        with Beside(work) as call:
            call(1)
            assert begun.wait(60)
            raise error

    with pytest.raises(error):
        run()
    assert done == [1]


def test_without_a_thread_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    # No socket is in it, and no other way makes the system refuse a thread.
    monkeypatch.setattr(threading.Thread, "start", refuse)
    done: list[int] = []
    with Beside(done.append) as call:
        call(1)
        assert done == [1]
