"""What a call history has links to, a line each: pure."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal, Protocol, TypeAlias

import pyarrow as pa

from voxframe._http.links import same_file
from voxframe._spec.tables import SESSION_ID

Kind = Literal["records", "transcriptions", "logs"]
KINDS: tuple[Kind, ...] = ("records", "transcriptions", "logs")
"""What can be wanted, and the folders that it lies in."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "sessions": (SESSION_ID, "start_date", "log_file_url"),
    "calls": (SESSION_ID, "call_id", "start_time", "record_url"),
    "records": (
        SESSION_ID, "record_id", "start_time", "record_url", "transcription_url",
        "transcription_status", "file_size", "is_removed",
    ),
}  # fmt: skip
"""What has to be known for it, by table."""

# As Hive, and every reader of its folders, calls what has no day.
_NO_DAY = "__HIVE_DEFAULT_PARTITION__"
_PENDING = "In progress"


class HasTables(Protocol):
    """A result in memory."""

    @property
    def tables(self) -> dict[str, pa.Table]: ...


class HasArrow(Protocol):
    """A dataset whose tables are read when they are needed."""

    def arrow(self, table: str, /) -> Any: ...


Source: TypeAlias = HasTables | HasArrow | str | os.PathLike[str]
Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file.

    Attributes
    ----------
    table : str
        ``records``, ``calls`` (a recording that only its call knows), ``transcriptions``
        or ``logs``.
    id : int
        Of the record, the call, the record, the session.
    session : int
        The session that it belongs to.
    folder : str
        Where it belongs, with ``/``.
    link : str or None
        Where it is.
    size : int or None
        Its size in bytes, as the service says.
    problem : str
        Why it cannot be asked for, or nothing.
    """

    table: str
    id: int
    session: int
    folder: str
    link: str | None = field(repr=False)
    size: int | None = None
    problem: str = ""

    @property
    def key(self) -> Key:
        """What it is known by from one call to the next."""
        return self.table, self.id, self.session


def wanted(tables: Mapping[str, pa.Table], kinds: Collection[str], zone: tzinfo) -> list[Wanted]:
    """Return a line for each file that a call history has a link to, and each without one.

    Parameters
    ----------
    tables : Mapping of pyarrow.Table
        `COLUMNS` of the tables are enough.
    kinds : collection of str
        Some of `KINDS`.
    zone : tzinfo
        Whose days the folders are.
    """
    days = _Days(zone)
    starts: dict[int, str] = {}
    logs = []
    for row in _rows(tables["sessions"], COLUMNS["sessions"]):
        starts[row[SESSION_ID]] = day = days.name(row["start_date"])
        if row["log_file_url"]:
            session = row[SESSION_ID]
            logs.append(
                Wanted("logs", session, session, f"logs/start_day={day}", row["log_file_url"])
            )

    def day_of(row: Mapping[str, Any]) -> str:
        return starts.get(row[SESSION_ID]) or days.name(row["start_time"])

    found: list[Wanted] = []
    if "records" in kinds or "transcriptions" in kinds:
        records = list(_rows(tables["records"], COLUMNS["records"]))
        if "records" in kinds:
            found += [_record(row, day_of(row)) for row in records]
            found += _of_calls(tables["calls"], {each.link for each in found}, day_of)
        if "transcriptions" in kinds:
            found += [t for row in records if (t := _transcription(row, day_of(row)))]
    return _once(found + (logs if "logs" in kinds else []))


def _record(row: Mapping[str, Any], day: str) -> Wanted:
    link, size = row["record_url"], row["file_size"]
    problem = "gone" if row["is_removed"] else "" if link else "no link"
    return Wanted(
        "records", row["record_id"], row[SESSION_ID], f"records/start_day={day}", link,
        int(size) if size is not None and 0 < size < 2**62 else None, problem,
    )  # fmt: skip


def _transcription(row: Mapping[str, Any], day: str) -> Wanted | None:
    """Return a transcription, unless there is none and none to come."""
    link, pending = row["transcription_url"], row["transcription_status"] == _PENDING
    if not link and not pending:
        return None
    problem = "gone" if row["is_removed"] else "" if link else "not ready"
    return Wanted(
        "transcriptions", row["record_id"], row[SESSION_ID], f"transcriptions/start_day={day}",
        link, None, problem,
    )  # fmt: skip


def _of_calls(
    table: pa.Table, known: Collection[str | None], day_of: Callable[[Mapping[str, Any]], str]
) -> Iterator[Wanted]:
    """Yield the recordings of calls that are not among the records."""
    seen = {same_file(link) for link in known if link}
    for row in _rows(table, COLUMNS["calls"]):
        link = row["record_url"]
        if link and (name := same_file(link)) not in seen:
            seen.add(name)
            folder = f"records/start_day={day_of(row)}"
            yield Wanted("calls", row["call_id"], row[SESSION_ID], folder, link)


def _once(found: list[Wanted]) -> list[Wanted]:
    """Return each key once, as the last row with a link has it."""
    kept: dict[Key, Wanted] = {}
    for each in found:
        if each.key not in kept or each.link:
            kept[each.key] = each
    return list(kept.values())


def _rows(table: pa.Table, columns: Collection[str]) -> Iterator[dict[str, Any]]:
    for batch in table.select(list(columns)).to_batches():
        yield from batch.to_pylist()


class _Days:
    """Names of days in one timezone."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def name(self, moment: datetime | None) -> str:
        if moment is None:
            return _NO_DAY
        try:
            return moment.astimezone(self._zone).date().isoformat()
        except OverflowError:
            return moment.date().isoformat()
