"""A window in pieces that are read elsewhere: nothing lost between them, no key among them."""

import concurrent.futures
import inspect
import json
import multiprocessing
import operator
import os
import pickle
import re
import subprocess
import sys
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import voxframe
from tests.http.test_credentials import pem
from tests.support.exact import EVERYTHING, FROM, TO, Truth, ids
from tests.support.examples import blocks_of, calls_in
from tests.support.raw_service import RawService, raw_address, session
from voxframe import CallHistory, Credentials, Receipt, RetryPolicy
from voxframe.emulator import Emulator, Fault
from voxframe.errors import ApiError, CredentialsError, InvalidQueryError

NUMBER = "+4930123456"
QUICK = RetryPolicy(max_attempts=20, first_wait=0.01, longest_wait=0.05)


@pytest.fixture(autouse=True)
def _environment(emulator, key, monkeypatch):
    """The environment of whoever reads: a key and an address."""
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
    monkeypatch.setenv("VOXIMPLANT_BASE_URL", emulator.base_url)


CUTS = {
    "days": {},
    "days in Berlin": {"timezone": "Europe/Berlin"},
    "weeks in New York, both ends": {
        "freq": "W", "timezone": "America/New_York", "inclusive": "both",
    },
    "days without their first moment": {"inclusive": "right"},
    "about so many sessions": {"sessions": 700},
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
def test_pieces_are_the_window(cut):
    options = CUTS[cut]
    parts = voxframe.partitions(FROM, TO, **options)
    histories = [pickle.loads(pickle.dumps(part)).read() for part in parts]
    whole = voxframe.read_call_history(
        FROM, TO, **{k: v for k, v in options.items() if k in ("timezone", "inclusive")}
    )
    got = [i for history in histories for i in ids(history)]
    assert got == ids(whole)
    assert len(got) > 2_900
    both = CallHistory.concat(histories)
    assert all(both.tables[name].equals(whole.tables[name]) for name in both.tables)
    assert both.receipt.duplicates == sum(h.receipt.duplicates for h in histories)
    receipt = Receipt.sum([history.receipt for history in histories])
    for name in ("from_date", "to_date", "inclusive", "sessions", "calls", "account_id", "address"):
        assert getattr(receipt, name) == getattr(whole.receipt, name)
    for part, history in zip(parts, histories, strict=True):
        own = history.receipt
        assert (own.from_date, own.to_date) == (part.from_date, part.to_date)
        assert own.inclusive == part.inclusive
        assert own.settled


@pytest.mark.parametrize(("freq", "to"), [("D", "2026-10-12"), ("W", TO)])
def test_pieces_are_exact_under_every_reading_at_once(freq, to, world, key):
    with Emulator(world, behaviour=EVERYTHING) as emulator:
        parts = voxframe.partitions(
            FROM, to, freq=freq, timezone="America/New_York", credentials=key,
            base_url=emulator.base_url,
        )  # fmt: skip
        whole = CallHistory.concat(part.read() for part in parts)
    Truth(world, parts[0].from_date, parts[-1].to_date).check(whole)


def test_a_month_is_counted_once_for_pieces_of_a_size(emulator):
    before = emulator.counters.requests
    parts = voxframe.partitions("2026-09-01", "2026-12-01", sessions=700)
    assert emulator.counters.requests - before == 3
    assert len(parts) == 5
    for asked in emulator.requests[-3:]:
        assert {asked.params[name] for name in
                ("with_calls", "with_records", "with_other_resources")} == {"false"}  # fmt: skip
    sizes = [len(part.read()) for part in parts]
    assert sum(sizes) == 3_000
    assert max(sizes) < 1_000


def test_a_partition_is_a_small_value(key):
    parts = voxframe.partitions(
        FROM, TO, credentials=key, base_url="http://127.0.0.1:9", remote_number=NUMBER
    )
    assert len(parts) == 31
    for part in parts:
        assert len(pickle.dumps(part)) < 600
        assert pickle.loads(pickle.dumps(part)) == part
        assert NUMBER[1:] not in repr(part)
    assert len(set(parts)) == 31
    with pytest.raises(AttributeError):
        parts[0].credentials = None
    contents = json.loads(key.read_text())
    for text in (repr(parts), repr(pickle.dumps(parts))):
        assert contents["private_key"][40:80] not in text
        assert contents["key_id"] not in text


def keys(contents):
    text = json.dumps(contents)
    return {
        "dict": contents,
        "text": text,
        "text on lines": json.dumps(contents, indent=2),
        "short text": json.dumps({"api_key": "d0a1b2c3-d4e5-46f7-8899-aabbccddeeff"}),
        "PEM": contents["private_key"],
        "Credentials": Credentials.load(contents),
        "api_key": "d0a1b2c3-d4e5-46f7-8899-aabbccddeeff",
        "in a list": [contents],
        "text in a list": [text],
        "nothing in a list": [None],
        "bytes": text.encode(),
        "number": 4711,
        "nothing": "",
    }


@pytest.mark.parametrize("how", [
    "dict", "text", "text on lines", "short text", "PEM", "Credentials", "api_key", "in a list",
    "text in a list", "nothing in a list", "bytes", "number", "nothing",
])  # fmt: skip
def test_a_key_is_not_taken_along(how, emulator):
    contents = emulator.credentials
    with pytest.raises(CredentialsError, match=r"path of a key file.*VOXIMPLANT_CREDENTIALS") as at:
        voxframe.partitions(FROM, TO, credentials=keys(contents)[how])
    shown = "".join(traceback.format_exception(at.value))
    for secret in (contents["private_key"][40:80], contents["key_id"], "d0a1b2c3"):
        assert secret not in str(at.value)
        assert secret not in shown


def test_what_cannot_be_read_is_refused_where_the_window_is_cut(tmp_path, emulator, key):
    requests = emulator.counters.requests
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    with pytest.raises(CredentialsError, match=r"wrong\.json: the field account_id is missing"):
        voxframe.partitions(FROM, TO, credentials=wrong)
    with pytest.raises(CredentialsError, match="credentials: is empty"):
        voxframe.partitions(FROM, TO, credentials=[])
    for wrong, name in (
        ({"freq": "M"}, "freq"),
        ({"sessions": 0}, "sessions"),
        ({"sessions": True}, "sessions"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"retry": 3}, "retry"),
        ({"base_url": "http://example.org"}, "base_url"),
        ({"application": 3}, "application"),
        ({"min_duration": -1}, "min_duration"),
        ({"timezone": "Mars"}, "timezone"),
        ({"progress": 3}, "progress"),
    ):
        with pytest.raises(InvalidQueryError, match=rf"^{name}: "):
            voxframe.partitions(FROM, TO, credentials=key, **wrong)
    assert emulator.counters.requests == requests


