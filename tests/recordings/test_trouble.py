"""What goes wrong with files: mended, or said in the file's row; never half a file."""

import contextlib
import errno
import os
import resource
import tracemalloc

import pytest

from tests.support.downloads import QUICK, SMALL, check, data, downloading
from tests.support.emulator_caller import sign
from voxframe import RetryPolicy
from voxframe._recordings.judging import ERRORS
from voxframe.emulator import Emulator, Fault, Files, World
from voxframe.errors import ExportError

HASTY = RetryPolicy(
    max_attempts=2, first_wait=0.01, longest_wait=0.02, timeout=10.0, request_timeout=0.2
)
ONE = World(sessions=12, start="2026-10-01", end="2026-11-01", seed=61)


NOW_AND_THEN = (
    "cut_gzip", "500", "503", "429", "html200", "empty", "error_string", "error1", "340", "456",
    "100", "hang", "reset", "short_length",
)  # fmt: skip


@pytest.mark.parametrize("kind", NOW_AND_THEN)
def test_what_happens_now_and_then_is_mended(kind, tmp_path):
    # A token is renewed once for a file, and which file a later request is for is luck.
    at = (2,) if kind in ("100", "456") else (2, 12)
    with downloading(ONE, Files(), Fault(kind, at=at, retry_after=0.01)) as service:
        frame = service.run(tmp_path)
        check(tmp_path, frame, service, sign(service.emulator))
        assert service.emulator.file_counters.faults[kind] == len(at)
        assert set(frame.error.dropna()) <= {"gone", "not ready"}


@pytest.mark.parametrize("kind", ["reset", "short_length"])
def test_a_file_that_breaks_off_where_nothing_can_be_gone_on_with(kind, tmp_path):
    with downloading(ONE, Files(ranges=False), Fault(kind, at=(2, 12))) as service:
        check(tmp_path, service.run(tmp_path), service, sign(service.emulator))


def test_a_401_in_the_middle_is_mended_by_a_fresh_token(tmp_path):
    with downloading(ONE, Files(), Fault("gateway", at=(9,), status=401)) as service:
        frame = service.run(tmp_path)
        check(tmp_path, frame, service, sign(service.emulator))


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        (Fault("gateway", status=401), "not authorized", 2),
        (Fault("456"), "not authorized", 2),
        (Fault("gateway", status=403), "forbidden", 1),
        (Fault("104"), "forbidden", 1),
        (Fault("gateway", status=404), "gone", 1),
        (Fault("gateway", status=410), "gone", 1),
        (Fault("gateway", status=400), "refused", 1),
        (Fault("error429"), "refused", 1),
        (Fault("503"), "failed", 3),
        (Fault("error2"), "failed", 3),
        (Fault("429", retry_after=0.01), "throttled", 3),
        (Fault("html200"), "not a file", 3),
        (Fault("empty"), "not a file", 3),
        (Fault("cut_json"), "cut short", 3),
        (Fault("hole"), "cut short", 3),
        (Fault("hang"), "no answer", 2),
        (Fault("drip", seconds=0.01), "cut short", 2),
        (Fault("gigabytes"), "too large", 1),
        (Fault("redirect", location="http://example.net/x"), "refused host", 1),
        (Fault("redirect", location="/records/again"), "refused host", 6),
        (Fault("redirect", location="file:///etc/passwd"), "refused host", 1),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else str(value),
)
def test_what_goes_on_for_ever_is_said_and_leaves_nothing(fault, error, requests, tmp_path):
    # One file at a time, so that each is asked for as often as it takes.
    policy = HASTY if fault.kind in ("hang", "drip") else QUICK
    with downloading(ONE, Files(), fault, max_concurrency=1, retry=policy) as service:
        frame = service.run(tmp_path, what="records")
        wanted = frame[frame.error != "gone"] if error != "gone" else frame
        assert len(wanted)
        assert set(wanted.error) == {error} <= set(ERRORS)
        if error != "gone":
            assert service.requests == requests * len(wanted)
        assert not data(tmp_path)


def test_what_failed_is_tried_again(tmp_path):
    with downloading(ONE, Files(), Fault("gateway", at=(2, 5), status=410)) as service:
        assert (service.run(tmp_path, what="records").error == "gone").sum() == 2
        frame = service.run(tmp_path, what="records")
        assert frame.error.isna().all()
        assert service.requests == len(frame) + 2


def test_a_bomb_is_refused_in_bounded_memory(tmp_path):
    once = RetryPolicy(max_attempts=1)
    with downloading(ONE, Files(), Fault("bomb"), retry=once, max_concurrency=1) as service:
        tracemalloc.start()
        frame = service.run(tmp_path, what="records")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert set(frame.error) <= {"too large", "gone"}
    assert "too large" in set(frame.error)
    # What the emulator needs to make it is counted too.
    assert peak < 128 * 2**20
    assert not data(tmp_path)


