"""A dataset beside the service's counts: one question a month, and no more where all is well."""

from datetime import UTC, datetime

import pytest

import voxframe
from tests.support.faulty import serving
from tests.support.following import DAY
from voxframe._dataset.audit import months
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
            "vanished": "Int64", "settled": "boolean", "damaged": "boolean", "repaired": "boolean",
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
