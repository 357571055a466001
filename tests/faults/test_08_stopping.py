"""Row 29: Ctrl-C, a closed iterator, an exception in the consumer, a closed client."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.exporting import tables, whole_days
from tests.support.faulty import (
    FROM,
    LIGHT,
    TO,
    Service,
    all_gone,
    at_most,
    check,
    ids,
    serving,
    threads,
)
from voxframe import RetryPolicy
from voxframe.emulator import Behaviour, Fault, World
from voxframe.errors import TransportError

# Long enough to be waited for in vain.
PATIENT = RetryPolicy(timeout=600.0, request_timeout=300.0, longest_wait=300.0)
NEVER_DONE = {
    "hanging": {"faults": [Fault("hang")]},
    "throttled": {"faults": [Fault("429", retry_after=250)]},
    "failing": {"faults": [Fault("503", retry_after=250)]},
    "dripping": {"faults": [Fault("drip", seconds=0.01)]},
    "decoding and writing": {"behaviour": Behaviour(page_cap=30, dirty=0.5)},
}


def command(path: Path, service: Service, key: Path) -> list[str]:
    window = ["--from", FROM, "--to", TO, "--out", str(path)]
    address = ["--credentials", str(key), "--base-url", service.emulator.base_url]
    return [sys.executable, "-W", "error", "-m", "voxframe", "export", *window, *address]


def test_ctrl_c_ends_an_export_at_any_moment(month, tmp_path):
    with contextlib.ExitStack() as stack:
        for state, kind in NEVER_DONE.items():
            if state == "failing":  # waits in the same way as throttled
                continue
            service = stack.enter_context(serving(month, latency=0.01, **kind))
            key = service.emulator.write_credentials(tmp_path / "key.json")
            program = subprocess.Popen(
                command(tmp_path / state, service, key),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            while service.requests < 1:
                assert program.poll() is None, (state, program.communicate())
                time.sleep(0.005)
            time.sleep(0.1)
            program.send_signal(signal.SIGINT)
            with at_most(2.0):
                _, trouble = program.communicate(timeout=60)
            assert trouble.strip() == "voxframe export: interrupted", state
            assert program.returncode == 130, state
    for state in NEVER_DONE:
        for day, found in whole_days(tmp_path / state).items():
            if "sessions" in found:
                window = (f"{day} 00:00:00", f"{day} 23:59:59")
                check(found, month, *window, inclusive="both")
    with serving(month) as service:
        service.export(tmp_path / "hanging", overwrite=True)
    check(tables(tmp_path / "hanging"), month)


def in_the_middle(service: Service) -> None:
    while service.requests < 1:
        time.sleep(0.005)
    time.sleep(0.1)


@pytest.mark.parametrize("state", ["hanging", "throttled", "failing", "dripping"])
def test_a_client_closed_from_another_thread_ends_the_read(state, small):
    with (
        ThreadPoolExecutor(2) as workers,
        serving(small, retry=PATIENT, **NEVER_DONE[state]) as service,
    ):
        reads = [workers.submit(service.read), workers.submit(one_page, service)]
        in_the_middle(service)
        with at_most(2.0):
            service.client.close()
            for read in reads:
                with pytest.raises(TransportError, match=r"the client (was|is) closed|was stopped"):
                    read.result(60)
            all_gone()
        with pytest.raises(TransportError, match="the client is closed"):
            service.read()


def one_page(service: Service) -> None:
    service.client.get_call_history(from_date=FROM, to_date=TO)


@pytest.fixture
def _pieces(monkeypatch):
    monkeypatch.setattr("voxframe.Client._sessions_per_interval", 300)


@pytest.mark.usefixtures("_pieces")
@pytest.mark.parametrize("how", ["closed", "dropped", "raised"])
def test_an_iterator_that_is_left_takes_its_threads_along(how, month):
    # What comes later never comes.
    faults = [Fault("hang", at=tuple(range(20, 300)))]
    behaviour = Behaviour(page_cap=100)
    with serving(
        month, retry=PATIENT, behaviour=behaviour, faults=faults, max_concurrency=2
    ) as service:
        pieces = service.client.iter_call_history(FROM, TO, **LIGHT)
        assert len(next(pieces))
        assert threads()
        with at_most(2.0):
            if how == "closed":
                pieces.close()
            elif how == "dropped":
                del pieces
                gc.collect()
            else:
                with pytest.raises(ZeroDivisionError):
                    pieces.throw(ZeroDivisionError)
            all_gone()


@pytest.mark.usefixtures("_pieces")
def test_a_client_closed_under_an_open_iterator(month):
    with serving(month, behaviour=Behaviour(page_cap=100)) as service:
        pieces = service.client.iter_call_history(FROM, TO, **LIGHT)
        next(pieces)
        service.client.close()
        all_gone()
        with pytest.raises(TransportError, match="the client was closed"):
            list(pieces)


def test_a_client_closed_while_pages_are_decoded(month):
    # Pages that are slow to decode, so that some wait for it.
    behaviour = Behaviour(page_cap=100, dirty=0.5)
    with (
        serving(month, behaviour=behaviour, latency=0.05) as service,
        ThreadPoolExecutor(1) as worker,
    ):
        reading = worker.submit(service.read)
        while service.requests < 12:
            time.sleep(0.002)
        service.client.close()
        with pytest.raises(TransportError, match=r"closed|stopped"):
            reading.result()
        all_gone()


def test_a_report_that_raises_ends_the_read(month):
    def report(_: object) -> None:
        raise ZeroDivisionError

    faults = [Fault("hang", at=tuple(range(2, 200)))]
    with (
        serving(month, retry=PATIENT, faults=faults) as service,
        # Not the emulator's own time, which depends on the machine.
        at_most(2.0),
        pytest.raises(ZeroDivisionError),
    ):
        service.read(progress=report)


AT_EXIT = """
import sys
import voxframe
voxframe.Client._sessions_per_interval = 300
client = voxframe.Client(sys.argv[1], base_url=sys.argv[2], max_concurrency=1)
pieces = client.iter_call_history("2026-10-01", "2026-11-01", with_calls=False)
print(len(next(pieces)) > 0)
"""


def test_a_program_may_end_with_an_iterator_left_open(month, tmp_path):
    # How many requests the first piece takes is a matter of luck; another's are in flight then.
    faults = [Fault("slow", every=1, seconds=0.05)]
    with serving(month, behaviour=Behaviour(page_cap=100), faults=faults) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        program = [sys.executable, "-W", "error", "-c", AT_EXIT, str(key)]
        done = subprocess.run(
            [*program, service.emulator.base_url],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


@pytest.fixture
def _interruptible():
    # Workers of pytest-xdist ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_in_this_thread_leaves_no_thread_behind(small):
    # As in a notebook, where the kernel goes on.
    def interrupt() -> None:
        in_the_middle(service)
        os.kill(os.getpid(), signal.SIGINT)

    with serving(small, retry=PATIENT, faults=[Fault("hang")]) as service:
        helper = threading.Thread(target=interrupt)
        helper.start()
        with at_most(3.0), pytest.raises(KeyboardInterrupt):
            service.read()
        helper.join()
        all_gone()


def test_the_next_read_on_the_same_client_works(small):
    # Connections broken by one run are not handed to the next one.
    faults = [Fault("hang", at=(1, 2))]
    with serving(small, retry=PATIENT, faults=faults) as service:
        for _ in range(2):
            pieces = service.client.iter_call_history(FROM, TO)
            with ThreadPoolExecutor(1) as worker:
                first = worker.submit(next, pieces)
                in_the_middle(service)
                assert not first.done()
                for pool in service.client._pools:
                    pool.stop()
                with pytest.raises(TransportError):
                    first.result(5)
        check(service.read().tables, small)


def test_a_world_without_sessions_ends_too(tmp_path):
    world = World(sessions=1, start="2026-01-01", end="2026-01-02", seed=1)
    with serving(world) as service:
        service.export(tmp_path / "out")
    assert len(tables(tmp_path / "out")["sessions"]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_client_used_after_a_fork_has_its_own_connections(small):
    with serving(small) as service:
        assert len(service.read()) == 400
        for _ in range(2):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    status = 0 if len(service.client.read_call_history(FROM, TO)) == 400 else 2
                    service.client.close()
                finally:
                    os._exit(status)
            assert os.waitpid(child, 0)[1] == 0
            # The connection that was there before is still the parent's.
            history = service.read()
            assert history.receipt.retries == 0
            check(history.tables, small)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_locks_are_held(small):
    # Whatever another thread does at that moment: it is not there in the child to let go.
    with serving(small) as service:
        service.read()
        transport, tokens = service.client._transport, service.client._tokens
        held, forked = threading.Event(), threading.Event()

        def hold() -> None:
            with transport._lock, tokens._lock, transport._idle[0]._lock:
                held.set()
                assert forked.wait(60)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(60)
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # else it might wait for ever
            status = 1
            try:
                status = 0 if len(service.read()) == 400 else 2
            finally:
                os._exit(status)
        status = os.waitpid(child, 0)[1]
        forked.set()
        holder.join()
        assert status == 0


@pytest.mark.usefixtures("_pieces")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_middle_of_a_read(month):
    with serving(month, behaviour=Behaviour(page_cap=100)) as service:
        pieces = service.client.iter_call_history(FROM, TO)
        first = next(pieces)
        child = os.fork()
        if child == 0:
            signal.alarm(30)
            status = 1
            try:
                # The parent's read goes on in the parent only; one of its own works.
                with pytest.raises(TransportError, match="ends where its process is forked"):
                    next(pieces)
                check(service.read().tables, month)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        histories = [first, *pieces]
        assert sum(history.receipt.retries for history in histories) == 0
        every = [i for h in histories for i in ids(h)]
        assert every == [s["call_session_history_id"] for s in month.expected(FROM, TO)]


FORKING = """
import os, sys, voxframe
client = voxframe.Client(sys.argv[1], base_url=sys.argv[2])
window = "2026-10-01", "2026-11-01"
assert len(client.read_call_history(*window)) == 400
child = os.fork()
if child == 0:
    if sys.argv[3] == "used":
        assert len(client.read_call_history(*window)) == 400
    sys.exit()  # closes what is open, as every program does at its end
assert os.waitpid(child, 0)[1] == 0
history = client.read_call_history(*window)
print(len(history), history.receipt.retries)
"""


@pytest.mark.parametrize("how", ["used", "unused"])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_that_end_like_any_program(how, small, tmp_path):
    with serving(small) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        command = [sys.executable, "-W", "error", "-c", FORKING, str(key)]
        done = subprocess.run(
            [*command, service.emulator.base_url, how],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert (done.stdout, done.stderr) == ("400 0\n", "")
