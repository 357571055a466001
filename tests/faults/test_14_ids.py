"""One id that is unknown, or outside of the window, has the service refuse its whole list."""

import pytest

from tests.support.raw_service import RawService, raw_client, session
from voxframe.errors import ApiError

FROM, TO = "2026-10-01", "2026-11-01"


def refuse_unknown(form, found):
    if "call_session_history_id" not in form:
        return None
    known = {row["call_session_history_id"] for row in found}
    asked = {int(each) for each in form["call_session_history_id"].split(";")}
    return None if asked <= known else (150, "The 'call_session_history_id' is invalid.")


def service_of(*numbers, **more):
    rows = [session(n, f"2026-10-{1 + n % 28:02d} 10:00:00") for n in numbers]
    return RawService([*rows, session(9000, "2026-12-01 10:00:00")], refuse=refuse_unknown, **more)


def read(service, ids, **more):
    with raw_client(service) as client:
        history = client.read_call_history(FROM, TO, call_session_history_id=ids, **more)
    return history, sorted(history.tables["sessions"]["call_session_history_id"].to_pylist())


@pytest.mark.parametrize("missing", [[5555], [5555, 1_000_000, 9000], list(range(6000, 6040))])
def test_the_unknown_ids_are_named_and_the_others_read(missing):
    service = service_of(*range(100, 600))
    history, found = read(service, [*missing, *range(100, 600), 100, missing[0]])
    assert found == list(range(100, 600))
    assert history.receipt.missing_ids == tuple(sorted(missing))
    assert history.receipt.requests == len(service.asked)
    # Two halves for each level above an unknown id, and one request for each list that is whole.
    assert len(service.asked) <= 1 + 2 * 10 * len(missing)
    assert f"{len(missing)} session id" in repr(history)


def test_when_all_are_unknown_the_result_is_empty():
    history, found = read(service_of(1), [7001, 7002, 7003])
    assert found == []
    assert history.receipt.missing_ids == (7001, 7002, 7003)
    assert history.calls.empty


def test_more_ids_than_one_request_takes():
    ids = range(10_000, 12_500)
    service = service_of(*ids)
    history, found = read(service, [*ids, 77, 78])
    assert found == list(ids)
    assert history.receipt.missing_ids == (77, 78)


def test_ids_that_are_left_out_without_an_error_are_named_too():
    service = RawService([session(1), session(2)])
    history, found = read(service, [1, 2, 3])
    assert found == [1, 2]
    assert history.receipt.missing_ids == (3,)


def test_a_page_smaller_than_the_list_has_the_list_halved():
    # What comes after the first page has other dates, in which ids of the first page are unknown.
    class Short(RawService):
        def answer(self, form):
            return super().answer({**form, "count": str(min(int(form["count"]), 37))})

    rows = [session(n, f"2026-10-{1 + n % 28:02d} 10:00:00") for n in range(200)]
    history, found = read(Short(rows, refuse=refuse_unknown), range(200))
    assert found == list(range(200))
    assert history.receipt.missing_ids == ()


def test_the_same_code_without_a_list_of_ids_is_an_error():
    service = RawService([session(1)], refuse=lambda *_: (150, "no"))
    with raw_client(service) as client, pytest.raises(ApiError) as error:
        client.read_call_history(FROM, TO)
    assert error.value.code == 150


@pytest.mark.parametrize("way", ["iter", "export"])
def test_every_way_of_reading_finds_them(way, tmp_path):
    service = service_of(*range(100, 200))
    ids = [*range(100, 200), 5555]
    with raw_client(service) as client:
        if way == "iter":
            (piece,) = client.iter_call_history(FROM, TO, call_session_history_id=ids)
            receipt = piece.receipt
        else:
            receipt = client.export_call_history(
                tmp_path / "out", FROM, TO, call_session_history_id=ids
            )
    assert receipt.missing_ids == (5555,)
    assert receipt.sessions == 100


def test_progress_is_of_the_whole_list_and_not_of_a_half():
    steps = []
    read(service_of(*range(100, 600)), [5555, *range(100, 600)], progress=steps.append)
    assert {step.total for step in steps} == {None}
    assert [step.sessions for step in steps] == sorted(step.sessions for step in steps)
    assert steps[-1].sessions == 500
