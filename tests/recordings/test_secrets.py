"""No key, token, number or link outside of the data, whatever goes wrong."""

import io
import re
import traceback
from collections.abc import Iterator

import pytest

from tests.support.downloads import downloading
from tests.support.secrecy import everything_logged, tokens_signed
from voxframe import RetryPolicy
from voxframe.emulator import Fault, Files, World

CANARY, NUMBER = "c4nary", "4915551234567"
WORLD = World(sessions=8, start="2026-10-01", end="2026-11-01", seed=61)
HASTY = RetryPolicy(max_attempts=2, first_wait=0.01, longest_wait=0.01, request_timeout=0.3)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged() as text:
        yield text


@pytest.fixture
def tokens(monkeypatch) -> list[str]:
    return tokens_signed(monkeypatch)


@pytest.mark.parametrize(
    "fault",
    [None, "500", "html200", "empty", "error_string", "456", "100", "429", "hang", "cut_json",
     "reset", "short_length"],
)  # fmt: skip
def test_nothing_leaks(fault, log, tokens, tmp_path):
    faults = [Fault(fault, msg=f"no {NUMBER}")] if fault else []
    with downloading(WORLD, Files(), *faults, retry=HASTY) as service:
        history = service.history
        for name, column in {
            "records": "record_url", "calls": "record_url", "sessions": "log_file_url",
        }.items():  # fmt: skip
            table = history.tables[name]
            at = table.schema.get_field_index(column)
            marked = [
                link and f"{link}?number={NUMBER}&secret={CANARY}"
                for link in table[column].to_pylist()
            ]
            history.tables[name] = table.set_column(at, column, [marked])
        frame = service.run(tmp_path, history, what=("records", "logs"))
        text = log.getvalue() + frame.to_string() + repr(service.client)
        index = (tmp_path / "index.parquet").read_bytes().decode("latin-1")
        shown = text + index + "".join(map(str, tmp_path.rglob("*")))
        key = service.emulator.credentials["private_key"].splitlines()[1:-1]
        assert [s for s in (CANARY, NUMBER, "Bearer ", *tokens, *key) if s in shown] == []
    assert tokens
    assert "voxframe DEBUG" in text


def test_nothing_leaks_in_the_error_of_a_folder(log, tmp_path):
    (tmp_path / "other").touch()
    with downloading(WORLD) as service, pytest.raises(Exception, match="other data") as told:
        service.run(tmp_path)
    shown = "".join(traceback.format_exception(told.value)) + log.getvalue()
    assert not re.search(r"BEGIN|Bearer|/records/", shown)
