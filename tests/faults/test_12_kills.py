"""An export that is killed again and again, and resumed each time.

A hundred times, as the project promises: ``pytest tests/faults/test_12_kills.py --full -s``
"""

import json
import math
import random
import signal
import time

from tests.support.exporting import start, tables
from tests.support.faulty import FROM, TO, check, serving
from voxframe.emulator import Behaviour, World

# Pieces so small that a program gets some of them done before it is killed.
PIECES = "voxframe.Client._sessions_per_interval = {}"


def test_killed_again_and_again_and_exact_in_the_end(full, tmp_path):
    kills, sessions, page, piece = (100, 240_000, 1000, 2_000) if full else (5, 3_000, 100, 300)
    world = World(sessions=sessions, start=FROM, end=TO, seed=81)
    chance = random.Random(5)
    path = tmp_path / "out"
    with serving(world, behaviour=Behaviour(page_cap=page), latency=0.1, cache=True) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        killed, options = 0, json.dumps({"max_concurrency": 2})
        while killed < kills:
            before = service.requests
            running = start(
                path, service.emulator, key, setup=PIECES.format(piece), options=options
            )
            while service.requests == before and running.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 1.5))
            running.send_signal(signal.SIGKILL)
            running.communicate(timeout=10)
            if running.returncode == 0:
                break
            killed += 1
        receipt = service.export(path)
        spent = service.emulator.counters.requests
    floor = math.ceil(sessions / page)
    print(  # noqa: T201 - its figures are what it is run for
        f"\n{killed} kills, {spent} requests, {floor} pages at least, "
        f"{receipt.requests} of the requests are in the receipt"
    )
    check(tables(path), world)
    assert receipt.sessions == sessions
    assert killed >= (kills if full else 3)
    # A kill costs what was on its way and the piece that was not whole, no more.
    assert spent <= 2 * floor + killed * (2 * math.ceil(1.5 * piece / page) + 12)