def test_a_large_file_is_gone_on_with_where_it_broke_off(tmp_path):
    files = Files(seconds=(60.0, 60.0))
    with downloading(ONE, files, Fault("short_length", first=3), max_concurrency=1) as service:
        frame = service.run(tmp_path, what="records")
        size = int(frame.bytes.dropna().iloc[0])
        asked = [request.params["range"] for request in service.emulator.file_requests[:4]]
        left, begun = size, []
        for _ in range(4):
            begun.append(size - left)
            left -= left // 2
        assert asked == ["", *(f"bytes={each}-" for each in begun[1:])]
        assert frame.error.isna().sum() == frame.path.notna().sum()


def test_what_gets_on_is_not_given_up(tmp_path):
    # More breaks than a file has attempts; each time there is more of it.
    files = Files(seconds=(600.0, 600.0))
    with downloading(ONE, files, Fault("short_length", first=5), max_concurrency=1) as service:
        frame = service.run(tmp_path, what="records")
        assert set(frame.error.dropna()) <= {"gone"}
        check_whole = frame[frame.path.notna()]
        assert (check_whole.bytes == 44 + 16_000 * 600).all()


@pytest.mark.parametrize("inside", [True, False])
def test_a_redirect_is_followed_and_a_foreign_host_gets_no_token(inside, tmp_path):
    with (
        Emulator(SMALL, files=Files(secure=False)) as other,
        downloading(SMALL, Files(redirect="inside" if inside else other.base_url)) as service,
    ):
        frame = service.run(tmp_path)
        assert frame.path.notna().sum() > 50
        assert {request.params["token"] for request in service.emulator.file_requests} == {"yes"}
        strange = {request.params["token"] for request in other.file_requests}
        assert strange == (set() if inside else {"no"})


def test_a_foreign_host_that_a_link_names_gets_no_token(tmp_path):
    with (
        Emulator(SMALL, files=Files(secure=False)) as other,
        downloading(SMALL) as service,
    ):
        history = service.client.read_call_history("2026-10-01", "2026-11-01")
        for name, column in {
            "records": "record_url", "calls": "record_url", "sessions": "log_file_url",
        }.items():  # fmt: skip
            table = history.tables[name]
            at = table.schema.get_field_index(column)
            moved = [
                link and link.replace(service.emulator.base_url, other.base_url)
                for link in table[column].to_pylist()
            ]
            history.tables[name] = table.set_column(at, column, [moved])
        frame = service.run(tmp_path, history, what=("records", "logs"))
        assert frame.path.notna().any()
        assert service.requests == 0
        assert {request.params["token"] for request in other.file_requests} == {"no"}


def test_a_file_larger_than_announced_is_kept_and_said(tmp_path):
    with downloading(ONE) as service:
        history = service.history
        table = history.tables["records"]
        at = table.schema.get_field_index("file_size")
        history.tables["records"] = table.set_column(
            at,
            table.schema.field(at),
            [[size and size - 1 for size in table["file_size"].to_pylist()]],
        )
        frame = service.run(tmp_path, what="records")
        assert set(frame[frame.path.notna()].error) == {"longer than announced"}
        before = service.requests
        service.run(tmp_path, what="records")
        assert service.requests == before


def test_a_host_that_is_down_keeps_nobody_waiting_and_nothing_else_from_being_fetched(tmp_path):
    with downloading(SMALL, max_concurrency=2) as service:
        history = service.history
        table = history.tables["sessions"]
        at = table.schema.get_field_index("log_file_url")
        links = ["http://127.0.0.1:9/x"] * len(table)
        history.tables["sessions"] = table.set_column(at, "log_file_url", [links])
        frame = service.run(tmp_path)
    assert set(frame[frame.table == "logs"].error) == {"no answer"}
    assert frame[frame.table == "records"].path.notna().any()


@contextlib.contextmanager
def disk_of(size: int):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_is_one_error_and_what_is_there_is_whole(tmp_path):
    with downloading(SMALL) as service:
        with disk_of(20_000), pytest.raises(ExportError, match="the same call goes on") as told:
            service.run(tmp_path)
        assert os.strerror(errno.EFBIG) in str(told.value)
        assert not [path for path in data(tmp_path) if path.name.startswith(".")]
        there = len(data(tmp_path))
        before = service.requests
        frame = service.run(tmp_path)
        # What the error broke off may arrive there late, one of each worker.
        assert service.requests - before <= frame.path.notna().sum() - there + 8
        check(tmp_path, frame, service, sign(service.emulator))


def test_two_at_once_and_the_second_is_refused(tmp_path):
    with downloading(SMALL) as service:
        refused = []

        def again(_: object) -> None:
            if not refused:
                with pytest.raises(ExportError, match="another download") as told:
                    service.run(tmp_path)
                refused.append(told.value)

        frame = service.run(tmp_path, progress=again)
        assert refused
        check(tmp_path, frame, service, sign(service.emulator))
