"""The law of a dataset that follows a service, for Parquet and for Delta, whatever happens.

More and longer: ``pytest tests/dataset/test_follow.py --full``
"""

import contextlib
import copy
import random
import signal
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

import voxframe
from tests.support.faulty import QUICK, serving
from tests.support.following import DAY, LINKS, Follower, given, held, second, start
from voxframe._dataset.sync import Place
from voxframe.emulator import Emulator, Fault, Motion, World
from voxframe.errors import DamageError, VoxframeError

FIRST = "2026-10-01"
HOURS = {"0D": 0, "12h": 12, "3D": 72, "10D": 240}
LOOKBACKS = tuple(HOURS)
# Of what passes some is always there.
PASSING = (Fault("503", every=7), Fault("cut_json", every=11))


def account(**motion):
    given = {"late": 0.2, "slow_bills": 0.3, "retention": 60 * DAY, **motion}
    return World(
        sessions=120, start=FIRST, end="2026-10-09", seed=5, now="2026-10-03 12:00:00",
        motion=Motion(**given),
    )  # fmt: skip


class BrokenOffError(Exception):
    pass


class Following(RuleBasedStateMachine):
    """A world that moves, a service that fails, runs that are broken off."""

    format = "parquet"

    def __init__(self):
        super().__init__()
        self.world = account()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "h"
        self.law = Follower(self.world, FIRST)
        self.context = serving(self.world, faults=PASSING)
        self.service = self.context.__enter__()
        self.service.client._sessions_per_interval = 25

    def teardown(self):
        self.context.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(hours=st.sampled_from([1, 7, 24, 60, 24 * 35]))
    def time_passes(self, hours):
        self.world.advance(hours * 3600)

    @rule(day=st.integers(0, 7), n=st.integers(1, 3))
    def sessions_appear_late(self, day, n):
        first = self.law.first + day * DAY
        if first + DAY <= self.world.time:
            self.world.add(n, start=(first, first + DAY))

    @rule(n=st.integers(1, 4))
    def sessions_are_purged(self, n):
        self.world.purge(self.world.some(n))

    @rule(n=st.integers(1, 4))
    def bills_grow(self, n):
        self.world.raise_cost(self.world.some(n))

    def sync(self, **options):
        return self.service.client.sync_call_history(
            self.path, FIRST, format=self.format, **options
        )

    @rule(lookback=st.sampled_from(LOOKBACKS))
    def a_sync_that_is_done(self, lookback):
        self.a_sync(lookback)

    def a_sync(self, lookback, *, damaged=False):
        before = {n: dict(s) for n, s in self.law.sessions.items()}
        report = self.sync(lookback=lookback)
        self.law.sync(timedelta(hours=HOURS[lookback]))
        self.law.check(self.path)
        now, changes = self.law.sessions, report.changes
        assert changes["added"].sum() == len(now.keys() - before.keys())
        if not damaged:
            assert changes["changed"].sum() == sum(now[n] != s for n, s in before.items())
        after = changes["sessions_after"].sum() - changes["sessions_before"].sum()
        assert after == len(now) - len(before)

    @precondition(lambda self: self.law.read)
    @rule(pages=st.integers(1, 6), lookback=st.sampled_from(LOOKBACKS))
    def a_sync_that_is_broken_off(self, pages, lookback):
        def step(progress):
            if progress.requests >= pages:
                raise BrokenOffError

        before = self.stretches()
        with contextlib.suppress(BrokenOffError):
            self.sync(lookback=lookback, progress=step)
        self.law.interrupted(self.path, self.read_but_by(before))

    @precondition(lambda self: self.law.read)
    @rule(pages=st.integers(0, 6), lookback=st.sampled_from(LOOKBACKS))
    def a_sync_that_the_service_refuses(self, pages, lookback):
        before, sent = self.stretches(), self.service.requests
        refused = Fault("104", at=tuple(range(sent + pages + 1, sent + 1000)))
        self.service.emulator._service._faults = (refused, *PASSING)
        with contextlib.suppress(VoxframeError):
            self.sync(lookback=lookback)
        self.service.emulator._service._faults = PASSING
        self.law.interrupted(self.path, self.read_but_by(before))

    @precondition(lambda self: self.law.sessions)
    @rule(at=st.integers(0, 99), lookback=st.sampled_from(LOOKBACKS))
    def a_file_is_lost(self, at, lookback):
        """Its day is read again, and is whole, or stays as it is until the file is put back."""
        days = sorted({row["start_date"][:10] for row in self.law.sessions.values()})
        day = days[at % len(days)]
        files = self.path.glob(f"sessions/start_day={day}/*.parquet")
        file = max(files, key=lambda file: file.stat().st_mtime_ns)
        whole = file.read_bytes()
        file.unlink()
        begins = second(day)
        there = given(self.world.expected(begins, begins + DAY))
        if gone := set(self.law.of_day(begins // DAY)) - there.keys():
            with pytest.raises(DamageError) as caught:
                self.sync(lookback=lookback)
            (lost,) = caught.value.lost.itertuples()
            assert str(lost.day.date()) == day
            assert lost.sessions <= len(gone)
            file.write_bytes(whole)
            # What is not settled was read again, but for the day itself.
            before = self.law.read[begins // DAY], self.day(begins // DAY)
            self.law.sync(timedelta(hours=HOURS[lookback]))
            self.law.read[begins // DAY] = before[0]
            for session in self.law.of_day(begins // DAY):
                del self.law.sessions[session]
            self.law.sessions |= before[1]
            self.law.check(self.path)
        else:
            # Whether the service has cleared its links only the file knew.
            for session in self.law.of_day(begins // DAY):
                for link in LINKS["sessions"]:
                    self.law.sessions[session].pop(link, None)
            self.law.read.pop(begins // DAY)
            self.a_sync(lookback, damaged=True)

    def day(self, number):
        return {n: copy.deepcopy(self.law.sessions[n]) for n in self.law.of_day(number)}

    def stretches(self):
        return voxframe.open_dataset(self.path)._sources[0].manifest().read

    def read_but_by(self, before):
        """The days that runs have read which were not there before."""
        runs, days = {stretch.run for stretch in before}, set()
        for stretch in self.stretches():
            if stretch.run not in runs:
                days |= set(range(stretch.first // DAY, -(-stretch.end // DAY)))
        return days


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_the_law(form, full):
    machine = type(form.capitalize(), (Following,), {"format": form})
    settings = hypothesis.settings(
        max_examples=200 if full else 4, stateful_step_count=25 if full else 8, deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=settings)


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_killed_again_and_again_and_exact_in_the_end(form, full, tmp_path):
    kills = 100 if full else 3
    # All that is late comes within the lookback, so in the end all is as the service has it.
    world = account(late_by=(3600, DAY), slow_by=(3600, 2 * DAY), retention=None)
    chance, path = random.Random(7), tmp_path / "h"
    with Emulator(world, latency=0.05, behaviour=_pages()) as emulator:
        key = emulator.write_credentials(tmp_path / "key.json")
        killed = 0
        while killed < kills:
            before = emulator.counters.requests
            running = start(path, form, emulator.base_url, key, FIRST)
            while emulator.counters.requests == before and running.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.8))
            running.send_signal(signal.SIGKILL)
            running.communicate(timeout=30)
            killed += running.returncode != 0
            if chance.random() < 0.3:
                emulator.advance(6 * 3600)
        client = voxframe.Client(key, base_url=emulator.base_url, retry=QUICK)
        with client:
            client.sync_call_history(path, FIRST, format=form)
        assert held(voxframe.open_dataset(path).read().tables) == given(world.expected(FIRST))


def _pages():
    from voxframe.emulator import Behaviour

    return Behaviour(page_cap=20)


def test_two_deltas_at_once_never_mix(tmp_path):
    from tests.support.following import OPTIONS
    from voxframe._dataset.sync import syncing
    from voxframe._sync import prepare_sync
    from voxframe.errors import ExportError

    world = account()
    with serving(world) as service:
        query = service.client._identity(prepare_sync(OPTIONS).reading)
        place = Place(tmp_path, "delta")
        with (
            syncing(place, query, 0, lookback=0, keep=True),
            pytest.raises(ExportError, match="being written by another sync"),
        ):
            service.client.sync_call_history(tmp_path, FIRST, format="delta")
