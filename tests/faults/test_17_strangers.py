"""Services that are unlike any other: everything, or an error that says why, and never less."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.raw_service import Form, RawService, raw_client, session
from voxframe import RetryPolicy
from voxframe.errors import IncompleteHistoryError

LIGHT = {"progress": False, "with_calls": False, "with_records": False}
DAY = "2026-10-05", "2026-10-06"
QUICK = RetryPolicy(max_attempts=2, first_wait=0.01)
NOON = "2026-10-05 12:00:00"


def at(second: int) -> str:
    return (datetime(2026, 10, 5) + timedelta(seconds=second)).isoformat(" ")


def ids(history: Any) -> list[int]:
    return history.tables["sessions"]["call_session_history_id"].to_pylist()


def test_ids_that_are_not_unique_are_an_error_and_never_fewer_sessions():
    # As where a gateway keeps ids as floating point numbers, of which 2**53 + 1 is none.
    rows = [session(int(float(2**53 + i)), at(60 * i)) for i in range(8)]
    with (
        raw_client(RawService(rows), retry=QUICK) as client,
        pytest.raises(IncompleteHistoryError, match="counts 8 sessions and gave 5"),
    ):
        client.read_call_history(*DAY, **LIGHT)


class Exclusive(RawService):
    """Leaves out what starts in the first second of a window, and in the last."""

    def answer(self, form: dict[str, str]) -> dict[str, Any]:
        rows = self.rows
        self.rows = [row for row in rows if form["from_date"] < row["start_date"] < form["to_date"]]
        try:
            return super().answer(form)
        finally:
            self.rows = rows


def test_windows_that_leave_out_both_their_ends_are_an_error_and_never_fewer_sessions():
    rows = [session(i, at(83 * i)) for i in range(1, 1_000)]
    rows += [session(i, NOON) for i in range(1_000, 1_900)]
    with raw_client(Exclusive(rows), max_concurrency=1) as client:
        try:
            history = client.read_call_history(*DAY, **LIGHT)
        except IncompleteHistoryError:
            return
    assert sorted(ids(history)) == [row["call_session_history_id"] for row in rows]


@pytest.mark.parametrize("reach", [0, 1_000])
def test_offsets_that_are_refused_are_asked_otherwise(reach):
    def refuse(form: Form, _: object) -> tuple[int, str] | None:
        return (101, "offset is too large") if int(form.get("offset", 0)) > reach else None

    class Applications(RawService):
        def answer(self, form: dict[str, str]) -> dict[str, Any]:
            rows = self.rows
            if "application_id" in form:
                wanted = int(form["application_id"])
                self.rows = [row for row in rows if row["application_id"] == wanted]
            try:
                return super().answer(form)
            finally:
                self.rows = rows

    rows = [session(i, at(83 * i)) for i in range(1, 600)]
    rows += [session(i, NOON, application_id=i % 3) for i in range(600, 2_700)]
    service = Applications(rows, refuse=refuse)
    with raw_client(service, max_concurrency=1) as client:
        assert sorted(ids(client.read_call_history(*DAY, **LIGHT))) == list(range(1, 2_700))
    refused = [form for form in service.asked if int(form.get("offset", 0)) > reach]
    assert 0 < len(refused) < 10


def test_lists_that_come_as_empty_objects_are_empty_lists():
    # What some encoders make of an empty table.
    nothing = {"calls": {}, "records": {}, "other_resource_usage": {}}
    rows = [session(1, **nothing), session(2, calls=[{"call_id": 7}])]
    with raw_client(RawService(rows)) as client:
        history = client.read_call_history(*DAY, progress=False)
        assert ids(history) == [1, 2]
        assert history.tables["calls"]["call_id"].to_pylist() == [7]
        assert history.receipt.mended == {"empty_object": 3}
    with raw_client(RawService([], envelope={"result": {}})) as client:
        assert len(client.read_call_history(*DAY, progress=False)) == 0


def test_parts_of_a_second_of_any_length():
    rows = [session(1, "2026-10-05 10:00:00.123456789"), session(2, "2026-10-05T10:00:01.1234567Z")]
    with raw_client(RawService(rows)) as client:
        history = client.read_call_history(*DAY, **LIGHT)
    starts = history.tables["sessions"]["start_date"].to_pylist()
    assert [start.microsecond for start in starts] == [123456, 123456]
    assert history.receipt.mended == {"date_in_other_form": 2}
