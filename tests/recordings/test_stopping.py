"""Ctrl-C, kill -9, a client that is closed: what is there is whole, and the same call goes on.

Fifty times, as the project promises: ``pytest tests/recordings/test_stopping.py --full``
"""

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.downloads import Downloads, check, data, downloading, links
from tests.support.emulator_caller import sign
from tests.support.faulty import FROM, TO, all_gone
from voxframe import RetryPolicy
from voxframe.emulator import Fault, Files, World
from voxframe.errors import TransportError

# Long enough to be waited for in vain.
PATIENT = RetryPolicy(timeout=600.0, request_timeout=300.0, longest_wait=300.0)
NEVER_DONE = {
    "hanging": Fault("hang"),
    "throttled": Fault("429", retry_after=250),
    "failing": Fault("503", retry_after=250),
    "dripping": Fault("drip", seconds=0.01),
}


def truth(service: Downloads) -> dict[str, bytes]:
    """What every file has to hold, by its path without an ending."""
    token = sign(service.emulator)
    days = service.history.sessions.set_index("call_session_history_id").start_date.dt.date
    owners = service.history.records.set_index("record_id").call_session_history_id
    found = {}
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as http:
        for (table, number), link in links(service.history).items():
            day = days[number if table == "logs" else owners[number]]
            found[f"{table}/start_day={day}/{number}"] = http.get(link).content
    return found


def whole_so_far(folder: Path, expected: dict[str, bytes]) -> int:
    """Compare each file that has its name with the truth; return how many there are."""
    named = [path for path in data(folder) if not path.name.startswith(".")]
    for path in named:
        assert path.read_bytes() == expected[str(path.relative_to(folder).with_suffix(""))], path
    return len(named)


def test_killed_again_and_again_and_whole_in_the_end(full, tmp_path):
    kills, sessions = (50, 2_000) if full else (5, 80)
    world = World(sessions=sessions, start=FROM, end=TO, seed=81)
    slow = Fault("slow", seconds=0.03)
    chance = random.Random(5)
    out = tmp_path / "out"
    with downloading(world) as service:
        expected = truth(service)
    with downloading(world, None, Fault("short_length", every=7), slow) as service:
        service.history.to_parquet(tmp_path / "history")
        key = service.emulator.write_credentials(tmp_path / "key.json")
        killed = 0
        while killed < kills:
            before = service.requests
            running = service.start(tmp_path / "history", out, key)
            while service.requests == before and running.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.3))
            running.send_signal(signal.SIGKILL)
            running.communicate(timeout=10)
            if running.returncode == 0:
                break
            killed += 1
            whole_so_far(out, expected)
        frame = service.run(out)
        spent = service.requests
    assert killed >= (kills if full else 3)
    assert whole_so_far(out, expected) == len(data(out)) == len(expected)
    assert frame.path.notna().sum() == len(expected)
    # A kill costs what was on its way, and every seventh request breaks off.
    assert spent <= (len(expected) + 8 * killed) * 7 / 6 + 8


@pytest.mark.parametrize("state", ["hanging", "throttled"])
def test_ctrl_c_ends_it_within_two_seconds(state, tmp_path):
    world = World(sessions=40, start=FROM, end=TO, seed=82)
    with downloading(
        world, Files(), Fault("slow", first=20, seconds=0.0), NEVER_DONE[state]
    ) as service:
        service.history.to_parquet(tmp_path / "history")
        key = service.emulator.write_credentials(tmp_path / "key.json")
        running = service.start(tmp_path / "history", tmp_path / "out", key)
        while service.requests < 22:
            assert running.poll() is None, running.communicate()
            time.sleep(0.005)
        running.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, trouble = running.communicate(timeout=10)
        assert time.monotonic() - began < 2.0
        assert "KeyboardInterrupt" in trouble
    with downloading(world) as service:
        assert 0 < whole_so_far(tmp_path / "out", truth(service)) <= 20
        assert len(data(tmp_path / "out")) <= 20
        check(tmp_path / "out", service.run(tmp_path / "out"), service, sign(service.emulator))


@pytest.mark.parametrize("state", NEVER_DONE)
def test_a_client_closed_from_another_thread_ends_it(state, tmp_path):
    world = World(sessions=10, start=FROM, end=TO, seed=82)
    with (
        ThreadPoolExecutor(1) as worker,
        downloading(world, Files(), NEVER_DONE[state], retry=PATIENT) as service,
    ):
        download = worker.submit(service.run, tmp_path)
        while service.requests < 1:
            time.sleep(0.005)
        began = time.monotonic()
        service.client.close()
        with pytest.raises(TransportError, match=r"the client was closed|was stopped"):
            download.result(5)
        all_gone(2.0 - (time.monotonic() - began))
    assert not data(tmp_path)


def test_an_exception_of_the_program_ends_it_and_keeps_what_is_there(tmp_path):
    def stop(now: object) -> None:
        if now.files == 10:
            raise ZeroDivisionError

    with downloading() as service:
        with pytest.raises(ZeroDivisionError):
            service.run(tmp_path, progress=stop)
        there = len(data(tmp_path))
        assert there >= 10
        before = service.requests
        frame = service.run(tmp_path)
        # What the exception broke off may arrive there late, one of each worker.
        assert service.requests - before <= frame.path.notna().sum() - there + 8
        check(tmp_path, frame, service, sign(service.emulator))
