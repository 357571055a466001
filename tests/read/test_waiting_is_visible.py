"""Whoever waits is told what for: by the bar, by a callable, and in the log."""

import io
import logging
import re
import sys
import threading
from typing import Any

import pytest

import voxframe
from tests.support.faulty import FROM, LIGHT, TO, FastTime, serving
from tests.support.raw_service import RawService, raw_client, session
from voxframe._progress import Progress, reporter
from voxframe.emulator import Behaviour, Fault, World

FIRST = "waiting for the first answer from 127.0.0.1"
LATER = "waiting for an answer from 127.0.0.1"


class Watcher:
    """A callable for `progress` that lets a held answer go once it was told these words enough.

    On a busy machine other answers may have to be waited for, too.
    """

    def __init__(self, words: str, enough: int) -> None:
        self.steps: list[voxframe.Progress] = []
        self.heard = threading.Event()
        self._words, self._enough = words, enough

    def __call__(self, step: voxframe.Progress) -> None:
        self.steps.append(step)
        if self.waiting.count(self._words) >= self._enough:
            self.heard.set()

    @property
    def waiting(self) -> list[str]:
        return [step.waiting for step in self.steps if step.waiting]


def own_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.INFO]


def held(watcher: Watcher, *, request: int) -> RawService:
    """A service that keeps one answer back until the watcher was told enough."""

    def hold(*_: Any) -> None:
        if len(service.asked) == request:
            assert watcher.heard.wait(30)

    service = RawService([session(number) for number in range(1, 1_002)], refuse=hold)
    return service


def test_the_first_answer_is_waited_for_by_name(caplog):
    caplog.set_level(logging.INFO, "voxframe")
    watcher = Watcher(FIRST, enough=3)
    with raw_client(held(watcher, request=1)) as client:
        # A fifth of a second, in which nothing came, is more than half a minute to it.
        client._clock = FastTime(200).clock
        history = client.read_call_history(FROM, TO, progress=watcher)
    assert len(history) == 1_001
    assert watcher.waiting[:3] == [FIRST] * 3
    assert watcher.steps[-1].waiting == ""
    said = [line for line in own_lines(caplog) if "waiting" in line]
    assert said
    assert re.search(r": 0 of an unknown number of sessions, [01] requests, ", said[0])
    assert said[0].endswith(f"; {FIRST}")


def test_a_later_answer_is_waited_for_too():
    watcher = Watcher(LATER, enough=2)
    with raw_client(held(watcher, request=2), max_concurrency=1) as client:
        client._clock = FastTime(20).clock
        client.read_call_history(FROM, TO, progress=watcher)
    assert set(watcher.waiting) - {FIRST} == {LATER}
    assert FIRST not in watcher.waiting[watcher.waiting.index(LATER) :]


def test_throttling_is_waited_for_by_the_second(small_world):
    steps: list[voxframe.Progress] = []
    faults = [Fault("429", at=(1,), retry_after=40)]
    with serving(small_world, faults=faults, time_=FastTime(40)) as service:
        service.client._retry = voxframe.RetryPolicy()
        service.read(progress=steps.append)
    waits = [step.waiting for step in steps if step.waiting.startswith("the service throttles")]
    assert waits
    seconds = [float(text.split("; waiting ")[1].removesuffix(" s")) for text in waits]
    assert seconds == sorted(seconds, reverse=True)
    assert seconds[0] <= 40


def test_attempts_that_failed_are_counted(small_world):
    steps: list[voxframe.Progress] = []
    faults = [Fault("503", at=(1,), retry_after=40)]
    with serving(small_world, faults=faults, time_=FastTime(40)) as service:
        service.client._retry = voxframe.RetryPolicy()
        service.read(progress=steps.append)
    want = "waiting for an answer from 127.0.0.1, 1 request asked again"
    assert want in {step.waiting for step in steps}


def test_a_count_says_it_too():
    watcher = Watcher(FIRST, enough=1)
    with raw_client(held(watcher, request=1)) as client:
        client._clock = FastTime(20).clock
        client.count_call_history(FROM, TO, progress=watcher)
    assert watcher.waiting


def test_the_bar_says_it_and_stops_saying_it(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with reporter(True) as report:
        report(Progress(0, None, 1, 1.0, "the service throttles; waiting 12 s"))
        assert "the service throttles; waiting 12 s" in screen.getvalue()
        report(Progress(0, None, 1, 2.0, "the service throttles; waiting 11 s"))
        assert "waiting 11 s" in screen.getvalue()
        report(Progress(500, 1_000, 2, 3.0))
        last = screen.getvalue().rpartition("\r")[2]
        assert "waiting" not in last
        assert "500" in last


def test_a_large_read_says_each_tenth_and_a_small_one_nothing(caplog, tmp_path):
    caplog.set_level(logging.INFO, "voxframe")
    world = World(sessions=12_000, start=FROM, end=TO, seed=33)
    with serving(world, behaviour=Behaviour(page_cap=500)) as service:
        receipt = service.export(tmp_path / "out", **LIGHT)
        *steps, last = own_lines(caplog)
        assert 5 <= len(steps) <= 9
        assert receipt.requests > 20
        assert all(" of about 12000 sessions, " in line for line in steps)
        assert "gave 12,000 sessions" in last
        caplog.clear()
        service.read("2026-10-01", "2026-10-02", **LIGHT)
        assert len(own_lines(caplog)) == 1


@pytest.fixture(scope="module")
def small_world() -> World:
    return World(sessions=400, start=FROM, end=TO, seed=31)
