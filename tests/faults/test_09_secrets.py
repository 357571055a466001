"""Row 30: no key, token or phone number outside of the data, whatever goes wrong."""

import io
import itertools
import json
import re
import traceback
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.support.exporting import contents
from tests.support.faulty import FROM, TO, Service, serving
from tests.support.secrecy import everything_logged, tokens_signed
from voxframe import Client, RetryPolicy
from voxframe.emulator import Behaviour, Fault, World
from voxframe.emulator._faults import MESSAGES
from voxframe.errors import CredentialsError, VoxframeError

HASTY = RetryPolicy(max_attempts=2, first_wait=0.01, longest_wait=0.01, request_timeout=0.3)
# What a person filters by: a number, a short one, an address, words of one's own.
NUMBER, SHORT = "+4915551234567", "11880"
ADDRESS, WORDS = "sip:anna@example.org", "contract of Anna"
FILTERS = {
    "remote_number": [NUMBER, SHORT],
    "local_number": ADDRESS,
    "call_session_history_custom_data": WORDS,
}
FAULTS = (
    "500", "html500", "html200", "empty", "not_json", "not_object", "error_string", "error1",
    "100", "101", "104", "111", "340", "456", "515", "429", "redirect", "bomb", "hang",
    "cut_json", "cut_gzip", "reset", "short_length", "drip",
)  # fmt: skip
POISON = ("nan", "too_big", "impossible_date", "missing_id", "list_as_text")


@pytest.fixture(scope="module")
def world() -> World:
    return World(sessions=60, start=FROM, end=TO, seed=61)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged() as text:
        yield text


@pytest.fixture
def tokens(monkeypatch) -> list[str]:
    return tokens_signed(monkeypatch)


def personal(world: World) -> set[str]:
    """Every number in the world, and every custom data."""
    found: set[str] = set()
    for session in world.expected():
        for child in (session, *session["calls"]):
            for field in ("local_number", "remote_number", "diversion_number", "custom_data"):
                found.add(child.get(field) or "")
    return {value for value in found if len(value) > 4}


def leaks(text: str, service: Service, tokens: list[str], numbers: set[str]) -> list[str]:
    key = service.emulator.credentials["private_key"]
    lines = [line for line in key.splitlines() if line and "PRIVATE" not in line]
    secrets = {key, json.dumps(key), "BEGIN PRIVATE", "Bearer ", *lines, *tokens}
    secrets |= {part for token in tokens for part in token.split(".") if len(part) > 20}
    secrets |= {NUMBER, SHORT, ADDRESS, WORDS, "anna@", *numbers}
    secrets |= {re.sub(r"\D", "", value) for value in numbers if len(re.sub(r"\D", "", value)) > 6}
    return [secret for secret in secrets if secret in text]


def told(error: BaseException) -> str:
    """Everything that is shown of an error, its causes and contexts included."""
    parts = ["".join(traceback.format_exception(error)), repr(error), str(error), repr(vars(error))]
    chain = [error.__cause__, error.__context__]
    return "".join([*parts, *(told(one) for one in chain if one is not None)])


@pytest.fixture
def _talkative(monkeypatch):
    """A service that says in its errors what it was asked for."""
    asked = f"Bad: remote_number={NUMBER};{SHORT} local={ADDRESS} '{WORDS}'"
    for code in MESSAGES:
        monkeypatch.setitem(MESSAGES, code, asked)


@pytest.mark.usefixtures("_talkative")
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_leaks_when_requests_fail(fault, world, log, tokens, tmp_path):
    with serving(world, faults=[Fault(fault)], retry=HASTY) as service:
        with pytest.raises(VoxframeError) as caught:
            service.read(**FILTERS)
        with pytest.raises(VoxframeError) as caught_too:
            service.export(tmp_path / "out", **FILTERS)
        text = log.getvalue() + told(caught.value) + told(caught_too.value)
        text += repr(service.client) + repr(vars(service.client))
        text += "".join(f.read_text("latin-1") for f in tmp_path.rglob("*") if f.is_file())
        assert leaks(text, service, tokens, personal(world)) == []
    assert tokens
    assert "voxframe DEBUG" in log.getvalue()
    assert "httpcore" in log.getvalue()


