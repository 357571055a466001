"""Row 40: a page that is larger than one answer may be."""

import pytest

from tests.support.faulty import FROM, TO, check, serving
from voxframe.emulator import Behaviour, World
from voxframe.errors import TransportError

SMALL = 400_000  # bytes, for which the emulator need not make 128 MiB


@pytest.fixture(autouse=True)
def _small_answers(monkeypatch):
    monkeypatch.setattr("voxframe._http.body.LARGEST_BODY", SMALL)


@pytest.fixture(scope="module")
def dialer():
    return World(sessions=1_500, start=FROM, end=TO, seed=40, calls_each=12)


def test_fewer_sessions_are_asked_for(dialer):
    with serving(dialer, max_concurrency=1) as service:
        history = service.read()
        check(history.tables, dialer)
        refused = history.receipt.mended["answers_too_large"]
        # Halved until it fits, and no page is asked for twice afterwards.
        assert 1 <= refused <= 5
        size = service.client._setting.page_size.most
        assert size == 1000 // 2**refused
        assert history.receipt.requests < 1.3 * 1_500 / size + refused + 10
        again = service.read()
        assert "answers_too_large" not in again.receipt.mended
        # What is small again is asked for in longer and longer pages again.
        light = service.read(with_calls=False, with_records=False, with_other_resources=False)
        assert len(light) == 1_500
        assert service.client._setting.page_size.most >= 4 * size


def test_side_by_side_and_piece_by_piece(dialer, monkeypatch, tmp_path):
    monkeypatch.setattr("voxframe.Client._sessions_per_interval", 300)
    with serving(dialer) as service:
        check(service.read().tables, dialer)
        receipt = service.export(tmp_path / "out")
        assert receipt.sessions == 1_500
        count = service.client.count_call_history(FROM, TO)
        assert count.sessions == 1_500


@pytest.mark.parametrize("behaviour", [Behaviour(order="id"), Behaviour(ties="random")])
def test_a_dense_second_of_large_sessions(behaviour):
    world = World(
        sessions=300, start=FROM, end=TO, seed=41, calls_each=12,
        burst=("2026-10-12 10:00:00", 500),
    )  # fmt: skip
    with serving(world, behaviour=behaviour) as service:
        history = service.read()
    check(history.tables, world)
    assert history.receipt.mended["answers_too_large"] > 0


def test_one_session_that_is_too_large_is_an_error():
    world = World(sessions=40, start=FROM, end=TO, seed=42, huge_session=2_000)
    said = "MiB was refused; read a shorter window, or pass with_calls"
    with serving(world) as service:
        with pytest.raises(TransportError, match=said):
            service.read()
        # 1000, 500, 250, 125, 62, 31, 15, 7, 3, 1, and what lies side by side.
        assert service.requests < 40
        assert len(service.read(with_calls=False)) == 40


def test_a_page_asked_for_by_hand_is_not_cut_in_silence(dialer):
    with serving(dialer) as service, pytest.raises(TransportError, match="was refused"):
        service.client.get_call_history(FROM, TO, count=1000, with_calls=True)
