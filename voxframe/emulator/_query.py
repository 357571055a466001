"""A request's parameters, read as strictly as the reference allows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from voxframe.emulator._behaviour import Behaviour
from voxframe.emulator._catalogue import CHILDREN
from voxframe.emulator._filters import Filters
from voxframe.emulator._time import DAY, Fold, read

MAX_COUNT: Final = 1000
MAX_OFFSET: Final = 10_000
MAX_IDS: Final = 1000

_BOOLEANS: Final = {
    "true": True, "false": False, "1": True, "0": False,
    "True": True, "False": False,  # as the vendor's own Python client spells them
}  # fmt: skip


class RefusedError(Exception):
    """The service says no: a code and a message in an answer with status 200."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg


@dataclass(frozen=True, slots=True)
class Query:
    """A request that was understood."""

    first: int
    last: int
    filters: Filters
    with_calls: bool
    with_records: bool
    with_other_resources: bool
    with_total_count: bool
    desc_order: bool
    count: int
    offset: int
    timezone: str
    warnings: tuple[str, ...] = ()


def _invalid(name: str, why: str) -> RefusedError:
    return RefusedError(101, f"Invalid argument: {name}: {why}.")


def parameters(*sources: str) -> dict[str, str]:
    """Join query string and form body; a parameter may be there only once."""
    pairs = [pair for source in sources for pair in parse_qsl(source, keep_blank_values=True)]
    result: dict[str, str] = {}
    for name, value in pairs:
        if name in result:
            raise _invalid(name, "given more than once")
        result[name] = value
    return result


def _integer(name: str, text: str) -> int:
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
        raise _invalid(name, "not an integer")
    return int(text)


def _integers(name: str, text: str) -> tuple[int, ...]:
    return tuple(_integer(name, part) for part in text.split(";"))


def _texts(name: str, text: str) -> tuple[str, ...]:
    if not text:
        raise _invalid(name, "empty")
    return tuple(text.split(";"))


def _text(_name: str, text: str) -> str:
    return text


def _boolean(name: str, text: str) -> bool:
    if text not in _BOOLEANS:
        raise _invalid(name, "not a boolean")
    return _BOOLEANS[text]


def _accounts(name: str, text: str) -> tuple[int, ...]:
    return tuple(sorted(CHILDREN)) if text == "all" else _integers(name, text)


def _zone(name: str, text: str) -> str:
    try:
        return text if text == "auto" else ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise _invalid(name, "unknown timezone") from None


def _never(name: str, text: str) -> bool:
    if _boolean(name, text):
        raise _invalid(name, "this emulator answers at once, and only so")
    return False


def _json_texts(name: str, text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text)
    except ValueError:
        raise _invalid(name, "not JSON") from None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _invalid(name, "not a JSON array of strings")
    return tuple(value)


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "from_date": _text,
    "to_date": _text,
    "call_session_history_id": _integers,
    "application_id": _integer,
    "application_name": _text,
    "user_id": _integers,
    "rule_name": _text,
    "remote_number": _texts,
    "remote_number_list": _json_texts,
    "local_number": _texts,
    "call_session_history_custom_data": _text,
    "with_calls": _boolean,
    "with_records": _boolean,
    "with_other_resources": _boolean,
    "child_account_id": _accounts,
    "children_calls_only": _boolean,
    "desc_order": _boolean,
    "with_total_count": _boolean,
    "count": _integer,
    "offset": _integer,
    "min_duration": _integer,
    "max_duration": _integer,
    "timezone": _zone,
    # Of the vendor's clients, for answers as a file; here they change nothing.
    "is_async": _never,
    "with_header": _boolean,
}


def _date(text: str, name: str, zone: str, fold: Fold) -> int:
    later = fold == "second" or (fold == "wide" and name == "to_date")
    try:
        return read(text, zone, later=later)
    except ValueError:
        raise RefusedError(111, f"Invalid date format: {name}.") from None


