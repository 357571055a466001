import ast
import collections
import resource
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import voxframe.emulator
from voxframe.emulator import World

WINDOW = ("2026-10-01", "2026-11-01")


def test_emulator_imports_nothing_else_of_voxframe() -> None:
    for path in Path(voxframe.emulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                inside = name == "voxframe.emulator" or name.startswith("voxframe.emulator.")
                # Which extra brings what the emulator needs is said in the same words everywhere.
                inside = inside or name == "voxframe._extras"
                assert inside or name.split(".")[0] != "voxframe", (path.name, name)


def test_same_seed_same_world() -> None:
    one, two, other = (World(sessions=500, seed=seed) for seed in (3, 3, 4))
    assert one.expected() == two.expected()
    assert one.expected() != other.expected()


def test_ids_are_unique_and_almost_in_order(truth: list[dict[str, Any]]) -> None:
    sessions = truth
    ids = [s["call_session_history_id"] for s in sessions]
    assert len(set(ids)) == len(ids) == 1500
    assert ids != sorted(ids)
    places = {i: rank for rank, i in enumerate(sorted(ids))}
    assert max(abs(places[i] - rank) for rank, i in enumerate(ids)) < 50


def test_children_have_unique_ids(truth: list[dict[str, Any]]) -> None:
    sessions = truth
    for name, key in (
        ("calls", "call_id"),
        ("records", "record_id"),
        ("other_resource_usage", "resource_usage_id"),
    ):
        ids = [child[key] for s in sessions for child in s[name]]
        assert len(set(ids)) == len(ids) > 300
    transactions = [c["transaction_id"] for s in sessions for n in ("calls", "records",
                    "other_resource_usage") for c in s[n] if "transaction_id" in c]  # fmt: skip
    assert len(set(transactions)) == len(transactions)


def test_the_world_is_lifelike() -> None:
    sessions = World(sessions=20_000).expected()
    calls = [call for s in sessions for call in s["calls"]]
    answered = sum(call["successful"] for call in calls) / len(calls)
    assert 0.6 < answered < 0.8
    codes = {call["end_reason"]["code"] for call in calls if "end_reason" in call}
    assert {200, 480, 486, 404, 487, 603} <= codes
    assert {"code": 603} in [call.get("end_reason") for call in calls]
    days = collections.Counter(s["start_date"][:10] for s in sessions)
    assert days["2026-10-05"] > 3 * days["2026-10-04"]  # Monday, Sunday
    hours = collections.Counter(s["start_date"][11:13] for s in sessions)
    assert hours["10"] > 10 * hours["03"]
    seconds = [s["duration"] for s in sessions if "duration" in s]
    assert 100 < sum(seconds) / len(seconds) < 300
    kinds = {u["resource_type"] for s in sessions for u in s["other_resource_usage"]}
    assert kinds >= {"CALLSESSION", "VOICEMAILDETECTION", "ASR", "TRANSCRIPTION", "VIDEORECORD",
                     "YANDEXASR", "TTS_TEXT_GOOGLE", "TTS_YANDEX", "AUDIOHDCONFERENCE",
                     "VIDEOCALL"}  # fmt: skip
    assert len({s["finish_reason"] for s in sessions}) == 6
    costs = [c["cost"] for call in sessions for c in call["calls"] if "cost" in c]
    assert all(cost.as_tuple().exponent >= -9 for cost in costs)
    assert any(cost.as_tuple().exponent <= -8 for cost in costs)
    starts = [call["remote_number"][:2] for call in calls]
    assert {"+1", "+4", "+3", "00", "si", "ag"} <= set(starts)
    texts = "".join(s.get("custom_data", "") for s in sessions)
    assert "🙂" in texts
    assert "李雷" in texts
    assert '\\"' in texts


DOCUMENTED = {
    "sessions": {
        "call_session_history_id", "account_id", "application_id", "application_name", "user_id",
        "rule_name", "audio_quality", "finish_reason", "custom_data", "start_date", "duration",
        "initiator_address", "media_server_address", "log_file_url", "calls", "records",
        "other_resource_usage",
    },
    "calls": {
        "call_id", "transaction_id", "start_time", "duration", "local_number", "remote_number",
        "diversion_number", "remote_number_type", "incoming", "successful", "record_url",
        "media_server_address", "custom_data", "cost", "end_reason",
    },
    "records": {
        "record_id", "transaction_id", "record_name", "record_url", "transcription_url",
        "transcription_status", "start_time", "duration", "cost", "file_size",
    },
    "other_resource_usage": {
        "resource_usage_id", "transaction_id", "ref_call_id", "resource_type", "cost",
        "description", "unit", "used_at", "resource_quantity",
    },
}  # fmt: skip
LIVE = {
    "sessions": {"active"},
    "calls": {"direction", "audio_quality"},
    "records": {"is_removed", "expiration_date"},
    "other_resource_usage": set(),
}


def names(sessions: list[dict[str, Any]], level: str) -> set[str]:
    rows = sessions if level == "sessions" else [child for s in sessions for child in s[level]]
    return {name for row in rows for name in row}


@pytest.mark.parametrize("level", DOCUMENTED)
def test_every_documented_field_occurs(truth: list[dict[str, Any]], level: str) -> None:
    assert names(truth, level) == DOCUMENTED[level] | LIVE[level]
    bare = World(sessions=1500, seed=7, live_fields=False).expected()
    assert names(bare, level) == DOCUMENTED[level]


def test_what_only_real_answers_have(truth: list[dict[str, Any]]) -> None:
    calls = [call for s in truth for call in s["calls"]]
    records = [record for s in truth for record in s["records"]]
    assert {call["successful"] for call in calls if "transaction_id" not in call} == {False}
    assert {"Incoming PSTN GB", "USA", "France Mobile"} <= {c["direction"] for c in calls}
    assert {c["audio_quality"] for c in calls} == {"Standard", "HD", "Ultra HD"}
    assert {record["is_removed"] for record in records} == {False, True}
    for record in records:
        there = date.fromisoformat(record["start_time"][:10])
        assert timedelta(89) <= date.fromisoformat(record["expiration_date"]) - there
    assert {s["active"] for s in truth} == {False}


def test_the_live_fields_change_nothing_else() -> None:
    bare = World(sessions=200, live_fields=False).expected()
    for one, other in zip(World(sessions=200).expected(), bare, strict=True):
        del one["active"]
        for call, same in zip(one["calls"], other["calls"], strict=True):
            if not call["successful"]:
                call["transaction_id"] = same["transaction_id"]
            del call["direction"], call["audio_quality"]
        for record in one["records"]:
            del record["is_removed"], record["expiration_date"]
        assert one == other


def test_the_month_of_the_demo_is_what_it_was() -> None:
    totals = World(sessions=20_000, start="2026-10-01", end="2026-11-01", seed=0).totals()
    assert totals.cost == Decimal("1252.894713465")


def test_numbers_without_plus(truth: list[dict[str, Any]]) -> None:
    bare = World(sessions=1500, seed=7, plus=False).expected()
    for one, other in zip(truth, bare, strict=True):
        for call, same in zip(one["calls"], other["calls"], strict=True):
            for name in ("local_number", "remote_number", "diversion_number"):
                assert same.get(name) == (call[name].removeprefix("+") if name in call else None)


def test_a_dialers_sessions_have_many_calls() -> None:
    sessions = World(sessions=50, calls_each=300).expected()
    ids = [call["call_id"] for s in sessions for call in s["calls"]]
    assert all(len(s["calls"]) >= 300 for s in sessions)
    assert len(set(ids)) == len(ids)
    assert max(ids) < 2**63


def test_burst_and_flat() -> None:
    world = World(sessions=100, burst=("2026-10-10 12:00:00", 5000), flat=True)
    second = world.expected("2026-10-10 12:00:00", "2026-10-10 12:00:01")
    assert len(second) >= 5000
    assert len(world) == 5100


def test_changes_and_ledger() -> None:
    world = World(sessions=300, seed=1)
    before = world.now
    there = world.ledger.existed_throughout(before, before, *WINDOW)
    assert len(there) == 300
    new = world.add(10, start="2026-10-05 10:00:00")
    gone = world.some(5)
    world.purge(gone)
    after = world.now
    ledger = world.ledger
    assert ledger.existed_throughout(before, after, *WINDOW) == there - set(gone)
    assert ledger.existed_ever(before, after, *WINDOW) == there | set(new)
    assert ledger.existed_throughout(after, after, *WINDOW) == (there | set(new)) - set(gone)
    assert {s["call_session_history_id"] for s in world.expected()} == (there | set(new)) - set(
        gone
    )
    assert all(world.session(i)["start_date"] == "2026-10-05 10:00:00" for i in new)
    assert min(new) > max(there)


def test_late_billing_only_adds_and_is_remembered() -> None:
    world = World(sessions=50)
    (one,) = world.some(1)
    before, first = world.now, world.session(one)
    world.raise_cost([one])
    world.raise_cost([one])
    last = world.session(one)
    assert last["other_resource_usage"][0]["cost"] > first["other_resource_usage"][0]["cost"]
    assert world.session(one, moment=before) == first
    assert world.ledger.version(one, world.now - 1) == 1
    assert world.ledger.version(one, world.now) == 2
    assert last["calls"] == first["calls"]


def test_unknown_ids_are_refused() -> None:
    with pytest.raises(KeyError):
        World(sessions=5).purge([1])


def test_totals_are_the_sums_of_expected(small: World) -> None:
    sessions = small.expected(application_name="sales-dialer")
    totals = small.totals(application_name="sales-dialer")
    calls = [c for s in sessions for c in s["calls"]]
    usage = [u for s in sessions for u in s["other_resource_usage"]]
    records = [r for s in sessions for r in s["records"]]
    assert totals.sessions == len(sessions)
    assert (totals.calls, totals.records, totals.resource_usage) == (
        len(calls), len(records), len(usage),
    )  # fmt: skip
    assert totals.call_cost == sum((c.get("cost", Decimal(0)) for c in calls), Decimal(0))
    assert totals.cost == sum(
        (c.get("cost", Decimal(0)) for c in [*calls, *records, *usage]), Decimal(0)
    )


def test_two_million_sessions_are_compact_and_quick() -> None:
    began = time.process_time()
    world = World(sessions=2_000_000)
    assert time.process_time() - began < 8
    columns = world.columns
    held = sum(getattr(columns, name).nbytes for name in type(columns).__slots__)
    assert held <= 48 * 2_000_000
    assert world.session(world.landmark)["call_session_history_id"] == world.landmark
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 * 2**20  # KiB
