"""A dataset beside the service's counts: one question a month, and no more where all is well."""

import errno
import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import voxframe
from tests.support.faulty import serving
from tests.support.following import DAY
from voxframe._cli.main import main
from voxframe._dataset.audit import months
from voxframe._dataset.day import DayWriter
from voxframe._dataset.sync import Sync
from voxframe.emulator import Behaviour, Motion, World
from voxframe.errors import ExportError, InvalidQueryError


def year(**motion):
    return World(
        sessions=100, start="2025-10-15", end="2026-10-15", seed=5, now="2026-10-15",
        motion=Motion(late=0.0, slow_bills=0.0, **motion),
    )  # fmt: skip


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(), Behaviour(to_date_inclusive=True), Behaviour(timezone="Europe/Berlin")],
    ids=["documented", "inclusive", "Berlin"],
)
def test_a_year_that_is_well_costs_a_question_a_month(tmp_path, behaviour):
    account = year()
    # In the second in which a month begins, which a count of the month before may hold.
    account.add(3, start="2026-03-01 00:00:00")
    with serving(account, behaviour=behaviour) as service:
        service.client.sync_call_history(tmp_path, "2025-10-15")
        before = service.requests
        found = service.client.audit_call_history(tmp_path)
        assert len(found) == 0
        assert service.requests - before <= 14
        assert found.dtypes.astype(str).to_dict() == {
            "day": "datetime64[s]", "held": "Int64", "counted": "Int64", "missing": "Int64",
            "vanished": "Int64", "settled": "boolean", "damaged": "boolean", "unread": "boolean",
            "repaired": "boolean",
        }  # fmt: skip


def test_days_that_differ_are_named_and_read_again(tmp_path):
    account = year()
    gone = account.add(3, start="2026-05-07 10:00:00")
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, "2025-10-15")
        account.add(2, start="2026-03-05 10:00:00")
        account.add(1, start="2026-07-31 23:59:59")
        account.purge(gone)
        before = service.requests
        found = service.client.audit_call_history(tmp_path)
        assert service.requests - before <= 13 + 3 * 2 * 6
        assert found["day"].dt.strftime("%Y-%m-%d").tolist() == [
            "2026-03-05", "2026-05-07", "2026-07-31"
        ]  # fmt: skip
        assert found["missing"].tolist() == [2, 0, 1]
        assert found["vanished"].tolist() == [0, 3, 0]
        assert found["settled"].tolist() == [True] * 3
        assert not found["repaired"].any()
        assert len(voxframe.CallHistory.from_parquet(tmp_path)) == 103
        again = service.client.audit_call_history(tmp_path, repair=True)
        assert again["repaired"].all()
        assert len(again) == 3
        # What the service purged is kept, and no difference any more.
        assert len(service.client.audit_call_history(tmp_path)) == 0
        history = voxframe.CallHistory.from_parquet(tmp_path)
        assert len(history) == 106


def test_a_session_in_the_second_after_the_last_is_not_missing(tmp_path):
    account = World(sessions=30, start="2026-10-01", end="2026-10-05", seed=5)
    account.add(2, start="2026-10-03 00:00:00")
    with serving(account, behaviour=Behaviour(to_date_inclusive=True, page_cap=4)) as service:
        service.client.sync_call_history(tmp_path, "2026-10-01", "2026-10-03")
        assert len(service.client.audit_call_history(tmp_path)) == 0
        account.add(1, start="2026-10-02 23:59:59")
        assert len(service.client.audit_call_history(tmp_path)) == 1


def test_what_a_sync_saw_vanish_is_no_difference(tmp_path):
    account = year(retention=300 * DAY)
    with serving(account) as service:
        service.client.sync_call_history(tmp_path, "2025-10-15", lookback="400D")
        service.emulator.advance(30 * DAY)
        found = service.client.audit_call_history(tmp_path)
        assert found["vanished"].sum() > 0
        assert not found["settled"].any()
        service.client.sync_call_history(tmp_path, lookback="400D")
        assert len(service.client.audit_call_history(tmp_path)) == 0


def test_an_export_is_audited_and_stays_that_export(tmp_path):
    account = year()
    window = ("2026-03-05 06:00:00", "2026-04-02 06:00:00")
    with serving(account) as service:
        service.export(tmp_path, *window)
        assert len(service.client.audit_call_history(tmp_path)) == 0
        account.add(2, start="2026-04-02 05:00:00")
        assert service.client.audit_call_history(tmp_path, repair=True)["missing"].tolist() == [2]
        assert len(service.client.audit_call_history(tmp_path)) == 0
        before = service.requests
        assert service.export(tmp_path, *window).sessions == len(account.expected(*window))
        assert service.requests == before


