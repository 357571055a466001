"""A dataset that follows the service: late sessions, late bills, purges, outages, clocks."""

import json
import os
import subprocess
import sys
import time
import types
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

import voxframe
from tests.dataset.test_dataset import FIRST as FIRST_DAY
from tests.dataset.test_dataset import QUERY, receipt, tables_of
from tests.dataset.test_dataset import second as days
from tests.support.faulty import serving
from tests.support.following import DAY, Follower, given, held, second
from voxframe._dataset.manifest import Manifest, Stretch
from voxframe._dataset.sync import Place, syncing, to_read
from voxframe._read.interval import Interval
from voxframe.emulator import Motion, World
from voxframe.errors import ExportError, InvalidQueryError

FIRST = "2026-10-01"
THREE_DAYS = timedelta(days=3)


def world(sessions=600, now="2026-10-05 12:00:00", **motion):
    given = {"late": 0.2, "slow_bills": 0.3, **motion}
    return World(sessions=sessions, seed=5, now=now, motion=Motion(**given))


def test_it_follows_a_service_that_moves_on(tmp_path):
    path, account = tmp_path / "h", world()
    law = Follower(account, FIRST)
    with serving(account) as service:
        for step, hours in enumerate((0, 0, 1, 30, 24, 24, 300, 24 * 40)):
            service.emulator.advance(hours * 3600)
            report = service.client.sync_call_history(path, None if step else FIRST)
            law.sync(THREE_DAYS)
            law.check(path)
            changes = report.changes
            assert changes["sessions_after"].sum() >= changes["sessions_before"].sum()
    days = Manifest.load(path).days
    assert sum(day.rows["sessions"] for day in days.values()) == len(law.sessions) == 600


def test_what_changed_is_reported_day_by_day(tmp_path):
    path, account = tmp_path / "h", world(late=0.0, slow_bills=0.0)
    with serving(account) as service:
        report = service.client.sync_call_history(path, FIRST)
        assert report.changes["day"].dt.strftime("%Y-%m-%d").tolist() == [
            f"2026-10-0{d}" for d in (1, 2, 3, 4, 5)
        ]
        assert report.changed_after is None
        assert report.changes["added"].tolist() == report.changes["sessions_after"].tolist()
        service.emulator.advance(DAY)
        (raised,) = account.some(1, start=("2026-10-03", "2026-10-04"))
        (gone,) = account.some(1, start=("2026-10-04", "2026-10-05"))
        account.raise_cost([raised])
        account.purge([gone])
        account.add(2, start="2026-10-03 10:00:00")
        service.client.sync_call_history(tmp_path / "other", "2026-10-06")
        report = service.client.sync_call_history(path)
        changes = report.changes.set_index("day")
        third, fourth = changes.loc["2026-10-03"], changes.loc["2026-10-04"]
        assert (third.added, third.changed, third.vanished) == (2, 1, 0)
        assert third.sessions_after == third.sessions_before + 2
        assert third.cost_after > third.cost_before
        assert (fourth.added, fourth.changed, fourth.vanished) == (0, 0, 1)
        assert fourth.sessions_after == fourth.sessions_before
        # Read at noon of the 5th, and changed since: a day and more after the sessions' end.
        assert timedelta(days=1) < report.changed_after < timedelta(days=3)
        assert "sessions still changed" in report.receipt.settled
        again = service.client.sync_call_history(path)
        assert again.changes[["added", "changed", "vanished"]].sum().tolist() == [0, 0, 0]


@pytest.mark.parametrize("vanished", ["keep", "drop"])
def test_what_the_service_purged_or_cleared(tmp_path, vanished):
    path = tmp_path / "h"
    account = world(late=0.0, retention=40 * DAY)
    law = Follower(account, FIRST, keep=vanished == "keep")
    with serving(account) as service:
        for days in (0, 31, 8, 6):
            service.emulator.advance(days * DAY)
            service.client.sync_call_history(path, FIRST, lookback="400D", vanished=vanished)
            law.sync(timedelta(days=400))
            law.check(path)
    assert (len(law.sessions) == 600) == (vanished == "keep")
    held = Manifest.load(path).days
    assert any(day.vanished for day in held.values()) == (vanished == "keep")
    links = voxframe.CallHistory.from_parquet(path).tables["sessions"]["log_file_url"]
    if vanished == "keep":
        assert links.null_count < len(links) / 2


