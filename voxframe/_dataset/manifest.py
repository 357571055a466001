"""What a dataset is of, what was written of it and when it was read: one small file in it."""

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from voxframe._dataset.disk import write_text
from voxframe._dataset.layout import DAY, day_name, day_number
from voxframe._receipt import EACH_AT_ITS_TIME, Receipt
from voxframe._spec.tables import SCHEMAS
from voxframe._timezones import instant
from voxframe.errors import ExportError

HOUSEKEEPING = "_voxframe"
"""Folder inside a dataset that is not data; its underscore hides it from dataset readers."""

_MANIFEST = "manifest.json"
_COPY = "manifest.json.bak"
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Day:
    """What was written of one day.

    Attributes
    ----------
    rows : Mapping of int
        By table.
    cost : Decimal or None
        Of all its calls, records and resources; None if an earlier version wrote it.
    read_at : datetime
        When the reading of it began, UTC.
    run : str
        Which run read it; stands in the metadata of its files.
    files : Mapping of int
        Each file's path in the dataset, with ``/``, and its size in bytes.
    vanished : int
        How many of its sessions the service no longer gave when it was read.
    checksums : Mapping of int
        Each file's CRC-32; empty if an earlier version wrote it.
    """

    rows: Mapping[str, int]
    cost: Decimal | None
    read_at: datetime
    run: str
    files: Mapping[str, int]
    vanished: int = 0
    checksums: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Time that was read, seconds since 1970 in UTC, half-open; days without a session included."""

    first: int
    end: int
    read_at: datetime
    run: str

    @property
    def over_until(self) -> int:
        """First second of the first day that was not over when it was read; else ``end``."""
        began = int(self.read_at.timestamp())
        return self.end if began >= self.end else max(began // DAY * DAY, self.first)

    def has(self, day: str) -> bool:
        """Return whether any of a day is in it."""
        begins = day_number(day) * DAY
        return begins < self.end and begins + DAY > self.first


@dataclass(slots=True)
class Manifest:
    """What a dataset is of, and how far it is.

    Attributes
    ----------
    query : Mapping
        The window in words, and a fingerprint of the whole query; no filter's
        value, since phone numbers are among them.
    first, end : int
        The window, seconds since 1970 in UTC, half-open.
    days : dict of Day
        What was written, ``YYYY-MM-DD``; a day without a session is not in it.
    read : list of Stretch
        What was read, in order, none of them overlapping.
    placing : list of str
        Days of which files may still lie in staging, to be moved to their places.
    removing : list of str
        Files that were replaced by nothing and may still lie there.
    receipt : Receipt or None
        What was spent so far, stretches read twice included.
    lookback : int or None
        Seconds after its end for which a day is read again; None of an export, which is not.
    asked : int or None
        Where what a sync was asked for ended, finished or not; None of an export.
    version : int
        Of the form that it was read from.
    """

    query: Mapping[str, Any]
    first: int
    end: int
    days: dict[str, Day] = field(default_factory=dict)
    read: list[Stretch] = field(default_factory=list)
    placing: list[str] = field(default_factory=list)
    removing: list[str] = field(default_factory=list)
    receipt: Receipt | None = None
    lookback: int | None = None
    asked: int | None = None
    version: int = _VERSION

    @classmethod
    def load(cls, root: Path) -> "Manifest | None":
        """Read the manifest of a dataset; None if there is none."""
        path = root / HOUSEKEEPING / _MANIFEST
        try:
            text = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ExportError(f"{path} cannot be read: {error.strerror}") from error
        return cls.parse(text, root)

    @classmethod
    def parse(cls, text: bytes, root: Path | str) -> "Manifest":
        """Read what :meth:`text` wrote.

        Raises
        ------
        ExportError
            It cannot be read.
        """
        try:
            plain = json.loads(text)
            if plain["version"] not in (1, _VERSION):
                raise ExportError(f"{root} was written by another version of voxframe")
            if plain["version"] == 1:
                path = Path(root) / HOUSEKEEPING / _MANIFEST
                moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                return _from_version_1(plain, Path(root), moment)
            return cls(
                query=_query(plain["query"]),
                first=operator.index(plain["first"]),
                end=operator.index(plain["end"]),
                days={day: _day(day, written) for day, written in plain["days"].items()},
                read=[_stretch(*each) for each in plain["read"]],
                placing=[day for day in plain["placing"] if plain["days"][day]],
                removing=list(map(_inside, plain["removing"])),
                receipt=_receipt(plain["receipt"]),
                lookback=_seconds(plain.get("lookback")),
                asked=_seconds(plain.get("asked")),
            )
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            cause = "something in it is missing, or not as it was written"
            if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
                cause = "it is not JSON" if text.strip() else "it is empty"
            raise ExportError(
                f"{root} holds a manifest that cannot be read, {HOUSEKEEPING}/{_MANIFEST}: "
                f"{cause}; {_way_back(root)}"
            ) from None

    def save(self, root: Path) -> None:
        """Write it, as a whole or not at all."""
        write_text(root / HOUSEKEEPING / _MANIFEST, self.text())

    def keep_copy(self, root: Path) -> None:
        """Write it a second time: nothing else knows what the service no longer gives."""
        write_text(root / HOUSEKEEPING / _COPY, self.text())

    def text(self) -> str:
        """Return it as JSON."""
        plain = {
            "version": _VERSION,
            "query": dict(self.query),
            "first": self.first,
            "end": self.end,
            "read": [
                [s.first, s.end, s.read_at.isoformat(timespec="seconds"), s.run] for s in self.read
            ],
            "placing": self.placing,
            "removing": self.removing,
            "receipt": self.receipt and self.receipt.to_dict(),
            "lookback": self.lookback,
            "asked": self.asked,
        }
        # A line a day: so that people can read it, and it stays small.
        days = ",\n".join(
            f"  {json.dumps(n)}: {json.dumps(_plain(d))}" for n, d in self.days.items()
        )
        head = json.dumps(plain, indent=1)[:-2]
        return f'{head},\n "days": {{\n{days}\n }}\n}}\n'

    @property
    def covered(self) -> bool:
        """Whether all of the window was read, be it before it was over; a sync grows for ever."""
        return self.lookback is not None or self._read_until() >= self.end

    @property
    def begun_only(self) -> bool:
        """Whether a first sync was begun, and no day of it is there."""
        return self.asked is not None and not self.read and not self.days

    def check_begun(self, root: Path | str) -> None:
        """Refuse to read what only a first sync that was broken off has left."""
        if self.begun_only:
            raise ExportError(
                f"{root} holds no day yet: the first sync of it was not finished; sync it again"
            )

    def not_read(self, until: int) -> list[tuple[int, int]]:
        """Return the stretches that were asked for, before a second, and never finished."""
        at, gaps = self.first, []
        for stretch in self.read:
            gaps.append((at, stretch.first))
            at = max(at, stretch.end)
        gaps.append((at, min(max(self.end, self.asked or 0), until)))
        return [(first, end) for first, end in gaps if first < end]

    def resume_from(self) -> int | None:
        """Return the first second that is still to be read; None if there is none."""
        unfinished = (s.over_until for s in self.read if s.over_until < s.end)
        until = min(self._read_until(), *unfinished, self.end)
        return until if until < self.end else None

    def _read_until(self) -> int:
        at = self.first
        for stretch in self.read:
            if stretch.first > at:
                break
            at = max(at, stretch.end)
        return at

    def known_until(self) -> int:
        """Return when what is known ends: of what was not over when it was read, at that moment."""
        ends = (min(s.end, int(s.read_at.timestamp())) for s in self.read)
        return max(min(max(ends, default=self.first), self.end), self.first)

    def note(self, stretch: Stretch, days: Mapping[str, Day]) -> None:
        """Take in what was read of a stretch; whatever was known of it is replaced."""
        self.forget(stretch.first, stretch.end)
        self.read = sorted([*self.read, *([stretch] if stretch.first < stretch.end else ())])
        files = {file for day in days.values() for file in day.files}
        self.removing = []
        for name in list(self.days):
            if stretch.has(name):
                self.removing += [file for file in self.days.pop(name).files if file not in files]
        self.days = dict(sorted({**self.days, **days}.items()))
        self.placing = list(days)

    def forget(self, first: int, end: int) -> None:
        """Take a stretch for one that was not read."""
        kept = []
        for old in self.read:
            if old.first < first:
                kept.append(replace(old, end=min(old.end, first)))
            if old.end > end:
                kept.append(replace(old, first=max(old.first, end)))
        self.read = sorted(kept)

    def summary(self) -> Receipt:
        """Return what is there and what it took."""
        rows = {name: sum(day.rows[name] for day in self.days.values()) for name in SCHEMAS}
        plain = {} if self.receipt is None else self.receipt.to_dict()
        dates = {name: self.query[name] for name in ("from_date", "to_date", "inclusive")}
        counted = {**rows, "total_count": None, "known_until": None}
        receipt = Receipt.from_dict({**plain, **dates, **counted})
        if self.read and (known := self.known_until()) < self.end:
            inclusive = "left" if receipt.inclusive in ("left", "both") else "neither"
            receipt = replace(receipt, to_date=instant(known), inclusive=inclusive)
        if plain and plain["sessions"] != receipt.sessions:
            # What was said of a count is true of what was read, not of what is here.
            receipt = replace(receipt, settled=EACH_AT_ITS_TIME)
        if not plain:
            return replace(receipt, settled="the window is empty, so nothing was asked")
        until = self.resume_from()
        if until is None or self.lookback is not None:
            return receipt
        read_at = min(s.read_at for s in self.read if s.over_until < s.end)
        return replace(
            receipt,
            settled=f"{receipt.settled}; read before the window was over, up to "
            f"{read_at:%Y-%m-%d %H:%M:%S} UTC: the same export reads again from {_date(until)}",
        )

    def where(self, root: Path, day: str, file: str) -> Path:
        """Return where a file lies: in its place, or on its way to it."""
        staged = staging(root, self.days[day].run) / staged_name(file)
        return staged if day in self.placing and staged.exists() else root / file


def check_not_lost(root: Path) -> None:
    """Refuse to begin anew where days lie of which the manifest is lost.

    Raises
    ------
    ExportError
        There are such.
    """
    days = (day for name in SCHEMAS for day in (root / name).glob("start_day=*"))
    if any(days) and Manifest.load(root) is None:
        raise ExportError(
            f"{root} holds days and no manifest, {HOUSEKEEPING}/{_MANIFEST}, which says what they "
            f"are of: {_way_back(root)}; CallHistory.from_parquet reads the rows as they are",
        )


def _way_back(root: Path | str) -> str:
    copy = Path(root) / HOUSEKEEPING / _COPY
    if copy.exists():
        return (
            f"copy {_COPY} beside it, which the last whole run left, to its place; days that were "
            "written since are read again"
        )
    return "put it back at its place from a backup, or name another folder"


def staging(root: Path, run: str = "") -> Path:
    """Return the folder for what is not in its place yet, of a run or of all."""
    return root / HOUSEKEEPING / "staging" / run


def staged_name(file: str) -> str:
    """Return what a file of a dataset is called in staging."""
    table, day, _ = file.split("/")
    return f"{table}.{day}.parquet"


def _plain(day: Day) -> dict[str, Any]:
    return {
        "rows": day.rows,
        "cost": None if day.cost is None else str(day.cost),
        "read_at": day.read_at.isoformat(timespec="seconds"),
        "run": day.run,
        "files": day.files,
        "vanished": day.vanished,
        "checksums": day.checksums,
    }


def _day(name: str, plain: Mapping[str, Any]) -> Day:
    day_number(name)
    return Day(
        rows=_rows(plain["rows"]),
        cost=None if plain["cost"] is None else Decimal(plain["cost"]),
        read_at=_instant(plain["read_at"]),
        run=_word(plain["run"]),
        files={_inside(file): operator.index(size) for file, size in plain["files"].items()},
        vanished=operator.index(plain.get("vanished", 0)),
        checksums={f: operator.index(crc) for f, crc in plain.get("checksums", {}).items()},
    )


def _stretch(first: int, end: int, read_at: str, run: str) -> Stretch:
    return Stretch(operator.index(first), operator.index(end), _instant(read_at), _word(run))


def _query(plain: Mapping[str, Any]) -> dict[str, Any]:
    _instant(plain["from_date"]), _instant(plain["to_date"]), _word(plain["inclusive"])
    return dict(plain)


def _rows(plain: Mapping[str, Any]) -> dict[str, int]:
    return {name: operator.index(plain[name]) for name in SCHEMAS}


def _seconds(plain: int | None) -> int | None:
    return None if plain is None else operator.index(plain)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _word(text: str) -> str:
    # Days of the first form, which are not read again yet, have no run.
    if text and not text.isalnum():
        raise ValueError(text)
    return text


def _inside(file: str) -> str:
    """Check that a path is one of a file of ours, and leads nowhere else."""
    table, day, name = file.split("/")
    if table not in SCHEMAS or not day.startswith("start_day=") or name in ("", ".", ".."):
        raise ValueError(file)
    day_number(day.removeprefix("start_day="))
    return file


def _receipt(plain: Mapping[str, Any] | None) -> Receipt | None:
    if plain is None:
        return None
    receipt = Receipt.from_dict(plain)
    for each in fields(receipt):
        value = getattr(receipt, each.name)
        if isinstance(each.default, int | float) and not isinstance(value, int | float):
            raise TypeError(each.name)
    if not all(isinstance(number, int) for number in receipt.mended.values()):
        raise TypeError("mended")
    return receipt


def _date(second: int) -> str:
    return day_name(second // DAY)


def _from_version_1(plain: Mapping[str, Any], root: Path, moment: datetime) -> Manifest:
    """Read the first form, which knew rows but no files, and marked what was not over as done."""
    query = _query(plain["query"])
    begins, ends = (datetime.fromisoformat(query[name]) for name in ("from_date", "to_date"))
    first = int(begins.timestamp()) + (query["inclusive"] in ("right", "neither"))
    end = int(ends.timestamp()) + (query["inclusive"] in ("both", "right"))
    days = {}
    for name, rows in plain["days"].items():
        day_number(name)
        found = [
            file
            for table in SCHEMAS
            for file in sorted((root / table / f"start_day={name}").glob("part-*.parquet"))
        ]
        sizes = {file.relative_to(root).as_posix(): file.stat().st_size for file in found}
        if sizes or any(_rows(rows).values()):
            days[name] = Day(_rows(rows), None, moment, "", sizes)
    read = [Stretch(first, end, moment, "")] if plain["complete"] is True else []
    receipt = _receipt(plain["receipt"])
    if read and receipt is None:
        raise ValueError("receipt")
    return Manifest(query, first, end, dict(sorted(days.items())), read, [], [], receipt, version=1)