@pytest.mark.parametrize("poison", POISON)
def test_nothing_leaks_when_rows_cannot_be_read(poison, world, log, tokens):
    with serving(world, behaviour=Behaviour(poison=poison)) as service:
        with pytest.raises(VoxframeError) as caught:
            service.read()
        text = log.getvalue() + told(caught.value)
        assert leaks(text, service, tokens, personal(world)) == []


def test_nothing_leaks_when_all_is_well(world, log, tokens, tmp_path):
    behaviour = Behaviour(dirty=0.5, clock_skew=-90)
    with serving(world, behaviour=behaviour) as service:
        number = next(iter(sorted(personal(world))))
        page = service.client.get_call_history(from_date=FROM, to_date=TO, with_calls=True)
        history = service.read()
        service.read(remote_number=number)
        receipt = service.export(tmp_path / "out")
        service.export(tmp_path / "one", remote_number=number)
        text = log.getvalue() + repr(history) + history._repr_html_() + repr(history.receipt)
        text += json.dumps(receipt.to_dict()) + repr(page)
        data = {tmp_path / "out" / name for name in contents(tmp_path / "out")}
        data |= {tmp_path / "one" / name for name in contents(tmp_path / "one")}
        notes = [f for f in tmp_path.rglob("*") if f.is_file() and f not in data]
        assert [note.name for note in notes if note.name == "manifest.json"]
        text += "".join(note.read_text("latin-1") for note in notes)
        assert leaks(text, service, tokens, personal(world)) == []


def test_nothing_leaks_when_the_key_is_wrong(world, log, tokens, tmp_path):
    with serving(world) as service:
        true = service.emulator.credentials
        pem = true["private_key"]
        wrong = [
            {**true, "private_key": pem[:200] + pem[240:]},
            {**true, "private_key": pem.replace("PRIVATE", "PUBLIC")},
            {**true, "private_key": [pem]},
            {**true, "account_id": pem},
            {**true, "key_id": [pem]},
            {name: value for name, value in true.items() if name != "key_id"},
        ]
        for number, credentials in enumerate(wrong):
            file = tmp_path / f"{number}.json"
            file.write_text(json.dumps(credentials))
            cut = tmp_path / f"{number}-cut.json"
            cut.write_text(json.dumps(true)[: 200 + number])
            for source in (credentials, file, cut):
                with pytest.raises(CredentialsError) as caught:
                    Client(source, base_url=service.emulator.base_url)
                text = log.getvalue() + told(caught.value)
                assert leaks(text, service, tokens, set()) == []


def test_internals_do_not_show_what_they_carry(world, tokens):
    from voxframe._decode.page import RawPage
    from voxframe._http.credentials import Credentials
    from voxframe._http.response import Answer
    from voxframe._plan.model import PageRequest
    from voxframe._plan.service_time import RequestTime
    from voxframe._query.query import query
    from voxframe._query.window import window
    from voxframe._read.interval import Request

    with serving(world) as service:
        credentials = Credentials.load(service.emulator.credentials)
        body = json.dumps([NUMBER, WORDS]).encode()
        shown = [
            Answer(200, {"authorization": "Bearer x"}, body),
            RawPage(body, "asked"),
            Request(
                PageRequest(0, 1), SimpleNamespace(form={"remote_number": NUMBER}), RequestTime()
            ),
            query(window(FROM, TO), remote_number=NUMBER),
            credentials,
            service.client._tokens,
            service.client._transport,
        ]
        assert leaks(repr(shown), service, tokens, set()) == []


def test_this_test_can_see_a_leak(world, tokens):
    with serving(world) as service:
        service.read()
        number = next(itertools.islice(sorted(personal(world)), 1))
        for secret in (tokens[0], NUMBER, number, service.emulator.credentials["private_key"]):
            assert leaks(f"a line with {secret} in it", service, tokens, personal(world))


def test_files_of_a_key_are_never_written(world, tmp_path):
    with serving(world) as service:
        service.export(tmp_path / "out")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"PRIVATE KEY" in file.read_bytes()]
