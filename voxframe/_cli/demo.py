"""``voxframe demo``: the main job on the embedded emulator, and what a person asks first."""

import argparse
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc

import voxframe
from voxframe import analysis
from voxframe._cli.options import sessions_made_up
from voxframe._cli.output import COLUMNS, can_show
from voxframe._extras import needed_for
from voxframe._history import CallHistory

_FROM, _TO = "2026-10-01", "2026-11-01"
_KINDS = {"calls": "legs", "records": "records", "resource_usage": "other resources"}

_CODE = """\
import voxframe

history = voxframe.read_call_history("{start}", "{end}")
history.calls                                  # a typed pandas DataFrame
history.tables["calls"]                        # the same as a pyarrow.Table
history.to_parquet("{out}")
history.receipt                                # why nothing is missing"""


def add(commands: Any) -> None:
    """Add the command."""
    demo = commands.add_parser(
        "demo",
        help="see it work on the embedded emulator; needs no account",
        description="Start the embedded emulator, read a month of call history from it over real "
        "HTTP, write it to Parquet, and show what a person wants to know first.",
    )
    demo.add_argument("--out", default="voxframe-demo", metavar="DIR", help="default: %(default)s")
    demo.add_argument(
        "--sessions",
        type=sessions_made_up,
        default=20_000,
        metavar="N",
        help="default: %(default)s",
    )
    demo.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Read a made-up month over real HTTP, write it, and sum it up."""
    with needed_for("the demo", "emulator"):
        from voxframe.emulator import Emulator, World  # noqa: PLC0415 - an extra
    print("A made-up account, served on this machine:")
    print(f"{given.sessions:,} sessions from {_FROM} to {_TO}.")
    with Emulator(World(sessions=given.sessions, start=_FROM, end=_TO, seed=0)) as emulator:
        history = voxframe.read_call_history(
            _FROM, _TO, credentials=emulator.credentials, base_url=emulator.base_url
        )
    history.to_parquet(given.out)
    _sum_up(history, given.out)


def _sum_up(history: CallHistory, out: str) -> None:
    receipt = history.receipt
    network = analysis.traffic(history, freq=None).iloc[0]
    tried = int(network.attempts)
    answered = f"   {network.answered / tried:.1%} answered" if tried else ""
    print(f"\n  sessions  {len(history):>12,}")
    print(f"  legs      {len(history.calls):>12,}")
    print("\n  on the telephone network")
    print(f"    calls in  {int(network.arrived):>10,}")
    print(f"    calls out {tried:>10,}{answered}")
    print(f"    minutes   {network.connected_minutes:>10,.0f}")
    _bars("cost by kind", {label: _cost(history, name) for name, label in _KINDS.items()})
    _bars("cost by application", _by_application(history))
    accounts = pc.count_distinct(history.tables["sessions"]["account_id"]).as_py()
    if accounts > 1:
        print(
            f"\n  costs are of {accounts} accounts, added up as if in one currency;\n"
            "    analysis.cost_breakdown(history, currency=...) keeps currencies apart"
        )
    print(
        f"\n  requests: {receipt.requests} in {receipt.seconds:.1f} s, {receipt.retries} sent "
        f"again; duplicates dropped: {receipt.duplicates:,}"
    )
    print(
        textwrap.fill(
            f"complete because: {receipt.settled}",
            COLUMNS,
            initial_indent="  ",
            subsequent_indent="    ",
        )
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
    block = "█" if can_show("█") else "#"
    for name, value in values.items():
        bar = block * round(width * value / most) if most else ""
        print(f"    {name:<{name_width}} {value:>11,.2f}  {bar}")
