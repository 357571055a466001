"""Everything at once: a world that moves, a service that fails, a reader that is cut short.

The law: what is read is what the ledger says had to be there, each session once
and in a version that was the service's during the read; or a typed error.
Never less in silence.
"""

import contextlib
import shutil
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import voxframe
from voxframe.emulator import Behaviour, Changes, Emulator, Fault, World

FIRST, LAST = "2026-10-01", "2026-10-05"
PATIENT = voxframe.RetryPolicy(first_wait=0.01, longest_wait=0.05, max_attempts=12)
KINDS = ("500", "html200", "cut_json", "error1", "error4", "340", "429", "456", "515", "reset")


class StopError(Exception):
    """The reader is cut short."""


def stop_after(steps: int):
    seen = []

    def step(_progress: voxframe.Progress) -> None:
        seen.append(1)
        if len(seen) >= steps:
            raise StopError

    return step


def price(session: dict) -> Decimal:
    return sum(
        (child["cost"] for kind in ("calls", "records", "other_resource_usage")
         for child in session[kind] if child.get("cost") is not None),
        Decimal(0),
    )  # fmt: skip


class Everything(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 99),
        cap=st.sampled_from([0, 40, 97]),
        order=st.sampled_from(["start_date", "id", "end"]),
        inclusive=st.booleans(),
        moves=st.booleans(),
    )
    def begin(self, seed, cap, order, inclusive, moves):
        self.world = World(sessions=260, start=FIRST, end=LAST, seed=seed)
        self.faults: list[Fault] = []
        behaviour = Behaviour(
            page_cap=cap,
            order=order,
            to_date_inclusive=inclusive,
            ties="random",
            changes=Changes(add_every=5, purge_every=7, cost_every=3, size=2)
            if moves
            else Changes(),
        )
        self.emulator = Emulator(self.world, behaviour=behaviour, faults=self.faults)
        self.emulator.__enter__()
        self.folder = Path(tempfile.mkdtemp())
        self.exporting_since: int | None = None
        self.client = voxframe.Client(
            self.emulator.credentials, base_url=self.emulator.base_url, retry=PATIENT
        )

    def teardown(self):
        if hasattr(self, "emulator"):
            self.client.close()
            self.emulator.__exit__(None, None, None)
            shutil.rmtree(self.folder)

    @rule(n=st.integers(1, 30), hour=st.integers(0, 95))
    def sessions_appear_late(self, n, hour):
        start = datetime(2026, 10, 1 + hour // 24, hour % 24, 30, tzinfo=UTC)
        self.world.add(n, start=start.strftime("%Y-%m-%d %H:%M:%S"))

    @rule(n=st.integers(1, 20))
    def sessions_are_purged(self, n):
        self.world.purge(self.world.some(n))

    @rule(n=st.integers(1, 20))
    def sessions_cost_more(self, n):
        self.world.raise_cost(self.world.some(n))

    @rule(kind=st.sampled_from(KINDS), share=st.sampled_from([0.1, 0.25]))
    def the_service_fails(self, kind, share):
        self.faults[:] = [Fault(kind, probability=share, seed=len(self.emulator.requests))]

    @rule()
    def the_service_recovers(self):
        self.faults.clear()

    @rule(inclusive=st.sampled_from(["left", "both", "right", "neither"]))
    def it_is_read(self, inclusive):
        since = self.world.now
        with self.or_a_typed_error():
            history = self.client.read_call_history(FIRST, LAST, inclusive=inclusive)
            self.check(history, since, inclusive)

    @rule()
    def it_is_iterated(self):
        since = self.world.now
        with self.or_a_typed_error():
            for piece in self.client.iter_call_history(FIRST, LAST):
                self.check(piece, since, "left")

    @rule(steps=st.integers(1, 6))
    def a_read_is_cut_short(self, steps):
        with self.or_a_typed_error(), contextlib.suppress(StopError):
            self.client.read_call_history(FIRST, LAST, progress=stop_after(steps))

    @rule(steps=st.integers(1, 8))
    def an_export_is_cut_short(self, steps):
        self.exporting_since = self.exporting_since or self.world.now
        with self.or_a_typed_error(), contextlib.suppress(StopError):
            self.client.export_call_history(
                self.folder / "history", FIRST, LAST, progress=stop_after(steps)
            )

    @precondition(lambda self: self.exporting_since is not None)
    @rule()
    def the_export_is_completed(self):
        with self.or_a_typed_error():
            self.client.export_call_history(self.folder / "history", FIRST, LAST)
            history = voxframe.CallHistory.from_parquet(self.folder / "history")
            self.check(history, self.exporting_since, "left")
            shutil.rmtree(self.folder / "history")
            self.exporting_since = None

    @contextlib.contextmanager
    def or_a_typed_error(self):
        try:
            yield
        except voxframe.errors.VoxframeError:
            # With nothing going wrong there is nothing to excuse an error.
            assert self.faults

    def check(self, history, since, inclusive):
        until = self.world.now
        table = history.tables["sessions"]
        got = table["call_session_history_id"].to_pylist()
        window = (since, until, FIRST, LAST)
        assert len(got) == len(set(got))
        assert set(got) >= self.world.ledger.existed_throughout(*window, inclusive=inclusive)
        assert set(got) <= self.world.ledger.existed_ever(*window, inclusive=inclusive)
        costs: dict[int, Decimal] = dict.fromkeys(got, Decimal(0))
        for kind in ("calls", "records", "resource_usage"):
            rows = history.tables[kind].select(["call_session_history_id", "cost"])
            sums = rows.filter(pc.is_valid(rows["cost"])).to_pylist()
            for row in sums:
                costs[row["call_session_history_id"]] += row["cost"]
        for session in got[:: max(len(got) // 40, 1)]:
            low = price(self.world.session(session, moment=since))
            high = price(self.world.session(session, moment=until))
            assert low <= costs[session] <= high


TestEverything = Everything.TestCase
TestEverything.settings = settings(
    max_examples=12,
    stateful_step_count=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