def test_a_key_may_be_only_where_it_is_read(monkeypatch, emulator, key):
    monkeypatch.delenv("VOXIMPLANT_CREDENTIALS", raising=False)
    (part,) = voxframe.partitions(FROM, "2026-10-02", base_url=emulator.base_url)
    (other,) = voxframe.partitions(
        FROM, "2026-10-02", base_url=emulator.base_url, credentials="secrets/not-here.json"
    )
    with pytest.raises(CredentialsError, match="there are no credentials"):
        part.read()
    with pytest.raises(CredentialsError, match=r"secrets/not-here\.json: no such file"):
        other.read()
    monkeypatch.setenv("VOXIMPLANT_CREDENTIALS", str(key))
    monkeypatch.setenv("VOXIMPLANT_BASE_URL", "http://127.0.0.1:9")
    assert len(part.read()) > 50


def test_an_empty_window_is_a_piece_without_a_row(emulator):
    requests = emulator.counters.requests
    for options in ({}, {"sessions": 5}):
        (part,) = voxframe.partitions(FROM, FROM, **options)
        history = part.read()
        assert len(history) == 0
        assert history.calls.dtypes["cost"] == "Float64"
    assert emulator.counters.requests == requests


def test_all_that_was_asked_comes_along():
    parts = voxframe.partitions(
        FROM, TO, freq="W", desc_order=True, with_calls=False, unknown_fields="raise",
        min_duration=60, max_concurrency=1, retry=QUICK,
    )  # fmt: skip
    seen = []
    histories = [part.read() for part in parts]
    want = voxframe.read_call_history(FROM, TO, min_duration=60, desc_order=True)
    assert [i for h in reversed(histories) for i in ids(h)] == ids(want)
    for history in histories:
        assert history.receipt.unread == ("calls",)
        assert history.receipt.filters == {"min_duration": "60"}
    (part,) = voxframe.partitions(FROM, "2026-10-02", progress=seen.append)
    part.read()
    assert seen


