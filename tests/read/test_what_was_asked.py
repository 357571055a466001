"""A receipt says what was asked, what was left out, and what the service warned of."""

import logging

import pytest

import voxframe
from tests.support.faulty import FROM, LIGHT, TO, serving
from tests.support.raw_service import RawService, raw_client, session
from voxframe import CallHistory, analysis
from voxframe.emulator import World

WORLD = World(sessions=300, start=FROM, end=TO, seed=31)
NUMBER = "+4930123456"
COSTS = {"calls": "calls_cost", "records": "records_cost", "resource_usage": "resources_cost"}
FLAGS = {"calls": "with_calls", "records": "with_records", "resource_usage": "with_other_resources"}


def test_what_was_asked_is_named_and_a_persons_values_are_only_counted():
    with serving(WORLD) as service:
        receipt = service.read(
            application_id=[3, 1],
            remote_number=[NUMBER, "4930123457"],
            call_session_history_custom_data="Anna Schmidt",
            call_session_history_id=range(150),
            min_duration=5,
            with_records=False,
        ).receipt
        assert receipt.address == service.emulator.base_url
        assert receipt.account_id == service.emulator.credentials["account_id"]
    assert receipt.filters == {
        "application_id": "3, 1",
        "remote_number": "2 values",
        "call_session_history_custom_data": "1 value",
        "call_session_history_id": "150 values",
        "min_duration": "5",
    }
    assert (receipt.with_calls, receipt.with_records, receipt.with_other_resources) == (
        True, False, True,
    )  # fmt: skip
    assert voxframe.Receipt.from_dict(receipt.to_dict()) == receipt
    for text in (repr(receipt), str(receipt.to_dict())):
        assert "493012345" not in text
        assert "Anna" not in text


@pytest.mark.parametrize("table", COSTS)
def test_what_was_not_read_is_null_in_every_cost_and_said(table, tmp_path, caplog):
    with serving(WORLD) as service:
        whole = service.read()
        part = service.read(**{FLAGS[table]: False})
        part.to_parquet(tmp_path / "files")
        service.export(tmp_path / "days", **{FLAGS[table]: False})
    missing = COSTS[table]
    for history in (
        part,
        CallHistory.from_parquet(tmp_path / "files"),
        CallHistory.from_parquet(tmp_path / "days"),
    ):
        assert history.receipt.unread == (table,)
        for frame, true in (
            (analysis.cost_breakdown(history), analysis.cost_breakdown(whole)),
            (analysis.session_totals(history), analysis.session_totals(whole)),
        ):
            assert frame[missing].isna().all()
            assert frame["total_cost"].isna().all()
            for known in set(COSTS.values()) - {missing}:
                assert frame[known].tolist() == true[known].tolist()
        assert "not read" in repr(history)
        assert "cost not known" in repr(history)
        assert "not read" in history._repr_html_()
    assert ">not read<" in part.report_html()
    assert "so the total cost is null" in caplog.text
    assert analysis.cost_breakdown(whole).notna().all(axis=None)
    assert "not read" not in repr(whole) + whole._repr_html_()


def test_without_calls_no_figure_of_calls_is_a_zero():
    with serving(WORLD) as service:
        history = service.read(**LIGHT)
    traffic = analysis.traffic(history, freq=None)
    assert traffic.isna().all(axis=None)
    totals = analysis.session_totals(history)
    assert (
        totals[["calls_in", "leg_seconds", "talk_seconds", "voicemail_detections"]]
        .isna()
        .all(axis=None)
    )
    assert analysis.inbound_outcomes(history).isna().all(axis=None)
    assert analysis.duration_stats(history)["calls"].isna().all()
    assert "legs" not in repr(history).splitlines()[0]


def test_the_services_own_warnings_are_said_once_and_without_numbers(caplog):
    caplog.set_level(logging.INFO, "voxframe")
    words = ["Parameter 'min_duration' is ignored.", f"no \x1b[31m user {NUMBER}"]
    service = RawService([session(1), session(2)], envelope={"warnings": words})
    with raw_client(service) as client:
        history = client.read_call_history(FROM, TO, min_duration=60)
    assert history.receipt.warnings == (words[0], "no [31m user [number]")
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert [text.split("the service warns: ")[1] for text in said] == list(history.receipt.warnings)
    assert words[0] in repr(history)
    assert NUMBER[1:] not in repr(history) + caplog.text + repr(history.receipt)


def test_unknown_fields_are_said_by_name_and_are_no_alarm(caplog):
    caplog.set_level(logging.INFO, "voxframe")
    odd = {"\x1b[31m" + NUMBER: True}
    service = RawService([session(1, mos=4.1), session(2, mos=4.2, **odd)])
    with raw_client(service) as client:
        receipt = client.read_call_history(FROM, TO).receipt
    assert receipt.unknown_fields["sessions.mos"] == 2
    assert receipt.mended == {}
    assert "sessions.mos" in caplog.text
    assert "\x1b" not in caplog.text
    assert NUMBER[1:] not in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.INFO}


def test_what_to_look_at_where_nothing_was_found_is_logged_and_no_alarm(caplog):
    caplog.set_level(logging.INFO, "voxframe")
    with serving(WORLD) as service:
        assert service.read(remote_number="4911", user_id=1).receipt.warnings == ()
        assert "no session of that time matches" in caplog.text
        assert "user_id" in caplog.text
        assert "4911" not in caplog.text
        assert {record.levelno for record in caplog.records} == {logging.INFO}
        caplog.clear()
        assert len(service.read()) == 300
        assert len(service.read("2020-01-01", "2020-01-02")) == 0
    assert "no session" not in caplog.text


def test_what_several_receipts_agree_on_is_said_of_their_sum():
    with serving(WORLD) as service:
        first = service.read("2026-10-01", "2026-10-02", user_id=1).receipt
        second = service.read("2026-10-02", "2026-10-03", user_id=1, with_calls=False).receipt
        third = service.read("2026-10-03", "2026-10-04", user_id=2).receipt
    both = voxframe.Receipt.sum([first, second])
    assert both.filters == {"user_id": "1"}
    assert (both.with_calls, both.with_records) == (False, True)
    assert both.address == first.address
    assert voxframe.Receipt.sum([first, third]).filters == {}
    assert both.from_date == first.from_date
    assert both.to_date == second.to_date