def test_what_cannot_be_audited_is_refused_before_any_request(tmp_path):
    with serving(year()) as service:
        with pytest.raises(ExportError, match="no such folder"):
            service.client.audit_call_history(tmp_path / "h")
        with pytest.raises(ExportError, match="not a finished dataset"):
            service.client.audit_call_history(tmp_path)
        service.client.sync_call_history(tmp_path / "h", "2026-10-01")
        before = service.requests
        with pytest.raises(ExportError, match="another query"):
            service.client.audit_call_history(tmp_path / "h", user_id=7)
        with pytest.raises(InvalidQueryError, match="repair: needs True or False"):
            service.client.audit_call_history(tmp_path / "h", repair=1)
        assert service.requests == before


def test_months_are_those_of_the_calendar():
    first, end = (int(datetime(2025, 12, d, tzinfo=UTC).timestamp()) for d in (15, 16))
    assert months(first, end) == [(first, end)]
    assert months(first, first) == []
    year_on = int(datetime(2026, 12, 15, tzinfo=UTC).timestamp())
    assert len(months(first, year_on)) == 13
    assert [datetime.fromtimestamp(a, UTC).day for a, _ in months(first, year_on)][1:] == [1] * 12


@pytest.mark.parametrize("format_", ["parquet", "delta"])
@pytest.mark.parametrize("harm", ["missing", "cut short"])
def test_a_file_that_is_gone_or_cut_is_no_day_that_is_well(tmp_path, harm, format_):
    if format_ == "delta":
        pytest.importorskip("deltalake")
    with serving(year()) as service:
        service.client.sync_call_history(tmp_path, "2025-10-15", format=format_)
        file = max(tmp_path.glob("calls/start_day=*/*.parquet"), key=lambda f: f.stat().st_size)
        if harm == "missing":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:100])
        before = service.requests
        with pytest.raises(ExportError, match="calls" if format_ == "parquet" else "start_day="):
            service.client.audit_call_history(tmp_path)
        assert service.requests == before


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """The command line, at an account that runs."""
    monkeypatch.chdir(tmp_path)

    def run(service, *arguments):
        key = service.emulator.write_credentials(tmp_path / "key.json")
        monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
        monkeypatch.setenv("VOXIMPLANT_BASE_URL", service.emulator.base_url)
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return run


def test_the_command_fails_where_a_settled_day_lacks_sessions_and_only_there(command):
    account = year()
    gone = [n for day in (2, 3, 4) for n in account.add(2, start=f"2026-05-0{day} 10:00:00")]
    with serving(account) as service:
        assert command(service, "sync", "h", "--from", "2025-10-15", "--quiet")[0] == 0
        account.purge(gone)
        status, said, wrong = command(service, "audit", "h")
        assert (status, wrong) == (0, "")
        assert said.startswith(
            "2026-05-02 to 2026-05-04, 3 days: 6 sessions kept though the service has purged them;"
            "\n  nothing is to be done\nh: 2025-10-15 00:00 to "
        )
        assert "; 3 days named above;\n  the last sync was " in said
        account.add(5, start="2026-03-05 10:00:00")
        status, said, wrong = command(service, "audit", "h", "--quiet")
        assert status == 1
        assert "2026-03-05: settled, " in said
        assert " counted, 5 missing; --repair reads it again\n" in said
        assert wrong == (
            "voxframe audit: h: 1 settled day lacks 5 sessions; --repair reads them again\n"
        )
        status, said, _ = command(service, "audit", "h", "--json")
        line = json.loads(said)
        assert (status, line["ok"], line["error"], line["missing"]) == (
            1,
            False,
            "VoxframeError",
            5,
        )
        assert [day["missing"] for day in line["days"]] == [5, 0, 0, 0]
        status, said, _ = command(service, "audit", "h", "--repair", "--json")
        assert (status, json.loads(said)["ok"]) == (0, True)


def test_a_day_that_is_not_settled_is_no_failure(command):
    account = year()
    with serving(account) as service:
        command(service, "sync", "h", "--from", "2025-10-15", "--lookback", "4000D")
        account.add(1, start="2026-03-05 10:00:00")
        status, said, _ = command(service, "audit", "h")
        assert status == 0
        assert "2026-03-05: not settled, " in said
        assert " 1 missing; the next sync reads it again\n" in said


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_days_of_a_first_sync_that_was_broken_off_are_named(tmp_path, monkeypatch, command, form):
    account = World(sessions=300, start="2026-10-01", end="2026-10-10", seed=5)
    with serving(account, behaviour=Behaviour(page_cap=30)) as service:
        service.client._sessions_per_interval = 60
        whole, written = Sync.write, []

        def write(self, *rest):
            if len(written) == 2:
                raise KeyboardInterrupt
            whole(self, *rest)
            written.append(rest)

        with monkeypatch.context() as patch:
            patch.setattr(Sync, "write", write)
            with pytest.raises(KeyboardInterrupt):
                service.client.sync_call_history(
                    tmp_path / "h", "2026-10-01", "2026-10-10", format=form
                )
        before = service.requests
        found = service.client.audit_call_history(tmp_path / "h")
        assert service.requests - before == 1
        held = voxframe.open_dataset(tmp_path / "h").days.day
        assert found.unread.all()
        assert found.day.tolist() == [
            day for day in pd.date_range("2026-10-01", "2026-10-09") if day not in set(held)
        ]
        assert found.counted.isna().all()
        status, said, wrong = command(service, "audit", "h")
        assert status == 1
        days = f"{found.day.iloc[0]:%Y-%m-%d} to 2026-10-09, {len(found)} days"
        assert said.startswith(f"{days}: asked for and never finished; the next sync reads them\n")
        assert f"h: {len(found)} days never finished; the next sync reads them\n" in wrong
        assert "\n  the last sync was broken off " in said
        assert command(service, "audit", "h", "--repair")[0] == 0
        assert len(service.client.audit_call_history(tmp_path / "h")) == 0
        assert len(voxframe.open_dataset(tmp_path / "h").read()) == 300