def test_a_sync_with_nothing_new_asks_for_the_unsettled_days_only(tmp_path):
    account = World(sessions=40_000, seed=5, now="2026-10-25 12:00:00", motion=Motion(late=0.0))
    with serving(account, cache=True) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        for _ in range(2):
            before = service.requests
            report = service.client.sync_call_history(tmp_path)
            pages = report.receipt.sessions / 1000
            assert service.requests - before <= 4 + 1.1 * (pages + 1)
            days = report.changes["day"]
            assert days.min().strftime("%d") == "22"


def test_lookback_follows_from_what_is_there(tmp_path):
    account = world(now="2026-10-20 12:00:00")
    with serving(account) as service:

        def days(**options):
            report = service.client.sync_call_history(tmp_path, **options)
            return report.changes["day"].dt.day.tolist()

        assert days(from_date=FIRST) == list(range(1, 21))
        assert days(lookback="12h") == [20]
        assert days(lookback=timedelta(days=5)) == [15, 16, 17, 18, 19, 20]
        service.emulator.advance(7 * DAY)
        assert days() == list(range(17, 28))
        assert days(lookback="0D", to_date="2026-10-27") == []


def test_an_export_is_taken_over_and_another_query_is_refused(tmp_path):
    path, account = tmp_path / "h", world()
    law = Follower(account, "2026-10-02 06:00:00")
    with serving(account) as service:
        service.export(path, "2026-10-02 06:00:00", "2026-10-04 06:00:00")
        service.emulator.advance(DAY)
        law.sync(THREE_DAYS)
        before = service.requests
        with pytest.raises(ExportError, match="another query"):
            service.client.sync_call_history(path, application_id=1)
        assert service.requests == before
        report = service.client.sync_call_history(path)
        law.check(path)
        assert report.changes["day"].dt.day.tolist() == [2, 3, 4, 5, 6]
        with pytest.raises(ExportError, match=r"is kept by sync_call_history.*another folder"):
            service.export(path, FIRST, "2026-10-04")
        with pytest.raises(ExportError, match="no export replaces it"):
            service.export(path, FIRST, "2026-10-04", overwrite=True)
        law.check(path)


def test_it_is_extended_backwards_and_a_later_date_changes_nothing(tmp_path):
    account = world()
    law = Follower(account, FIRST)
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, "2026-10-03")
        service.client.sync_call_history(tmp_path, FIRST)
        law.sync(THREE_DAYS)
        law.check(tmp_path)
        service.client.sync_call_history(tmp_path, "2026-10-05")
        law.check(tmp_path)


def test_an_end_within_a_day_makes_nothing_shorter(tmp_path):
    account = world(late=0.0, slow_bills=0.0)
    law = Follower(account, FIRST)
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, FIRST, "2026-10-03 06:00:00")
        half = voxframe.CallHistory.from_parquet(tmp_path)
        assert len(half) == len(account.expected(FIRST, "2026-10-03 06:00:00"))
        service.client.sync_call_history(tmp_path)
        law.sync(THREE_DAYS)
        law.check(tmp_path)
        service.client.sync_call_history(tmp_path, to_date="2026-10-04 06:00:00")
        law.check(tmp_path)


def test_a_service_that_is_days_ahead_of_this_machine(tmp_path):
    account = World(
        sessions=900, start="2036-01-01", end="2036-02-01", now="2036-01-20 12:00:00",
        motion=Motion(late=0.0),
    )  # fmt: skip
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, "2026-01-01")
        history = voxframe.CallHistory.from_parquet(tmp_path)
        assert len(history) == len(account.expected())
    # By this machine's clock none of those days is over.
    assert all(day.read_at.year < 2036 for day in Manifest.load(tmp_path).days.values())


