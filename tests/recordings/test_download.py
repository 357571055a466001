"""Every file once, whole, under its own name; and nothing twice."""

import re
from collections import Counter

import pandas as pd
import pytest
from pyarrow import dataset, parquet

import voxframe
from tests.support.downloads import QUICK, check, data, downloading
from tests.support.emulator_caller import sign
from tests.support.faulty import FROM, TO
from voxframe.emulator import Files, World
from voxframe.errors import ExportError, InvalidQueryError

COLUMNS = ["table", "id", "session", "path", "bytes", "type", "error"]


def test_every_file_is_there_once_and_the_same_call_asks_for_none_again(tmp_path):
    with downloading() as service:
        frame = service.run(tmp_path)
        check(tmp_path, frame, service, sign(service.emulator))
        assert list(frame.columns) == COLUMNS
        assert set(frame.error.dropna()) <= {"gone", "not ready"}
        before = service.requests
        pd.testing.assert_frame_equal(service.run(tmp_path), frame)
        assert service.requests == before
    whole = frame[frame.path.notna()]
    days = service.history.sessions.set_index("call_session_history_id").start_date.dt.date
    for row in whole.itertuples():
        assert re.fullmatch(rf"{row.table}/start_day={days[row.session]}/{row.id}\.\w+", row.path)
    assert Counter(zip(whole.table, whole.type, strict=True)).keys() == {
        ("records", "audio/wav"), ("transcriptions", "text/plain"), ("logs", "text/plain"),
    }  # fmt: skip
    index = parquet.read_table(tmp_path / "index.parquet")
    assert index.to_pylist() == [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def test_the_type_is_the_headers_where_the_address_tells_none(tmp_path):
    with downloading(files=Files(suffixes=False)) as service:
        frame = service.run(tmp_path)
        check(tmp_path, frame, service, sign(service.emulator))
    endings = {
        (row.table, row.path.rpartition(".")[2]) for row in frame.dropna(subset="path").itertuples()
    }
    assert endings == {("records", "wav"), ("transcriptions", "txt"), ("logs", "log")}


def test_some_of_it_then_the_rest_and_the_index_keeps_both(tmp_path):
    with downloading() as service:
        first = service.run(tmp_path, what="transcriptions")
        assert set(first.table) == {"transcriptions"}
        rest = service.run(tmp_path, what=("logs", "records"), timezone="Asia/Tokyo")
        assert set(rest.table) == {"records", "logs"}
        before = service.requests
        frame = service.run(tmp_path)
        # In whatever timezone the folders are: a file that is there is not asked for again.
        assert service.requests == before
        check(tmp_path, frame, service, sign(service.emulator))
    assert len(pd.read_parquet(tmp_path / "index.parquet")) == len(frame)


def test_a_path_and_a_dataset_are_as_good_as_a_result(tmp_path):
    class Dataset:
        def arrow(self, table: str) -> dataset.Dataset:
            return dataset.dataset(tmp_path / "out" / table, partitioning="hive")

    with downloading() as service:
        frame = service.run(tmp_path / "a")
        service.history.to_parquet(tmp_path / "one")
        service.client.export_call_history(tmp_path / "out", FROM, TO)
        for source in (tmp_path / "one", str(tmp_path / "out"), Dataset()):
            pd.testing.assert_frame_equal(service.run(tmp_path / "a", source), frame)


def test_the_function_is_the_clients_method_with_a_key_of_its_own(tmp_path):
    with downloading() as service:
        frame = voxframe.download_recordings(
            service.history, tmp_path / "a", what="logs", retry=QUICK,
            credentials=service.emulator.credentials, base_url=service.emulator.base_url,
        )  # fmt: skip
        pd.testing.assert_frame_equal(frame, service.run(tmp_path / "b", what="logs"))


def test_nothing_wanted_is_an_empty_frame_and_an_index(tmp_path):
    with downloading(World(sessions=0)) as service:
        frame = service.run(tmp_path / "new")
    assert list(frame.columns) == COLUMNS
    assert not len(frame)
    assert pd.read_parquet(tmp_path / "new/index.parquet").empty


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"what": "recordings"}, "what"), ({"what": ()}, "what"), ({"what": None}, "what"),
     ({"timezone": "Mars"}, "timezone"), ({"source": 7}, "source"), ({"wat": "logs"}, "wat")],
)  # fmt: skip
def test_what_is_wrong_is_refused_before_any_request(wrong, named, tmp_path):
    with downloading() as service:
        with pytest.raises(InvalidQueryError, match=f"^{named}: "):
            service.run(tmp_path / "new", **wrong)
        assert not service.requests
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(tmp_path):
    with downloading() as service:
        service.client.export_call_history(tmp_path / "out", FROM, TO)
        (tmp_path / "other").mkdir()
        (tmp_path / "other/index.parquet").write_bytes(b"not one")
        (tmp_path / "file").touch()
        pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "third.parquet")
        (tmp_path / "third").mkdir()
        (tmp_path / "third.parquet").rename(tmp_path / "third/index.parquet")
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        for name in ("out", "other", "file", "third"):
            with pytest.raises(ExportError, match=name):
                service.run(tmp_path / name)
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        assert not service.requests


