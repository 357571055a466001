"""The same from a script, four threads, a running event loop, and a real Jupyter kernel."""

import asyncio
import io
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import voxframe
from tests.support.exact import FROM, TO, ids
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


def test_iterating_a_long_window_in_pieces(read):
    world = World(sessions=70_000, start=FROM, end=TO, seed=32)
    light = {"with_calls": False, "with_records": False, "with_other_resources": False}
    with Emulator(world) as emulator:
        kw = {"credentials": emulator.credentials, "base_url": emulator.base_url, **light}
        for desc in (False, True):
            pieces = list(voxframe.iter_call_history(FROM, TO, desc_order=desc, **kw))
            got = [i for piece in pieces for i in ids(piece)]
            assert len(pieces) > 2
            assert max(map(len, pieces)) <= 30_000
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