def test_who_asks_for_less_after_a_sync_was_broken_off_has_all_of_that(tmp_path, monkeypatch):
    account = World(sessions=300, start="2026-10-01", end="2026-10-10", seed=5)
    with serving(account) as service:
        with monkeypatch.context() as patch:
            patch.setattr(Sync, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                service.client.sync_call_history(tmp_path, "2026-10-01")
        service.client.sync_call_history(tmp_path, to_date="2026-10-05")
        assert len(service.client.audit_call_history(tmp_path)) == 0


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_a_first_sync_that_finished_no_day_is_remembered(tmp_path, monkeypatch, form):
    account = World(sessions=300, start="2026-10-01", end="2026-10-10", seed=5)
    path = tmp_path / "h"
    with serving(account) as service:
        sync = service.client.sync_call_history

        def broken_off(*dates, **filters):
            with monkeypatch.context() as patch:
                patch.setattr(Sync, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
                with pytest.raises(KeyboardInterrupt):
                    sync(path, *dates, format=form, **filters)

        broken_off("2026-10-05")
        for call in (service.client.audit_call_history, voxframe.open_dataset,
                     voxframe.CallHistory.from_parquet):  # fmt: skip
            if form == "parquet" or call != voxframe.CallHistory.from_parquet:
                with pytest.raises(ExportError, match="holds no day yet"):
                    call(path)
        # What nothing is there of can still be asked for otherwise.
        broken_off("2020-10-05", min_duration=1)
        broken_off("2026-10-03")
        sync(path)
        history = voxframe.open_dataset(path).read()
        assert len(history) == len(account.expected("2026-10-03", "2026-10-10"))
        assert str(history.receipt.from_date.date()) == "2026-10-03"
        assert len(service.client.audit_call_history(path)) == 0


def test_a_first_sync_on_a_full_disk_goes_on_as_it_says(tmp_path, monkeypatch):
    account = World(sessions=30, start="2026-10-01", end="2026-10-10", seed=5)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with serving(account) as service:
        with monkeypatch.context() as patch:
            patch.setattr(DayWriter, "add", full)
            with pytest.raises(ExportError, match=r"space.*the next sync goes on from there"):
                service.client.sync_call_history(tmp_path, "2026-10-01")
        service.client.sync_call_history(tmp_path)
        assert len(voxframe.open_dataset(tmp_path).read()) == 30


def test_an_export_takes_the_place_of_a_sync_that_was_only_begun(tmp_path, monkeypatch):
    account = World(sessions=30, start="2026-10-01", end="2026-10-10", seed=5)
    with serving(account) as service:
        with monkeypatch.context() as patch:
            patch.setattr(Sync, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                service.client.sync_call_history(tmp_path, "2026-10-05")
        assert service.export(tmp_path, "2026-10-01", "2026-10-11").sessions == 30


def test_how_far_and_how_long_ago_is_said(tmp_path, command):
    account = year()
    with serving(account) as service:
        service.client.sync_call_history(tmp_path / "h", "2026-10-01", "2026-10-15")
        path = tmp_path / "h" / "_voxframe" / "manifest.json"
        kept = json.loads(path.read_text())
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=21, hours=1)
        for stretch in kept["read"]:
            stretch[2] = moment.isoformat()
        path.write_text(json.dumps(kept))
        found = service.client.audit_call_history(tmp_path / "h")
        assert found.attrs == {
            "from_date": "2026-10-01T00:00:00+00:00",
            "to_date": "2026-10-15T00:00:00+00:00",
            "synced_at": moment.isoformat(),
        }
        said = command(service, "audit", "h")[1]
        assert "h: 2026-10-01 00:00 to 2026-10-15 00:00 UTC beside the service's counts:" in said
        assert f"the last sync was 21 days ago, {moment:%Y-%m-%d %H:%M} UTC\n" in said
        assert json.loads(command(service, "audit", "h", "--json")[1])["synced_at"] == str(
            moment.isoformat()
        )