def test_two_at_once(tmp_path):
    account = world()
    with serving(account) as service:
        query = service.client._identity(_reading())
        with (
            syncing(Place(tmp_path), query, second(FIRST), lookback=0, keep=True),
            pytest.raises(ExportError, match="being written by another export or sync"),
        ):
            service.client.sync_call_history(tmp_path, FIRST)
        service.client.sync_call_history(tmp_path, FIRST)


def _reading():
    from tests.support.following import OPTIONS
    from voxframe._sync import prepare_sync

    return prepare_sync(OPTIONS).reading


def test_nothing_at_all_leaves_a_dataset_that_can_be_read(tmp_path):
    account = World(sessions=0, now="2026-10-05 12:00:00")
    with serving(account) as service:
        for _ in range(2):
            report = service.client.sync_call_history(tmp_path, FIRST)
            assert len(report.changes) == 0
            assert len(voxframe.CallHistory.from_parquet(tmp_path)) == 0
        account.add(3, start="2026-10-03 10:00:00")
        assert service.client.sync_call_history(tmp_path).changes["added"].tolist() == [3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lookback": "3"}, "lookback: '3' is not a length of time"),
        ({"lookback": 3}, "lookback: 3 is not"),
        ({"lookback": "-1D"}, "lookback: .* from 0"),
        ({"lookback": "soon"}, "lookback: 'soon' is not"),
        ({"lookback": None}, "lookback: None is not"),
        ({"vanished": "forget"}, "vanished: 'forget' is not one of 'keep', 'intact', 'drop'"),
        ({"format": "csv"}, "format: 'csv' is not one of"),
        ({"from_date": "soon"}, "from_date: 'soon'"),
        ({"from_date": None}, "from_date: is needed"),
        ({"colour": 1}, "colour: sync_call_history has no such keyword"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(tmp_path, options, words):
    given = {"from_date": FIRST, "credentials": {}, **options}
    if given["from_date"] is None:
        with serving(world()) as service:
            with pytest.raises(InvalidQueryError, match=words):
                service.client.sync_call_history(tmp_path / "h")
            assert service.requests == 0
    else:
        with pytest.raises(InvalidQueryError, match=words):
            voxframe.sync_call_history(tmp_path / "h", **given)
    assert not (tmp_path / "h").exists()


def at(moment):
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second(moment), UTC)


def manifest(*reads):
    made = Manifest({}, second(FIRST), second("2026-10-09"))
    made.read = [Stretch(second(a), second(b), at(c), "r") for a, b, c in reads]
    return made


def days_of(made, until, lookback, now):
    made.lookback = lookback
    found = to_read(made, second(until), second(now))
    assert all(a[1] < b[0] for a, b in pairwise(found))
    return found


def test_which_days_are_read():
    made = manifest((FIRST, "2026-10-09", "2026-10-08 12:00:00"))
    stretch = [(second("2026-10-06"), second("2026-10-12"))]
    assert days_of(made, "2026-10-12", 2 * DAY, "2026-10-11 01:00:00") == [
        (second("2026-10-06"), second("2026-10-12"))
    ], stretch
    # A clock that was ahead when it was read, or is behind now: nothing is taken for settled.
    assert days_of(made, "2026-10-05", 0, "2026-10-04 01:00:00") == [
        (second(FIRST), second("2026-10-05"))
    ]
    # What was read in two parts of a day is read again as a day.
    made = manifest(
        (FIRST, "2026-10-03 06:00:00", "2026-10-20"), ("2026-10-05", "2026-10-06", "2026-10-20")
    )
    assert days_of(made, "2026-10-07", 0, "2026-10-21") == [
        (second("2026-10-03"), second("2026-10-05")), (second("2026-10-06"), second("2026-10-07"))
    ]  # fmt: skip


def test_an_export_of_the_first_form_is_taken_over(tmp_path):
    path, account = tmp_path / "h", world(late=0.0)
    with serving(account) as service:
        service.export(path, FIRST, "2026-10-04")
        notes = path / "_voxframe" / "manifest.json"
        new = json.loads(notes.read_text())
        days = {name: day["rows"] for name, day in new["days"].items()}
        for file in path.glob("*/*/part-0.parquet"):
            part = pq.read_table(file, partitioning=None).drop_columns(["unknown_fields"])
            pq.write_table(part.replace_schema_metadata(None), file)
        notes.write_text(json.dumps({**{k: new[k] for k in ("query", "receipt")}, "version": 1,
                                     "days": days, "complete": True}))  # fmt: skip
        gone = account.some(2, start=("2026-10-02", "2026-10-03"))
        account.purge(gone)
        changes = service.client.sync_call_history(path).changes
        assert changes["vanished"].tolist() == [0, 2, 0, 0, 0]
        assert changes["cost_before"].isna().tolist() == [True] * 3 + [False] * 2
        kept = held(voxframe.open_dataset(path).read().tables)
        assert kept.keys() - given(account.expected(FIRST)).keys() == set(gone)


@pytest.mark.parametrize("back", [2 * 3600, 40 * DAY, 2000 * DAY])
def test_a_clock_that_was_set_back_does_no_harm(tmp_path, monkeypatch, back):
    from voxframe import _sync

    account = world(late=0.0)
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, FIRST)
        clock = types.SimpleNamespace(time=lambda: time.time() - back)
        monkeypatch.setattr(_sync, "time", clock)
        service.client.sync_call_history(tmp_path)
    assert held(voxframe.open_dataset(tmp_path).read().tables) == given(account.expected(FIRST))


