"""What odd values cost: a read of pages that hold some, against a read of plain ones.

    python -m benchmarks.cliff

All in one process that has read before; medians of rounds in which each is read once.
"""

import json
import statistics
import time
from contextlib import ExitStack

import voxframe
from benchmarks.contest import FIRST, LAST
from benchmarks.server import Server
from benchmarks.world import PLAIN, TWISTS

SESSIONS = 20_000
_ROUNDS = 5


def _seconds(server: Server) -> float:
    began = time.perf_counter()
    history = voxframe.read_call_history(
        FIRST, LAST, credentials=server.world.credentials, base_url=server.url, progress=False
    )
    spent = time.perf_counter() - began
    if len(history) != SESSIONS or history.tables["calls"].num_rows != server.world.truth["calls"]:
        raise SystemExit("sessions or calls are missing")
    return spent


def main() -> None:
    with ExitStack() as stack:
        servers = {name: stack.enter_context(Server(SESSIONS, name)) for name in TWISTS}
        for server in servers.values():
            _seconds(server)
        rounds = [{name: _seconds(each) for name, each in servers.items()} for _ in range(_ROUNDS)]
    spent = {name: statistics.median(each[name] for each in rounds) for name in TWISTS}
    ratios = {name: seconds / spent[PLAIN] for name, seconds in spent.items()}
    print("| pages | seconds | against plain |\n|---|---|---|")
    for name, ratio in ratios.items():
        print(f"| {name} | {spent[name]:.3f} | {ratio:.2f} |")
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
