"""What a history has links to, and what each file is called: without any request."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from voxframe._recordings.judging import ERRORS
from voxframe._recordings.names import ENDINGS, ending, media_type, stems
from voxframe._recordings.wanted import COLUMNS, KINDS, Wanted, wanted
from voxframe._spec.tables import SCHEMAS

START = datetime(2026, 10, 1, 23, 30, tzinfo=UTC)


def history(**rows: list[dict]) -> dict[str, pa.Table]:
    return {
        name: pa.Table.from_pylist(rows.get(name, []), SCHEMAS[name]).select(list(COLUMNS[name]))
        for name in COLUMNS
    }


def session(number: int = 1, **more: object) -> dict:
    return {"call_session_history_id": number, "start_date": START, **more}


def record(number: int, link: str | None, parent: int = 1, **more: object) -> dict:
    return {"call_session_history_id": parent, "record_id": number, "record_url": link, **more}


def call(number: int, link: str | None, parent: int = 1) -> dict:
    return {"call_session_history_id": parent, "call_id": number, "record_url": link}


def found(tables: dict[str, pa.Table], zone: str = "UTC") -> list[Wanted]:
    return wanted(tables, KINDS, ZoneInfo(zone))


def test_a_recording_that_its_call_names_too_is_one_file():
    tables = history(
        sessions=[session()],
        records=[record(7, "https://a.voximplant.com/r/7.mp3?x=1&expires=1&Signature=a")],
        calls=[
            call(70, "http://a.voximplant.com/r/7.mp3?x=1&expires=2&Signature=b"),
            call(71, "https://a.voximplant.com/r/7.mp3?x=2"),
            call(72, None),
        ],
    )
    assert [(each.table, each.id) for each in found(tables)] == [("records", 7), ("calls", 71)]


def test_a_day_is_one_of_the_timezone_that_is_asked_for():
    tables = history(
        sessions=[session(log_file_url="https://a/l")], records=[record(7, "https://a/r")]
    )
    assert {each.folder for each in found(tables)} == {
        "records/start_day=2026-10-01", "logs/start_day=2026-10-01",
    }  # fmt: skip
    assert {each.folder for each in found(tables, "Europe/Berlin")} == {
        "records/start_day=2026-10-02", "logs/start_day=2026-10-02",
    }  # fmt: skip


def test_a_record_whose_session_is_not_there_has_the_day_of_its_own_start_or_none():
    tables = history(records=[record(7, "https://a/7", start_time=START), record(8, "https://a/8")])
    assert [each.folder for each in found(tables)] == [
        "records/start_day=2026-10-01", "records/start_day=__HIVE_DEFAULT_PARTITION__",
    ]  # fmt: skip


def test_what_cannot_be_asked_for_says_why():
    tables = history(
        sessions=[session()],
        records=[
            record(1, "https://a/1", is_removed=True, transcription_url="https://a/t1"),
            record(2, None),
            record(3, "https://a/3", transcription_status="In progress"),
            record(4, "https://a/4", transcription_status="Not required"),
        ],
    )
    problems = {(each.table, each.id): each.problem for each in found(tables)}
    assert problems == {
        ("records", 1): "gone", ("records", 2): "no link", ("records", 3): "",
        ("records", 4): "", ("transcriptions", 1): "gone", ("transcriptions", 3): "not ready",
    }  # fmt: skip
    assert set(problems.values()) - {""} <= set(ERRORS)


def test_a_row_that_is_there_twice_is_wanted_once():
    tables = history(
        sessions=[session()], records=[record(7, None), record(7, "https://a/7"), record(7, None)]
    )
    assert [(each.id, each.link) for each in found(tables)] == [(7, "https://a/7")]


def test_what_a_wanted_file_is_does_not_show_its_link():
    tables = history(sessions=[session()], records=[record(7, "https://a/r?token=canary")])
    assert "canary" not in repr(found(tables))


@pytest.mark.parametrize(
    ("link", "header", "expected"),
    [
        ("https://a/r/7.mp3", "audio/wav", "mp3"),
        ("https://a/r/7.MP3?name=x.exe", "", "mp3"),
        ("https://a/r/7", "audio/mpeg; charset=binary", "mp3"),
        ("https://a/r/7", "Audio/X-Wav", "wav"),
        ("https://a/7.exe", "application/octet-stream", "bin"),
        ("https://a/../../etc/passwd", "", "bin"),
        ("https://a/r/7./../../x", "video/mp4", "mp4"),
        ("https://a/con.lnk", "audio/../../x", "bin"),
        ("https://a/r.mp3/..%2f..%2fx", "", "bin"),
        ("https://[a", "audio/ogg", "ogg"),
    ],
)
def test_how_a_file_is_called_is_never_the_services_to_say(link, header, expected):
    each = Wanted("records", 7, 1, "records", link)
    assert ending(each, link, header) == expected
    assert stems(each) == ("7", "7-1")
    assert all(name.isalnum() for name in ENDINGS)


def test_a_log_that_says_nothing_else_is_a_log():
    each = Wanted("logs", 7, 7, "logs", "https://a/7")
    assert ending(each, "https://a/7", "text/plain; charset=utf-8") == "log"
    assert ending(each, "https://a/7", "application/json") == "json"


def test_a_type_is_a_type_or_nothing():
    assert media_type("Audio/MPEG; x=y") == "audio/mpeg"
    for odd in ("", "audio", "a/b/c", "text/pl\x1bain", "audio/ mpeg", "a/" + "b" * 200):
        assert media_type(odd) == ""
