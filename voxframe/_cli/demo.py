"""``voxframe demo``: the main job on the embedded emulator, and what a person asks first."""

import sys
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc

import voxframe
from voxframe._history import CallHistory
from voxframe.emulator import Emulator, World

_FROM, _TO = "2026-10-01", "2026-11-01"
_KINDS = {"calls": "calls", "records": "records", "resource_usage": "other resources"}

_CODE = """\
import voxframe

history = voxframe.read_call_history("{start}", "{end}")
history.calls                                  # a typed pandas DataFrame
history.tables["calls"]                        # the same as a pyarrow.Table
history.to_parquet("{out}")
history.receipt                                # why nothing is missing"""


def demo(out: str, sessions: int) -> None:
    """Read a made-up month over real HTTP, write it, and sum it up.

    Parameters
    ----------
    out : str
        Folder for the Parquet files.
    sessions : int
        How many sessions the month has.
    """
    print(
        f"A made-up account: {sessions:,} sessions from {_FROM} to {_TO}, served on this machine."
    )
    with Emulator(World(sessions=sessions, start=_FROM, end=_TO, seed=0)) as emulator:
        history = voxframe.read_call_history(
            _FROM, _TO, credentials=emulator.credentials, base_url=emulator.base_url
        )
    history.to_parquet(out)
    _sum_up(history, out)


def _sum_up(history: CallHistory, out: str) -> None:
    calls, receipt = history.calls, history.receipt
    answered = float(calls.successful.mean()) if len(calls) else 0.0
    print(f"\n  sessions  {len(history):>12,}")
    print(f"  calls     {len(calls):>12,}   {answered:.1%} answered")
    print(f"  minutes   {int(calls.duration.sum()) / 60:>12,.0f}")
    _bars("cost by kind", {label: _cost(history, name) for name, label in _KINDS.items()})
    _bars("cost by application", _by_application(history))
    print(
        f"\n  {receipt.requests} requests in {receipt.seconds:.1f} s, {receipt.retries} sent again,"
        f" {receipt.duplicates:,} duplicates dropped\n  complete because: {receipt.settled}"
    )
    size = sum(file.stat().st_size for file in Path(out).glob("*.parquet"))
    print(f"  {out}/: {len(history.tables)} Parquet files, {size / 2**20:.1f} MiB")
    print("\nThe same in Python, for your account:\n")
    for line in _CODE.format(start=_FROM, end=_TO, out=out).splitlines():
        print(f"    {line}".rstrip())


def _cost(history: CallHistory, name: str) -> float:
    return float(pc.sum(history.tables[name]["cost"]).as_py() or 0)


def _by_application(history: CallHistory) -> dict[str, float]:
    sessions = history.sessions.set_index("call_session_history_id")
    costs = pd.concat(
        history.to_pandas()[name].set_index("call_session_history_id").cost for name in _KINDS
    )
    named = costs.groupby(level=0).sum().to_frame().join(sessions.application_name)
    sums = named.groupby("application_name", observed=True).cost.sum()
    return {str(name): float(cost) for name, cost in sums.sort_values(ascending=False).items()}


def _bars(title: str, values: dict[str, float], width: int = 30) -> None:
    print(f"\n  {title}")
    most, name_width = max(values.values(), default=0.0), max(map(len, values), default=0)
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    for name, value in values.items():
        bar = block * round(width * value / most) if most else ""
        print(f"    {name:<{name_width}} {value:>11,.2f}  {bar}")
