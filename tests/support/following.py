"""What a dataset that follows a service has to hold, worked out by other means than the sync's."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

import voxframe
from voxframe.emulator import World

DAY = 86_400
LISTS = {"calls": "calls", "records": "records", "resource_usage": "other_resource_usage"}
LINKS = {
    "sessions": ("log_file_url",),
    "calls": ("record_url",),
    "records": ("record_url", "transcription_url"),
}
IDS = {"calls": "call_id", "records": "record_id", "resource_usage": "resource_usage_id"}

Row = dict[str, Any]


def text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


def second(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def _rows(table: pa.Table) -> list[Row]:
    rows = []
    for row in table.to_pylist():
        kept = {name: value for name, value in row.items() if value is not None}
        code, details = kept.pop("end_reason_code", None), kept.pop("end_reason_details", None)
        if code is not None:
            kept["end_reason"] = {"code": code} | ({"details": details} if details else {})
        rows.append({name: _spelled(value) for name, value in kept.items()})
    return rows


def _spelled(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value


def held(tables: dict[str, pa.Table]) -> dict[int, Row]:
    """Sessions by id, with their children in lists, as `World.expected` has them."""
    rows = _rows(tables["sessions"])
    sessions = {row["call_session_history_id"]: row for row in rows}
    assert len(sessions) == len(rows), "a session is held twice"
    for session in sessions.values():
        session.update({name: [] for name in LISTS.values()})
    for table, name in LISTS.items():
        for row in _rows(tables[table]):
            sessions[row.pop("call_session_history_id")][name].append(row)
    return sessions


def given(sessions: list[Row]) -> dict[int, Row]:
    """The same of what the service has to give."""
    return {s["call_session_history_id"]: _clean(s) for s in sessions}


def _clean(row: Row) -> Row:
    kept = {}
    for name, value in row.items():
        if name in LISTS.values():
            kept[name] = [_clean(child) for child in value]
        elif name == "end_reason" and value is not None:
            kept[name] = {k: v for k, v in value.items() if v}
        elif value is not None:
            kept[name] = value
    return kept


class Follower:
    """The law: each day as it was when it was read last, but for what the service dropped."""

    def __init__(self, world: World, first: str, *, keep: bool = True) -> None:
        self.world, self.first, self.keep = world, second(first), keep
        self.read: dict[int, int] = {}
        self.sessions: dict[int, Row] = {}
        self.vanished = 0

    def sync(self, lookback: timedelta) -> list[int]:
        """Let a sync have happened now; return the days that it had to read."""
        now = self.world.time
        assert now is not None
        days = []
        for day in range(self.first // DAY, now // DAY + 1):
            ends = (day + 1) * DAY
            if self.read.get(day, -1) >= ends + lookback.total_seconds():
                continue
            days.append(day)
            self.read[day] = now
            begin = max(day * DAY, self.first)
            self._replace(day, given(self.world.expected(begin, ends)))
        return days

    def _replace(self, day: int, new: dict[int, Row]) -> None:
        for number in self.of_day(day):
            old = self.sessions.pop(number)
            if number in new:
                _keep_links(old, new[number])
            elif self.keep:
                new[number] = old
        self.sessions.update(new)

    def of_day(self, day: int) -> list[int]:
        return [
            number for number, row in self.sessions.items()
            if second(row["start_date"]) // DAY == day
        ]  # fmt: skip

    def check(self, path: Path) -> None:
        assert held(voxframe.open_dataset(path).read().tables) == self.sessions

    def interrupted(self, path: Path, read: set[int]) -> None:
        """Let a sync have been broken off now: what it came to read is as it is now."""
        now = self.world.time
        assert now is not None
        for day in read:
            self.read[day] = now
            self._replace(day, given(self.world.expected(max(day * DAY, self.first),
                                                         (day + 1) * DAY)))  # fmt: skip
        self.check(path)


def _keep_links(old: Row, new: Row) -> None:
    for link in LINKS["sessions"]:
        if link in old:
            new.setdefault(link, old[link])
    for table in ("calls", "records"):
        before = {row[IDS[table]]: row for row in old[LISTS[table]]}
        for row in new[LISTS[table]]:
            for link in LINKS[table]:
                if link in before.get(row[IDS[table]], {}):
                    row.setdefault(link, before[row[IDS[table]]][link])


PROGRAM = """
import sys
import voxframe
path, url, key, form, first = sys.argv[1:]
voxframe.Client._sessions_per_interval = 40
report = voxframe.sync_call_history(
    path, first, format=form, credentials=key, base_url=url, progress=False, max_concurrency=2
)
print(repr(report))
"""


def start(path: Path, form: str, url: str, key: Path, first: str) -> subprocess.Popen[str]:
    """Start a sync as a program of its own, so that it can be killed."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(path), url, str(key), form, first],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


OPTIONS = {
    "path": "", "from_date": None, "to_date": None, "lookback": "3D", "format": None,
    "storage_options": None, "vanished": "keep", "recordings": None, "timezone": "UTC",
    "with_calls": True, "with_records": True, "with_other_resources": True, "progress": None,
    "unknown_fields": "keep",
}  # fmt: skip
