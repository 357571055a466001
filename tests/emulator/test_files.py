"""Recordings, transcriptions and logs behind the links of the answers."""

import io
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.support.emulator_caller import FULL, Caller, running
from voxframe.emulator import Emulator, Fault, Files, World

OPEN = Files(secure=False)


@contextmanager
def serving(world: World | None = None, **options: Any) -> Iterator[Caller]:
    with running(world or World(sessions=400, seed=4), **options) as caller:
        yield caller


def links(caller: Caller) -> dict[str, list[str]]:
    sessions = caller.page(**FULL)["result"]
    records = [record for s in sessions for record in s["records"]]
    return {
        "records": [r["record_url"] for r in records if not r["is_removed"]],
        "removed": [r["record_url"] for r in records if r["is_removed"]],
        "transcriptions": [r["transcription_url"] for r in records
                           if "transcription_url" in r and not r["is_removed"]],
        "logs": [s["log_file_url"] for s in sessions if "log_file_url" in s],
        "calls": [c["record_url"] for s in sessions for c in s["calls"] if "record_url" in c],
    }  # fmt: skip


def get(caller: Caller, url: str, **headers: str) -> httpx.Response:
    return caller.http.get(url, headers={"Authorization": f"Bearer {caller.token}"} | headers)


def test_links_lead_nowhere_unless_files_are_served() -> None:
    with serving() as caller:
        url = links(caller)["records"][0]
        assert url.startswith("https://records.example.net/")
        assert get(caller, "/records/1/2.wav").status_code == 404
        assert caller.emulator.file_requests == []


def test_every_link_works_and_sounds_can_be_played() -> None:
    world = World(sessions=400, seed=4)
    with serving(world, files=Files()) as caller:
        found = links(caller)
        records = {r["record_url"]: r["file_size"] for s in caller.page(**FULL)["result"]
                   for r in s["records"]}  # fmt: skip
        for url in found["records"]:
            assert url.startswith(caller.emulator.base_url)
            answer = get(caller, url)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "audio/wav"
            assert len(answer.content) == records[url]
            with wave.open(io.BytesIO(answer.content)) as sound:
                assert 1 <= sound.getnframes() / sound.getframerate() <= 2
                assert any(sound.readframes(100))
        assert len({get(caller, url).content for url in found["records"]}) > 30
        words = get(caller, found["transcriptions"][0])
        assert words.headers["content-type"].startswith("text/plain")
        assert "Agent: " in words.text
        log = get(caller, found["logs"][0])
        assert f"session {int(found['logs'][0].split('/')[-2], 16)} started" in log.text
        assert set(found["calls"]) == set(found["records"]) | set(found["removed"])
        for url in found["removed"]:
            assert get(caller, url).status_code == 404
        again = get(caller, found["records"][0]).content
        assert again == get(caller, found["records"][0]).content
    assert world.expected()[-1]["log_file_url"].startswith("https://logs.example.net/")


def test_a_token_where_storage_is_secure() -> None:
    with serving(files=Files()) as caller:
        url = links(caller)["records"][0]
        assert caller.http.get(url).status_code == 401
        assert get(caller, url, Authorization="Bearer no").status_code == 401
        assert get(caller, url).status_code == 200
        asked = [(r.params["token"], r.status) for r in caller.emulator.file_requests]
        assert asked == [("no", 401), ("yes", 401), ("yes", 200)]
        assert caller.token not in repr(caller.emulator.file_requests)
    with serving(files=OPEN) as caller:
        assert caller.http.get(links(caller)["records"][0]).status_code == 200


def test_only_the_address_of_an_answer_leads_to_a_file() -> None:
    with serving(files=OPEN) as caller:
        url = links(caller)["records"][0]
        for wrong in (url.replace(".wav", "0.wav"), url[:-6] + "..wav", url[:-20],
                      url.replace("/records/", "/transcripts/"),
                      f"{caller.emulator.base_url}/records/..%2f..%2fetc/passwd",
                      f"{caller.emulator.base_url}/records/1/0123456789abcdef.wav"):  # fmt: skip
            assert caller.http.get(wrong).status_code == 404, wrong


def test_range() -> None:
    with serving(files=OPEN) as caller:
        url = links(caller)["records"][0]
        whole = caller.http.get(url)
        assert whole.headers["accept-ranges"] == "bytes"
        size = len(whole.content)
        for asked, first, end in (("0-99", 0, 100), ("100-", 100, size), ("-50", size - 50, size),
                                  (f"5-{size * 2}", 5, size)):  # fmt: skip
            part = caller.http.get(url, headers={"Range": f"bytes={asked}"})
            assert part.status_code == 206
            assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
            assert part.content == whole.content[first:end]
        beyond = caller.http.get(url, headers={"Range": f"bytes={size}-"})
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{size}"
        assert caller.http.head(url).headers["content-length"] == str(size)
    with serving(files=Files(secure=False, ranges=False)) as caller:
        ignored = caller.http.get(url_of(caller), headers={"Range": "bytes=5-"})
        assert ignored.status_code == 200
        assert "accept-ranges" not in ignored.headers


