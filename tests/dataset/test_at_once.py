"""Work done side by side: every item once, in order, and no error is lost."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxframe._dataset.at_once import at_once


@given(st.lists(st.integers(), max_size=30))
def test_each_is_done_once_and_given_in_its_order(items: list[int]) -> None:
    done: list[int] = []

    def work(item: int) -> int:
        done.append(item)
        return -item

    assert list(at_once(work, items)) == [-item for item in items]
    assert sorted(done) == sorted(items)


def test_two_are_under_way_at_the_same_time() -> None:
    both = threading.Barrier(2)
    assert list(at_once(lambda _: both.wait(60) >= 0, [1, 2])) == [True, True]


def test_an_error_comes_after_what_was_made_before_it_and_the_others_are_done() -> None:
    done: list[int] = []

    def work(item: int) -> int:
        if item == 3:
            raise OSError("full")
        done.append(item)
        return item

    outcomes = at_once(work, range(6))
    assert [next(outcomes) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="full"):
        next(outcomes)
    assert sorted(done) == [0, 1, 2, 4, 5]


def test_where_no_thread_is_to_be_had_this_one_does_it_all(monkeypatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert list(at_once(str, [1, 2, 3])) == ["1", "2", "3"]
