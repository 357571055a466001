"""The same from a script, four threads, a running event loop, and a real Jupyter kernel."""

import asyncio
import io
import json
import multiprocessing
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

import voxframe
from tests.support.exact import FROM, TO, ids
from voxframe import _progress
from voxframe.emulator import Emulator, World


@pytest.fixture(scope="module")
def world():
    return World(sessions=3_000, start=FROM, end=TO, seed=31)


@pytest.fixture(scope="module")
def emulator(world):
    with Emulator(world, cache=True) as running:
        yield running


@pytest.fixture(scope="module")
def want(world):
    return [s["call_session_history_id"] for s in world.expected()]


def ours() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("voxframe-") and
            t.name != "voxframe-emulator"]  # fmt: skip


def test_no_thread_is_left_behind(emulator, read, want):
    assert ids(read(emulator)) == want
    assert ours() == []


AFTER_MAIN = """
import atexit, sys, threading, voxframe

def read(name):
    window = "2026-10-01", "2026-11-01"
    history = voxframe.read_call_history(*window, credentials=sys.argv[1], base_url=sys.argv[2])
    print(name, len(history), flush=True)

{last}
"""


@pytest.mark.parametrize(
    "last",
    [
        "threading.Thread(target=read, args=['read']).start()",
        pytest.param(
            "atexit.register(read, 'read')",
            marks=pytest.mark.skipif(
                sys.version_info >= (3, 12), reason="Python starts no threads then any more"
            ),
        ),
    ],
)
def test_after_the_main_thread_has_ended(last, emulator, tmp_path):
    key = emulator.write_credentials(tmp_path / "key.json")
    done = subprocess.run(
        [sys.executable, "-c", AFTER_MAIN.format(last=last), str(key), emulator.base_url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("read 3000\n", "")


def test_four_threads_with_a_client_each(emulator, read, want):
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(read, emulator) for _ in range(4)]
        assert all(ids(one.result()) == want for one in reads)


def test_four_threads_on_one_client(emulator, want):
    with (
        voxframe.Client(emulator.credentials, base_url=emulator.base_url) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        reads = [pool.submit(client.read_call_history, FROM, TO) for _ in range(4)]
        assert all(ids(one.result()) == want for one in reads)


def test_a_running_event_loop(emulator, read, want):
    async def main():
        direct = ids(read(emulator))
        aside = await asyncio.gather(*(asyncio.to_thread(read, emulator) for _ in range(2)))
        return direct, *map(ids, aside)

    assert list(asyncio.run(main())) == [want] * 3


def test_a_script(emulator, want, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import json, voxframe\n"
        f"h = voxframe.read_call_history('{FROM}', '{TO}')\n"
        "print(json.dumps(h.tables['sessions']['call_session_history_id'].to_pylist()))\n"
    )
    credentials = emulator.write_credentials(tmp_path / "credentials.json")
    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        capture_output=True,
        text=True,
        check=False,
        env={
            "VOXIMPLANT_CREDENTIALS": str(credentials),
            "VOXIMPLANT_BASE_URL": emulator.base_url,
        },
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == want


def test_a_jupyter_kernel(emulator, want):
    manager = pytest.importorskip("jupyter_client.manager")
    kernel, client = manager.start_new_kernel(kernel_name="python3")
    try:
        code = (
            "import voxframe\n"
            f"h = voxframe.read_call_history('{FROM}', '{TO}', "
            f"credentials={emulator.credentials!r}, base_url={emulator.base_url!r})\n"
            "h"
        )
        shown = []
        reply = client.execute_interactive(code, timeout=60, output_hook=shown.append)
        assert reply["content"]["status"] == "ok", reply["content"]
        results = [m["content"]["data"] for m in shown if m["msg_type"] == "execute_result"]
        assert "3,000" in results[0]["text/html"]
        assert not [m for m in shown if m["msg_type"] == "stream" and "Warning" in str(m)]
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
    assert len(want) == 3_000


def test_iterating_gives_the_same_rows(emulator, want):
    pieces = voxframe.iter_call_history(
        FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url
    )
    assert [i for piece in pieces for i in ids(piece)] == want


def test_iterating_a_long_window_in_pieces(read, monkeypatch):
    monkeypatch.setattr(voxframe.Client, "_sessions_per_interval", 5_000)
    world = World(sessions=18_000, start=FROM, end=TO, seed=32)
    light = {"with_calls": False, "with_records": False, "with_other_resources": False}
    with Emulator(world) as emulator:
        kw = {"credentials": emulator.credentials, "base_url": emulator.base_url, **light}
        for desc in (False, True):
            pieces = list(voxframe.iter_call_history(FROM, TO, desc_order=desc, **kw))
            got = [i for piece in pieces for i in ids(piece)]
            assert len(pieces) > 2
            assert max(map(len, pieces)) <= 7_500
            every = world.ledger.existed_ever(0, world.now, FROM, TO)
            assert len(got) == len(set(got)) == len(every)
            assert set(got) == every
            assert got == ids(read(emulator, desc_order=desc, **light))


def test_an_iterator_that_is_dropped_ends_its_threads(emulator):
    pieces = voxframe.iter_call_history(
        FROM, TO, credentials=emulator.credentials, base_url=emulator.base_url
    )
    next(pieces)
    pieces.close()
    assert ours() == []


@pytest.mark.parametrize("stderr", ["none", "without isatty", "closed"])
def test_whatever_stands_where_stderr_was(stderr, emulator, read, want, monkeypatch):
    closed = io.StringIO()
    closed.close()
    there = {"none": None, "without isatty": object(), "closed": closed}[stderr]
    monkeypatch.setattr(sys, "stderr", there)
    assert ids(read(emulator)) == want


@pytest.fixture
def threads_to_be_had(monkeypatch):
    """Let only so many threads of the library's start; no other way takes threads from a process
    without taking them from the emulator and the test as well."""
    left = {"threads": 0}
    start = threading.Thread.start

    def scarce(thread):
        if thread.name.startswith("voxframe"):
            if not left["threads"]:
                raise RuntimeError("can't start new thread")
            left["threads"] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    return left


def test_no_thread_to_be_had_is_said(emulator, read, threads_to_be_had):
    assert threads_to_be_had["threads"] == 0
    with pytest.raises(voxframe.errors.TransportError, match="no thread can be started"):
        read(emulator)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fewer_threads_than_wanted_are_enough(number, emulator, read, want, threads_to_be_had):
    threads_to_be_had["threads"] = number
    assert ids(read(emulator)) == want
    assert ours() == []


CONTAINER = """
import sys, voxframe
history = voxframe.read_call_history("2026-10-01", "2026-11-01")
receipt = voxframe.export_call_history(sys.argv[1], "2026-10-01", "2026-11-01")
print(len(history), receipt.sessions)
"""


def test_a_container_without_home_or_terminal(emulator, tmp_path):
    key = emulator.write_credentials(tmp_path / "key.json")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CONTAINER, str(tmp_path / "out")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
        # Neither HOME nor PATH, TERM, LANG or a place for temporary files; whoever runs it may
        # have no name either.
        env={"VOXIMPLANT_CREDENTIALS": str(key), "VOXIMPLANT_BASE_URL": emulator.base_url},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("3000 3000\n", "")


def ids_of(given):
    """Read in another process."""
    credentials, base_url = given
    return ids(voxframe.read_call_history(FROM, TO, credentials=credentials, base_url=base_url))


def history_of(given):
    credentials, base_url = given
    return voxframe.read_call_history(FROM, TO, credentials=credentials, base_url=base_url)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_pool_of_processes(method, emulator, read, want):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("no fork here")
    # The parent has read before, so that there is something to inherit.
    assert ids(read(emulator)) == want
    given = emulator.credentials, emulator.base_url
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        histories = list(pool.map(history_of, [given] * 3))
    assert [ids(history) for history in histories] == [want] * 3


def test_joblib(emulator, want):
    joblib = pytest.importorskip("joblib")
    given = emulator.credentials, emulator.base_url
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(ids_of)(given) for _ in range(3))
    assert found == [want] * 3
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


GREEN = """
from gevent import monkey
monkey.patch_all()
import sys, gevent, voxframe

def read():
    window = "2026-10-01", "2026-11-01"
    history = voxframe.read_call_history(*window, credentials=sys.argv[1], base_url=sys.argv[2])
    return len(history)

ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.001)

ticking = gevent.spawn(tick)
reads = [gevent.spawn(read) for _ in range(3)]
print([one.get() for one in reads], len(ticks) > 3)
"""


def test_under_gevent(emulator, tmp_path):
    pytest.importorskip("gevent")
    key = emulator.write_credentials(tmp_path / "key.json")
    done = subprocess.run(
        [sys.executable, "-c", GREEN, str(key), emulator.base_url],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout == "[3000, 3000, 3000] True\n", done.stderr


@pytest.mark.parametrize("name", ["google.colab._shell.Shell", "DatabricksShell"])
def test_shells_made_from_jupyters_get_the_bar(name, monkeypatch):
    ipython = pytest.importorskip("IPython")
    zmq = pytest.importorskip("ipykernel.zmqshell")
    shell = type(name.rpartition(".")[2], (zmq.ZMQInteractiveShell,), {})
    # Made without its kernel, of which there is one a process.
    monkeypatch.setattr(ipython, "get_ipython", lambda: object.__new__(shell))
    assert _progress._in_notebook()
    monkeypatch.setattr(ipython, "get_ipython", lambda: None)
    assert not _progress._in_notebook()