def url_of(caller: Caller) -> str:
    return links(caller)["records"][0]


def test_wrong_sizes_lengths_and_no_endings() -> None:
    files = Files(secure=False, sizes="wrong", seconds=(6.25, 6.25), suffixes=False)
    with serving(files=files) as caller:
        sessions = caller.page(**FULL)["result"]
        record = next(r for s in sessions for r in s["records"] if not r["is_removed"])
        assert not record["record_url"].endswith(".wav")
        answer = caller.http.get(record["record_url"])
        assert len(answer.content) == 100_044 != record["file_size"]


def test_links_expire_by_the_clock_and_so_do_recordings() -> None:
    world = World(sessions=400, seed=4, now="2026-11-01")
    with serving(world, files=Files(secure=False, link_life=3600), cache=True) as caller:
        old = links(caller)
        assert caller.http.get(old["records"][0]).status_code == 200
        caller.emulator.advance(3600)
        assert caller.http.get(old["records"][0]).status_code == 403
        fresh = links(caller)
        assert caller.http.get(fresh["records"][0]).status_code == 200
        caller.emulator.advance(100 * 86_400)
        for kind in ("records", "logs", "transcriptions"):
            assert caller.http.get(fresh[kind][0].partition("?")[0]).status_code == 404


def test_redirects_inside_and_outside() -> None:
    world = World(sessions=400, seed=4)
    with serving(world, files=Files(redirect="inside")) as caller:
        url = url_of(caller)
        assert get(caller, url).status_code == 302
        there = caller.http.get(url, headers={"Authorization": f"Bearer {caller.token}"},
                                follow_redirects=True)  # fmt: skip
        assert there.status_code == 200
        assert "/storage/" in str(there.url)
        inside = there.content
    with Emulator(world, files=OPEN) as other:
        with serving(world, files=Files(redirect=other.base_url)) as caller:
            answer = get(caller, url_of(caller))
            assert answer.headers["location"].startswith(other.base_url)
        assert httpx.get(answer.headers["location"]).content == inside
        assert [r.params["token"] for r in other.file_requests] == ["no"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault("503", at=(1,)), 503), (Fault("429", at=(1,)), 429), (Fault("empty", at=(1,)), 200),
        (Fault("gateway", at=(1,), status=401), 401), (Fault("html200", at=(1,)), 200),
        (Fault("redirect", at=(1,), location="http://127.0.0.1:1/"), 307), (Fault("456"), 200),
    ],
)  # fmt: skip
def test_another_answer_than_a_file(fault: Fault, status: int) -> None:
    with serving(files=Files(secure=False, faults=(fault,))) as caller:
        answer = caller.http.get(url_of(caller))
        assert answer.status_code == status
        assert not answer.content.startswith(b"RIFF")
        assert caller.emulator.file_counters.faults == {fault.kind: 1}
        assert caller.emulator.counters.requests == 1


@pytest.mark.parametrize("kind", ["cut_json", "hole"])
def test_a_file_that_is_whole_to_http_and_wrong(kind: Any) -> None:
    files = Files(secure=False, faults=(Fault(kind, at=(1,)),))
    with serving(files=files) as caller:
        url = url_of(caller)
        assert len(caller.http.get(url).content) < len(caller.http.get(url).content)


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx.ReadError), ("short_length", httpx.RemoteProtocolError)]
)
def test_a_file_that_breaks_off(kind: Any, error: type[Exception]) -> None:
    with serving(files=Files(secure=False, faults=(Fault(kind, every=2),))) as caller:
        url = url_of(caller)
        whole = caller.http.get(url).content
        with pytest.raises(error):
            caller.http.get(url, headers={"Range": "bytes=9-"})
        assert caller.http.get(url).content == whole


def test_a_file_that_is_late_drips_or_never_comes() -> None:
    faults = (Fault("slow", at=(1,), seconds=0.3), Fault("hang", at=(2,)),
              Fault("drip", at=(3,), seconds=0.05), Fault("gigabytes", at=(4,)))  # fmt: skip
    with serving(files=Files(secure=False, faults=faults), timeout=0.5) as caller:
        url = url_of(caller)
        began = time.monotonic()
        assert caller.http.get(url).status_code == 200
        assert time.monotonic() - began >= 0.3
        with pytest.raises(httpx.ReadTimeout):
            caller.http.get(url)
        for least in (b"RIFF", b" " * 100_000):
            with caller.http.stream("GET", url) as answer:
                got = b""
                for piece in answer.iter_raw():
                    got += piece
                    if got.startswith(least):
                        break
