"""Everything at once: one request in four fails, in one of twelve ways.

The size that the project promises, 200,000 sessions:
``pytest tests/faults/test_11_soak.py --full -s``
"""

import time

import pytest

from tests.support.exporting import tables
from tests.support.faulty import FROM, TO, check, serving
from voxframe import RetryPolicy
from voxframe.emulator import Behaviour, Changes, Fault, World

ELEVEN = (
    "429", "340", "515", "503", "html200", "empty", "error2", "cut_json", "cut_gzip", "reset",
    "hang",
)  # fmt: skip
# A token that is refused twice in a row is an error, and rightly so: it comes at a distance.
EXPIRED = Fault("456", every=43)
# The first that befalls a request counts; with this share each, together they are one in four.
SHARE = 1 - 0.75 ** (1 / 12)


@pytest.mark.parametrize("changing", [False, True], ids=["still", "changing"])
def test_one_request_in_four_fails_in_one_of_twelve_ways(changing, full, tmp_path):
    world = World(sessions=200_000 if full else 2_500, start=FROM, end=TO, seed=71)
    changes = Changes(add_every=7, purge_every=11, cost_every=5, size=10)
    behaviour = Behaviour(
        page_cap=250 if full else 100, ties="random", changes=changes if changing else Changes()
    )
    faults = [Fault(kind, probability=SHARE, seed=at) for at, kind in enumerate(ELEVEN)]
    faults.append(EXPIRED)
    # What hangs is waited for so long; a true answer takes a hundredth of it.
    retry = RetryPolicy(first_wait=0.02, longest_wait=0.5, request_timeout=5.0, max_attempts=12)
    with serving(world, retry=retry, behaviour=behaviour, faults=faults, cache=True) as service:
        began, since = time.monotonic(), world.now
        receipt = service.export(tmp_path / "out")
        until, seconds = world.now, time.monotonic() - began
        counters = service.emulator.counters
    got = tables(tmp_path / "out")
    failed = sum(counters.faults.values())
    print(  # noqa: T201 - its figures are what it is run for
        f"\n{receipt.sessions} sessions, {counters.requests} requests, {failed} of them failed, "
        f"{receipt.retries} sent again, {receipt.duplicates} duplicates, {seconds:.1f} s\n"
        f"{dict(sorted(counters.faults.items()))}\n{dict(receipt.mended)}"
    )
    assert (0.2 if full else 0.1) < failed / counters.requests < (0.3 if full else 0.45)
    assert len(counters.faults) >= (12 if full else 6)
    assert receipt.requests == counters.requests
    assert receipt.retries == failed
    ids = got["sessions"]["call_session_history_id"].to_pylist()
    assert len(set(ids)) == len(ids) == receipt.sessions
    assert set(ids) >= world.ledger.existed_throughout(since, until, FROM, TO)
    assert set(ids) <= world.ledger.existed_ever(since, until, FROM, TO)
    if not changing:
        check(got, world)
