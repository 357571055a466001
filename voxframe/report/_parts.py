"""What a page is made of, and how its numbers and names are written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from voxframe.analysis._axes import day, number, spoken
from voxframe.analysis._currency import Currency
from voxframe.analysis._output import records
from voxframe.analysis._source import Entries, History, Source

NONE = "\N{EN DASH}"
NOT_READ = "not read"
TOP = 12
# Fewer attempts than this say little about a number.
TRIED = 2
_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_YEAR = "(?:19|20)[0-9]{2}"
# A date, with its time of day, is kept; what else holds seven digits may be a number.
_DATE_OR_NUMBER = re.compile(
    rf"(?<![0-9+])(?P<date>{_YEAR}(?P<to>[-._]?){_MONTH}(?P=to){_DAY}"
    r"(?:[ T]?[0-9]{2}:[0-9]{2})?"
    rf"|{_DAY}(?P<by>[-.]){_MONTH}(?P=by){_YEAR})(?![0-9])"
    r"|\+?[0-9][0-9 \-().]{5,}[0-9]"
)
_KINDS_OF_PHONE = {
    "pstn": "landline (pstn)", "tollfree": "toll-free", "sip": "SIP trunk or desk phone",
    "user": "our app users",
}  # fmt: skip
_SIP = {"network": "SIP trunk", "own": "SIP desk phone"}
# A table with no more columns is as wide as half a page.
_NARROW = 4
# So many of a number's last digits tell callers apart without telling who they are.
_LAST = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the figures that matter."""

    name: str
    value: str
    note: str = ""
    change: str = ""
    turn: str = ""
    """Whether the change is for the "better" or the "worse"; empty where it is neither."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One table of the page; ``bar`` is each row's part of the largest, 0 to 1."""

    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bar: tuple[float, ...] = ()
    minor: frozenset[str] = frozenset()
    """Heads of the columns that a phone leaves out."""
    texts: frozenset[str] = frozenset()
    """Heads of the columns that hold words."""
    nothing: str = "None."
    anchor: str = ""

    @property
    def half(self) -> bool:
        """Whether two of them stand beside each other."""
        return len(self.heads) <= _NARROW and not self.texts


@dataclass(frozen=True)
class Page:
    """What the parts of the page are made from."""

    history: History
    previous: History | None
    timezone: str
    show_numbers: bool
    places: int
    """Decimal places of money: enough for the whole to have three digits that matter."""
    currency: Currency
    own: Entries
    machine: Entries
    network: Entries

    @property
    def far_ends(self) -> dict[str, Any]:
        """What was said of far ends, as the functions of analysis take it."""
        return {"own": self.own, "machine": self.machine, "network": self.network}

    @cached_property
    def source(self) -> Source:
        """The tables."""
        return Source.of(self.history, **self.far_ends)

    @property
    def calls_read(self) -> bool:
        """Whether calls were read."""
        return "calls" not in self.source.unread

    @property
    def nothing(self) -> str:
        """What stands for an empty table that is made from calls."""
        return "None." if self.calls_read else "Calls were not read."

    def money(self, value: Any, places: int | None = None) -> str:
        """Write money with the page's decimal places, thousands apart."""
        if pd.isna(value):
            return NOT_READ
        return f"{value:,.{self.places if places is None else places}f}".replace(",", _SPACE)

    def label(self, value: Any, missing: str = NONE) -> str:
        """Write a name; what looks like a telephone number only when asked for."""
        if pd.isna(value):
            return missing
        return str(value) if self.show_numbers else masked(str(value))

    def caller(self, value: Any) -> str:
        """Write a number; without being asked for, its last digits alone."""
        if pd.isna(value):
            return "no number"
        digits = re.sub("[^0-9]", "", str(value))
        if self.show_numbers or len(digits) < 7:  # noqa: PLR2004 - an extension, or a name
            return str(value)
        return f"\N{HORIZONTAL ELLIPSIS}{digits[-_LAST:]}"


def masked(text: str) -> str:
    """Leave out what looks like a telephone number, and keep dates."""
    return _DATE_OR_NUMBER.sub(
        lambda found: found[0] if found["date"] else "\N{HORIZONTAL ELLIPSIS}", text
    )


def count(value: Any) -> str:
    """Write a whole number."""
    return NOT_READ if pd.isna(value) else f"{round(value):,}".replace(",", _SPACE)


def kind_of_phone(kind: str, side: str = "") -> str:
    """Write what kind of phone it is; of SIP the side tells which."""
    if kind.lower() == "sip" and side in _SIP:
        return _SIP[side]
    return _KINDS_OF_PHONE.get(kind.lower(), kind)


def counted(value: Any, what: str) -> str:
    """Write how many there are of something."""
    return f"{count(value)} {what if value == 1 else what + 's'}"


def total(column: pd.Series) -> float:
    """Return the sum; NaN if a part of it is not known."""
    whole = column.sum(skipna=False)
    return float("nan") if pd.isna(whole) else float(whole)


def spaced(text: str) -> str:
    """Write thousands in a text as the page does."""
    return re.sub(r"(?<=[0-9]),(?=[0-9]{3})", _SPACE, text)


def percent(value: Any) -> str:
    """Write a share."""
    return NONE if pd.isna(value) else f"{value * 100:.1f}{_SPACE}%"


def share(part: Any, whole: Any) -> str:
    """Write a part of a whole."""
    return percent(pd.NA if pd.isna(part) or pd.isna(whole) or not whole else part / whole)


def lasting(seconds: Any) -> str:
    """Write a length of time."""
    return NONE if pd.isna(seconds) else spoken(float(seconds)).replace(" ", "\N{NO-BREAK SPACE}")


def moment(when: pd.Timestamp) -> str:
    """Write an instant."""
    return f"{when:%a} {when.day} {when:%b %Y, %H:%M}"


def bars(values: Any) -> tuple[float, ...]:
    """Return how long the bars of a table are."""
    known = [0.0 if pd.isna(value) else max(float(value), 0.0) for value in values]
    largest = max(known, default=0) or 1
    return tuple(round(value / largest, 4) for value in known)


def few(value: Any) -> str:
    """Write a number with the digits that matter."""
    return NONE if pd.isna(value) else number(float(value))


def only(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the one row."""
    (row,) = records(frame)
    return row


def stretch(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Write a window, its end excluded: whole days by their dates."""
    if first == first.normalize() and last == last.normalize() and last > first:
        last_day = last - pd.Timedelta(seconds=1)
        if first.date() == last_day.date():
            return f"{first:%a} {day(first)}"
        return f"{day(first)} \N{EN DASH} {day(last_day)}"
    return f"{moment(first)} \N{EN DASH} {moment(last)}"


def plainly(value: Any, name: str = "") -> str:
    """Write a value of the receipt."""
    if isinstance(value, Mapping):
        return ", ".join(f"{kind}: {plainly(each)}" for kind, each in value.items()) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if name.endswith("_id") else count(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return NONE if value is None or value == "" else str(value)