def test_files_of_a_system_and_of_others_beside_the_data_are_left_alone(tmp_path):
    (tmp_path / ".DS_Store").touch()
    with downloading() as service:
        frame = service.run(tmp_path)
        day = (tmp_path / frame.path.dropna().iloc[0]).parent
        (day / "notes.txt").write_text("mine")
        (day / ".hidden").write_text("mine")
        service.run(tmp_path)
    assert (day / "notes.txt").read_text() == (day / ".hidden").read_text() == "mine"


def test_a_file_that_was_cut_or_removed_by_hand_is_fetched_again(tmp_path):
    with downloading() as service:
        frame = service.run(tmp_path)
        first, second = (tmp_path / path for path in frame.path.dropna().iloc[:2])
        first.write_bytes(first.read_bytes()[:-1])
        second.unlink()
        before = service.requests
        service.run(tmp_path)
        assert service.requests == before + 2
        check(tmp_path, frame, service, sign(service.emulator))


def test_an_index_that_was_lost_is_made_again_without_a_request(tmp_path):
    with downloading() as service:
        frame = service.run(tmp_path)
        (tmp_path / "index.parquet").unlink()
        before = service.requests
        pd.testing.assert_frame_equal(service.run(tmp_path), frame)
        assert service.requests == before


def test_how_far_it_is_in_files_and_bytes(tmp_path):
    steps = []
    with downloading() as service:
        frame = service.run(tmp_path, progress=steps.append)
    last = steps[-1]
    assert last.files == last.total == frame.path.notna().sum()
    assert last.bytes == frame.bytes.sum()
    assert last.bytes_left == 0 < steps[0].bytes_left
    assert [step.files for step in steps] == sorted(step.files for step in steps)
    assert last.requests == service.requests


def test_a_bar_with_bytes_and_what_is_left(tmp_path, capsys):
    with downloading() as service:
        service.run(tmp_path, progress=True)
    drawn = capsys.readouterr().err
    assert re.search(r"\d+/\d+.*files.*\d MB", drawn)


def test_links_that_have_expired_and_new_ones(tmp_path):
    world = World(sessions=60, start=FROM, end=TO, seed=61, now="2026-11-01")
    with downloading(world, Files(link_life=3600)) as service:
        service.emulator.advance(3600)
        late = service.run(tmp_path)
        assert {"forbidden"} <= set(late.error) <= {"forbidden", "gone", "not ready"}
        assert not late.path.notna().any()
        assert not data(tmp_path)
        fresh = service.client.read_call_history(FROM, TO)
        frame = service.run(tmp_path, fresh)
        assert "forbidden" not in set(frame.error)
        assert frame.path.notna().any()