def account(path, number):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    contents = {"account_id": number, "key_id": f"key-{number}", "private_key": pem(key)}
    path.write_text(json.dumps(contents))
    return path


def test_many_accounts_each_with_its_own_key(tmp_path):
    starts = [f"2026-10-0{day} 10:00:00" for day in range(1, 8)]
    accounts = {
        number: RawService(
            [session(100 * number + at, day, account_id=number) for at, day in enumerate(starts)]
        )
        for number in (1, 2, 3)
    }
    paths = [account(tmp_path / f"{number}.json", number) for number in (1, 2, 3)]
    again = tmp_path / "again.json"
    again.write_text(paths[1].read_text())
    with raw_address(accounts) as address:
        parts = voxframe.partitions(FROM, "2026-10-08", credentials=paths, base_url=address)
        assert len(parts) == 21
        assert [part.credentials for part in parts[::7]] == [str(path) for path in paths]
        histories = [part.read() for part in parts]
        sized = voxframe.partitions(
            FROM, "2026-10-08", credentials=iter(paths), base_url=address, sessions=4
        )
        assert len(sized) == 6
    whole = CallHistory.concat(histories)
    assert sorted(ids(whole)) == [100 * number + at for number in (1, 2, 3) for at in range(7)]
    assert whole.sessions.groupby("account_id").size().to_dict() == {1: 7, 2: 7, 3: 7}
    assert whole.receipt.account_id is None
    assert {history.receipt.account_id for history in histories} == {1, 2, 3}
    for twice in ([*paths, again], [paths[0], paths[0]], ["elsewhere.json", "elsewhere.json"]):
        with pytest.raises(CredentialsError, match="keys of one account"):
            voxframe.partitions(FROM, TO, credentials=twice)


def test_an_error_comes_back_from_another_process(world, key):
    with Emulator(world, faults=[Fault("101")]) as emulator:
        (part,) = voxframe.partitions(
            FROM, "2026-10-02", credentials=key, base_url=emulator.base_url, remote_number=NUMBER
        )
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            failed = pool.submit(part.read)
            error = failed.exception()
    assert isinstance(error, ApiError)
    assert error.code == 101
    assert NUMBER[1:] not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("library", ["multiprocessing", "joblib"])
def test_the_examples_of_the_documentation(library, emulator, key, tmp_path):
    pytest.importorskip(library)
    (code,) = [each for each in blocks_of(voxframe.partitions) if f"import {library}" in each]
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "VOXIMPLANT_CREDENTIALS": str(key),
            "VOXIMPLANT_BASE_URL": emulator.base_url,
        },
    )
    assert (done.stdout, done.stderr) == ("3000 sessions\n", "")


@pytest.mark.parametrize("platform", ["ray.remote", "@task"])
def test_the_examples_that_need_a_platform_are_right_as_far_as_they_are_ours(platform):
    (code,) = [each for each in blocks_of(voxframe.partitions) if platform in each]
    compile(code, platform, "exec")
    known = inspect.signature(voxframe.partitions).parameters
    for call in calls_in(code, "voxframe.partitions"):
        assert {keyword.arg for keyword in call.keywords} <= set(known)
    for name in re.findall(r"voxframe\.[\w.]+", code):
        assert operator.attrgetter(name.removeprefix("voxframe."))(voxframe)
    # Methods of a partition and of what it reads.
    for name in re.findall(r"part\.read\(\)\.(\w+)", code):
        assert hasattr(CallHistory, name)
