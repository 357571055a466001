"""A receipt is of its own stretch of time and its own requests; several add up to one."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

import voxframe
from tests.support.faulty import FROM, LIGHT, TO, serving
from voxframe._query.window import window
from voxframe.emulator import Behaviour, Fault, World

MONTH = World(sessions=2_500, start=FROM, end=TO, seed=32)
MOMENT = datetime(2026, 10, 1, tzinfo=UTC)


def receipt(hour: int, **more: object) -> voxframe.Receipt:
    begin = MOMENT + timedelta(hours=hour)
    fields: dict[str, object] = {"from_date": begin, "to_date": begin + timedelta(hours=1)}
    return voxframe.Receipt(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("inclusive", ["left", "both", "right", "neither"])
@pytest.mark.parametrize("desc_order", [False, True])
def test_the_receipts_of_pieces_are_their_own_and_together_the_read(inclusive, desc_order):
    faults = [Fault("503", at=(3, 7, 12))]
    behaviour = Behaviour(page_cap=100)
    with serving(MONTH, behaviour=behaviour, faults=faults) as service:
        service.client._sessions_per_interval = 300
        pieces = list(
            service.client.iter_call_history(
                FROM, TO, inclusive=inclusive, desc_order=desc_order, **LIGHT
            )
        )
        requests = service.emulator.counters.requests
    assert len(pieces) > 3
    receipts = [piece.receipt for piece in pieces]
    if desc_order:
        receipts.reverse()
    for piece in pieces:
        starts = piece.sessions["start_date"]
        assert piece.receipt.from_date <= starts.min() <= starts.max() <= piece.receipt.to_date
        assert piece.receipt.sessions == len(piece)
        assert 0 < piece.receipt.requests < requests
        assert piece.receipt.seconds > 0
    for before, after in itertools.pairwise(receipts):
        assert before.to_date == after.from_date
        assert before.inclusive in ("left", "neither")
        assert after.inclusive in ("left", "both")
    whole = voxframe.Receipt.sum(receipts)
    assert (whole.from_date, whole.to_date) == (MOMENT, datetime(2026, 11, 1, tzinfo=UTC))
    assert whole.inclusive == inclusive
    assert whole.requests == requests
    assert whole.retries == 3
    assert whole.sessions == sum(map(len, pieces))
    assert whole.read_at == min(r.read_at for r in receipts if r.read_at)
    assert whole.seconds <= sum(r.seconds for r in receipts)


def test_a_read_in_one_says_when_it_began_and_what_was_asked():
    began = datetime.now(UTC)
    with serving(MONTH) as service:
        whole = service.read("2026-10-02", "2026-10-03", inclusive="both", **LIGHT).receipt
        requests = service.requests
    assert whole.read_at is not None
    assert began <= whole.read_at <= datetime.now(UTC)
    assert (whole.from_date.day, whole.to_date.day, whole.inclusive) == (2, 3, "both")
    assert whole.requests == requests
    with serving(MONTH) as service:
        empty = service.read("2026-10-02", "2026-10-02").receipt
    assert (empty.requests, empty.sessions, empty.inclusive) == (0, 0, "left")


def test_seconds_that_stretches_share_count_once():
    first = receipt(0, read_at=MOMENT, seconds=10.0)
    beside = receipt(1, read_at=MOMENT + timedelta(seconds=4), seconds=10.0)
    inside = receipt(2, read_at=MOMENT + timedelta(seconds=5), seconds=1.0)
    later = receipt(3, read_at=MOMENT + timedelta(days=1), seconds=3.0)
    unknown = receipt(4, seconds=2.0)
    assert voxframe.Receipt.sum([later, first, inside, beside]).seconds == pytest.approx(17)
    assert voxframe.Receipt.sum([first, unknown]).seconds == pytest.approx(12)


def test_what_was_mended_adds_up_and_a_figure_in_seconds_does_not():
    one = receipt(0, mended={"token_renewed": 1, "clock_ahead_s": 90})
    other = receipt(1, mended={"token_renewed": 2, "clock_ahead_s": 80})
    assert voxframe.Receipt.sum([one, other]).mended == {"token_renewed": 3, "clock_ahead_s": 90}


def test_the_sum_of_one_is_itself_and_of_none_an_error():
    assert voxframe.Receipt.sum([receipt(0)]) == receipt(0)
    with pytest.raises(ValueError, match="at least one"):
        voxframe.Receipt.sum([])


def test_utc_is_called_so_whatever_the_service_calls_it():
    with serving(World(sessions=5, start=FROM, end=TO, seed=1)) as service:
        assert service.client.get_call_history(from_date=FROM, to_date=TO).timezone == "Etc/GMT"
        assert service.read(FROM, TO).receipt.timezone == "UTC"


def test_a_receipt_survives_json_and_one_of_an_earlier_version_can_be_read():
    full = receipt(0, read_at=MOMENT, requests=3, mended={"token_renewed": 1})
    assert voxframe.Receipt.from_dict(full.to_dict()) == full
    earlier = {
        "from_date": "2026-10-01T00:00:00+00:00",
        "to_date": "2026-11-01T00:00:00+00:00",
        "inclusive": "left",
        "timezone": "UTC",
        "requests": 4,
        "retries": 0,
        "pages": 3,
        "duplicates": 8,
        "sessions": 2500,
        "calls": 4000,
        "records": 10,
        "resource_usage": 20,
        "total_count": 2500,
        "settled": "one answer held every session that the service counts",
        "seconds": 1.5,
        "bytes": 4_000_000,
        "mended": {"token_renewed": 1},
    }
    read = voxframe.Receipt.from_dict(earlier)
    assert (read.sessions, read.bytes, read.read_at) == (2500, 4_000_000, None)
    assert read.from_date == MOMENT


@pytest.mark.parametrize("inclusive", ["left", "both", "right", "neither"])
def test_a_part_of_a_window_keeps_the_ends_that_are_the_windows_own(inclusive):
    whole = window("2026-10-01", "2026-10-02", inclusive=inclusive)
    middle = whole.first + 1000
    assert whole.part(whole.first, whole.end) == whole
    parts = whole.part(whole.first, middle), whole.part(middle, whole.end)
    assert [(part.first, part.end) for part in parts] == [
        (whole.first, middle),
        (middle, whole.end),
    ]
    assert parts[0].from_date == whole.from_date
    assert parts[1].to_date == whole.to_date