def test_a_receipt_claims_no_count_that_is_not_here(tmp_path):
    account = world(late=0.0, slow_bills=0.0, now="2026-10-25")
    path = tmp_path / "h"
    with serving(account) as service:
        service.client.sync_call_history(path, FIRST, "2026-10-20")
        here = "that many are here"
        receipt = voxframe.open_dataset(path).receipt
        count = len(account.expected(FIRST, "2026-10-20"))
        assert receipt.sessions == count
        part = voxframe.open_dataset(path).read("2026-10-05", "2026-10-06").receipt
        assert here not in part.settled
        # What the service purges is kept, and counted no more.
        gone = account.some(5, start=("2026-10-18", "2026-10-19"))
        account.purge(gone)
        service.client.sync_call_history(path, lookback="400D")
        kept = voxframe.open_dataset(path).receipt
        assert kept.sessions == len(account.expected(FIRST)) + len(gone)
        assert here not in kept.settled
        assert "at that moment" in kept.settled


def test_a_receipt_of_a_run_that_was_killed_claims_no_count_that_is_not_here(tmp_path):
    made = [tables_of(0), tables_of(1)]
    two = {name: pa.concat_tables([each[name] for each in made]) for name in made[0]}
    said = "the service's count is 4, and that many are here"
    with syncing(Place(tmp_path), QUERY, days(0), lookback=0, keep=True) as running:
        running.begin([Interval(days(0), days(3))])
        # The second day is not over when the run ends.
        spent = replace(receipt(0, FIRST_DAY), sessions=4, settled=said)
        running.write(Interval(days(0), days(1) + 3600), two, spent)
    there = voxframe.open_dataset(tmp_path).receipt
    assert there.sessions == 2
    assert "4" not in there.settled


OF_ANOTHER_PROCESS = """
import sys
import voxframe
path, url, key, order = sys.argv[1:]
numbers = {f"1555010{n}" for n in range(9)}
names = [f"application-{n}" for n in range(9)]
report = voxframe.sync_call_history(
    path, "2026-10-01", "2026-10-03", credentials=key, base_url=url, progress=False,
    remote_number=numbers, local_number=frozenset(numbers),
    application_name=names if order == "1" else reversed(names),
)
print(list(numbers), report.receipt.requests)
"""


def test_the_same_call_of_another_process_is_the_same_query(tmp_path):
    orders = set()
    with serving(world()) as service:
        key = service.emulator.write_credentials(tmp_path / "key.json")
        for seed in "123":
            done = subprocess.run(
                [sys.executable, "-W", "error", "-c", OF_ANOTHER_PROCESS, tmp_path / "h",
                 service.emulator.base_url, key, seed],
                env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True,
                check=False,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, "")
            orders.add(done.stdout.rpartition(" ")[0])
    # Sets gave their values in other orders, or this would show nothing.
    assert len(orders) > 1