def _month(second: int, step: int) -> int:
    """Return the same time of day a month before or after, on the 28th at the latest."""
    moment = datetime.fromtimestamp(second, tz=UTC)
    months = moment.year * 12 + moment.month - 1 + step
    day = min(moment.day, 28)  # a day that every month has
    there = moment.replace(year=months // 12, month=months % 12 + 1, day=day)
    return int(there.timestamp())


def _window(
    values: Mapping[str, Any], zone: str, behaviour: Behaviour, now: int
) -> tuple[int, int, tuple[str, ...]]:
    """Return first and last second, and what the service has to say of it."""
    zone = {"same": zone, "utc": "UTC"}.get(behaviour.request_timezone, behaviour.request_timezone)
    said: tuple[str, ...] = ()
    given = {
        name: _date(values[name], name, zone, behaviour.fold)
        for name in ("from_date", "to_date")
        if name in values
    }
    if missing := [name for name in ("from_date", "to_date") if name not in given]:
        if behaviour.dates == "required":
            raise _invalid(missing[0], "required")
        said = (f"{' and '.join(missing)} not given: one month is taken.",)
    if "from_date" in given:
        first = given["from_date"]
        last = given.get("to_date", _month(first, 1))
    else:
        last = given.get("to_date", now)
        first = _month(last, -1)
    if first > last or (first == last and behaviour.from_equals_to == "error"):
        raise _invalid("from_date", "later than to_date")
    limit = int(behaviour.window_limit * DAY)
    if limit and last - first > limit:
        ends = {"first": (first, first + limit), "last": (last - limit, last)}
        first, last = ends[behaviour.window_kept]
    return first, last, said


def _within(values: Mapping[str, Any], name: str, default: int, low: int, high: int) -> int:
    value: int = values.get(name, default)
    if not low <= value <= high:
        raise _invalid(name, f"not between {low} and {high}")
    return value


def _filters(values: Mapping[str, Any]) -> Filters:
    if "application_id" in values and "application_name" in values:
        raise _invalid("application_name", "given together with application_id")
    if "rule_name" in values and not {"application_id", "application_name"} & values.keys():
        raise _invalid("rule_name", "needs application_id or application_name")
    if len(values.get("call_session_history_id", ())) > MAX_IDS:
        raise _invalid("call_session_history_id", f"more than {MAX_IDS} ids")
    chosen = {name: values[name] for name in Filters.__slots__ if name in values}
    if listed := values.get("remote_number_list"):
        chosen["remote_number"] = listed
    return Filters(**chosen)


def _known(given: Mapping[str, str], behaviour: Behaviour) -> tuple[dict[str, Any], list[str]]:
    """Return what can be understood, and what is said of the rest."""
    said: list[str] = []
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name in behaviour.unknown_parameters or name not in _READERS:
            old = name in behaviour.unknown_parameters
            if not old or behaviour.on_unknown_parameter == "refused":
                raise _invalid(name, "unknown parameter")
            if behaviour.on_unknown_parameter == "warned":
                said.append(f"Parameter '{name}' is ignored.")
        else:
            values[name] = _READERS[name](name, text)
    return values, said


def read_query(given: Mapping[str, str], behaviour: Behaviour, now: int) -> Query:
    """Understand a request's parameters.

    Booleans are ``true``, ``false``, ``True``, ``False``, ``1`` or ``0``; lists are
    joined by ``;``. Without dates the window is the month before ``now``.

    Raises
    ------
    RefusedError
        With code 101 or 111 and the parameter's name.
    """
    values, said = _known(given, behaviour)
    zone = values.get("timezone", "auto")
    zone = behaviour.timezone if zone == "auto" else zone
    first, last, more = _window(values, zone, behaviour, now)
    return Query(
        first,
        last,
        _filters(values),
        with_calls=values.get("with_calls", False),
        with_records=values.get("with_records", False),
        with_other_resources=values.get("with_other_resources", True),
        with_total_count=values.get("with_total_count", True),
        desc_order=values.get("desc_order", False),
        count=_within(values, "count", 20, 1, MAX_COUNT),
        offset=_within(values, "offset", 0, 0, MAX_OFFSET),
        timezone=zone,
        warnings=(*behaviour.warnings, *said, *more),
    )
