"""Whose a leg's far end is: the rules, one by one, and what the user says above them."""

import pytest

from tests.support.histories import at, tables
from voxframe import analysis
from voxframe.analysis._source import Source

MOMENT = at("2026-10-01 10:00")


def side(kind: str | None, number: str | None, **said: object) -> str:
    history = tables(
        sessions=[{"call_session_history_id": 1, "start_date": MOMENT}],
        calls=[
            {"call_session_history_id": 1, "call_id": 2, "incoming": False,
             "remote_number_type": kind, "remote_number": number},
        ],
    )  # fmt: skip
    return str(analysis.far_ends(history, **said).loc[0, "side"])


@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        ("user", "anna", "own"),
        ("USER", "442079460000", "own"),
        ("sip", "sip:+4930231251@trunk1.example.net", "network"),
        ("sip", "sip:004930231251@trunk1.example.net;transport=tcp", "network"),
        ("sip", "SIPS:4930231@trunk1.example.net", "network"),
        ("sip", "sip:desk42@pbx.example.com", "own"),
        ("sip", "sip:201@pbx.example.com", "own"),
        ("sip", None, "own"),
        ("pstn", "442079460000", "network"),
        ("Mobile", "anonymous", "network"),
        ("tollfree", None, "network"),
        ("whatsapp", "+442079460000", "network"),
        (None, "442079460000", "network"),
        (None, "sip:+442079460000@example.net", "network"),
        ("conference", "room-1", "unknown"),
        (None, "123456", "unknown"),
        (None, "1234567890123456", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_type_and_number_decide(kind: str | None, number: str | None, expected: str) -> None:
    assert side(kind, number) == expected


def test_what_is_said_beats_the_rules_and_the_narrower_the_wider() -> None:
    desk, trunk = "sip:desk42@pbx.example.com", "sip:+4930231251@trunk1.example.net"
    assert side("sip", trunk, own="sip") == "own"
    assert side("sip", desk, machine=["@PBX.example.com"]) == "machine"
    assert side("sip", trunk, own="sip", network=["@trunk1.example.net"]) == "network"
    assert side("pstn", "442079460123", own=["+4420794601*"]) == "own"
    assert side("pstn", "442079460123", own=["+4420794601*"], machine=["0044207946012*"]) == (
        "machine"
    )
    assert side("pstn", "442079460123", own=["44207946012*"], network=["+442079460123"]) == (
        "network"
    )
    assert side("sip", trunk, own=["@trunk1.example.net"], machine=["+4930231251"]) == "machine"
    assert side("sip", "sip:desk42@pbx.example.com.evil", machine=["@pbx.example.com"]) == "own"


def test_entries_of_another_form_are_refused_without_showing_a_number() -> None:
    with pytest.raises(ValueError, match="own: 'a b' is not a type such as 'user'"):
        side("user", "anna", own=["a b"])
    with pytest.raises(ValueError, match="machine: 5 is not a type"):
        side("user", "anna", machine=[5])
    with pytest.raises(ValueError, match="network: 'sip' is named for own too"):
        side("user", "anna", own=["sip"], network=["sip"])
    with pytest.raises(ValueError, match="a number is named for own too") as caught:
        side("user", "anna", own=["+442079460123"], network=["00442079460123"])
    assert "9460" not in str(caught.value)


def test_every_leg_is_counted_once() -> None:
    history = tables(
        sessions=[{"call_session_history_id": 1, "start_date": MOMENT}],
        calls=[
            {"call_session_history_id": 1, "call_id": n, "incoming": incoming,
             "remote_number_type": kind, "remote_number": number}
            for n, (kind, number, incoming) in enumerate(
                [("pstn", "442079460000", True), ("pstn", "442079460001", True),
                 ("pstn", "442079460001", True), ("user", "anna", False), (None, None, None)]
            )
        ],
    )  # fmt: skip
    found = analysis.far_ends(history)
    assert found["legs"].sum() == 5
    assert found[["type", "direction", "side", "legs", "numbers"]].astype(object).where(
        found[["type", "direction", "side", "legs", "numbers"]].notna(), None
    ).to_numpy().tolist() == [
        ["pstn", "in", "network", 3, 2],
        ["user", "out", "own", 1, 1],
        [None, None, "unknown", 1, 0],
    ]
    assert Source.of(history).network.sum() == 3


def test_sides_can_be_grouped_by() -> None:
    history = tables(
        sessions=[{"call_session_history_id": 1, "start_date": MOMENT}],
        calls=[
            {"call_session_history_id": 1, "call_id": n, "incoming": False, "start_time": MOMENT,
             "remote_number_type": kind, "remote_number": "anna", "successful": n == 1}
            for n, kind in enumerate(["user", "pstn", "pstn"])
        ],
    )  # fmt: skip
    by_side = analysis.traffic(history, freq=None, by="side").set_index("side")
    assert by_side["attempts"].to_dict() == {"network": 2, "own": 1}
    assert by_side["asr"].to_dict() == {"network": 0.5, "own": 0.0}
