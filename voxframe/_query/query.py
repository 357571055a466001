"""What is asked of the service: filters checked, and spelled as the service reads them."""

import json
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from voxframe._query.window import Window
from voxframe.errors import InvalidQueryError

MOST_IDS = 1000
"""Session ids in one request, at most."""

_MOST_INTEGER = 2**63

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query.

    Attributes
    ----------
    window : Window
        The sessions' starts.
    forms : tuple of dict
        The filters as form fields. More than one where the service takes one
        value a request (``application_id``) or at most 1000 (session ids);
        their results together are the query's result.
    """

    window: Window
    forms: tuple[Mapping[str, str], ...] = field(default=({},), repr=False)

    @property
    def free(self) -> tuple[str, ...]:
        """Fields that the filters leave free to split a crowded second by."""
        used = {name for form in self.forms for name in form}
        return tuple(
            name
            for name, filters in (
                ("application_id", {"application_id", "application_name"}),
                ("user_id", {"user_id"}),
                ("duration", {"min_duration", "max_duration"}),
            )
            if not used & filters
        )


def query(window: Window, **filters: Any) -> Query:
    """Check the filters of a query and spell them as form fields.

    Parameters
    ----------
    window : Window
        The sessions' starts.
    **filters
        The documented parameters of GetCallHistory; None is no filter.

    Returns
    -------
    Query
        Ready to be sent.

    Raises
    ------
    InvalidQueryError
        A filter has a wrong type or value, or contradicts another one.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    _refuse_contradictions(given)
    form: Form = {}
    spread: dict[str, list[str]] = {}
    for name, value in given.items():
        if name == "call_session_history_id":
            ids = [str(i) for i in dict.fromkeys(_integers(name, value))]
            spread[name] = [
                ";".join(ids[at : at + MOST_IDS]) for at in range(0, len(ids), MOST_IDS)
            ]
        elif name in ("application_id", "application_name"):
            one = _integers if name == "application_id" else _texts
            spread[name] = list(dict.fromkeys(str(v) for v in one(name, value)))
        else:
            form[name] = spell(name, value)
    forms: list[Form] = [form]
    for name, spellings in spread.items():
        forms = [{**old, name: spelling} for old in forms for spelling in spellings]
    return Query(window, tuple(forms))


def spell(name: str, value: object) -> str:
    """Spell one documented parameter the way the service reads it.

    Raises
    ------
    InvalidQueryError
        The value is of a wrong type; the message names the parameter.
    """
    kind = _KINDS.get(name)
    if kind is None:
        raise InvalidQueryError(f"{name}: GetCallHistory has no such parameter")
    return kind(name, value)


def _refuse_contradictions(given: Mapping[str, object]) -> None:
    by_application = {"application_id", "application_name"} & set(given)
    if len(by_application) > 1:
        raise InvalidQueryError("application_name: give it or application_id, not both")
    if "rule_name" in given and not by_application:
        raise InvalidQueryError(
            "rule_name: the service applies it only together with application_id or "
            "application_name; give one of them too",
        )
    if {"remote_number", "remote_number_list"} <= set(given):
        raise InvalidQueryError(
            "remote_number: the service ignores it beside remote_number_list; give one of them",
        )
    if {"min_duration", "max_duration"} <= set(given):
        low, high = (_integer(n, given[n]) for n in ("min_duration", "max_duration"))
        if low > high:
            raise InvalidQueryError(f"min_duration: {low} is above max_duration, {high}")


def _several(name: str, value: object) -> Iterator[object]:
    """Take any iterable or one value; an empty one is refused, not read as no filter."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        yield value
        return
    empty = True
    for item in value:
        empty = False
        yield item
    if empty:
        raise InvalidQueryError(
            f"{name}: is empty, which would select nothing; leave it out to select all",
        )


def _integer(name: str, value: object) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number < _MOST_INTEGER:
        raise InvalidQueryError(
            f"{name}: needs whole numbers from 0, not a {type(value).__name__}"
            + (" out of that range" if isinstance(value, int) else ""),
        )
    return number


def _integers(name: str, value: object) -> list[int]:
    return [_integer(name, item) for item in _several(name, value)]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        what = "an empty text" if isinstance(value, str) else f"a {type(value).__name__}"
        raise InvalidQueryError(f"{name}: needs a text, not {what}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidQueryError(f"{name}: holds half a surrogate pair, which is no text") from None
    return value


def _texts(name: str, value: object) -> list[str]:
    return [_text(name, item) for item in _several(name, value)]


def _spell_integer(name: str, value: object) -> str:
    return str(_integer(name, value))


def _spell_integers(name: str, value: object) -> str:
    return ";".join(str(number) for number in _integers(name, value))


def _spell_texts(name: str, value: object) -> str:
    texts = _texts(name, value)
    # The value may be a phone number, so the message does not show it.
    if any(";" in text for text in texts):
        raise InvalidQueryError(
            f"{name}: a value holds ';', which separates the values of this parameter"
            + ("; give it as remote_number_list" if name == "remote_number" else ""),
        )
    return ";".join(texts)


def _spell_json(name: str, value: object) -> str:
    return json.dumps(_texts(name, value), ensure_ascii=False)


def _spell_flag(name: str, value: object) -> str:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise InvalidQueryError(f"{name}: needs True or False, not a {type(value).__name__}")
    return "true" if value else "false"


# https://voximplant.com/docs/references/httpapi/history#getcallhistory
_KINDS = {
    "call_session_history_id": _spell_integers,
    "application_id": _spell_integer,
    "application_name": _text,
    "user_id": _spell_integers,
    "rule_name": _text,
    "remote_number": _spell_texts,
    "remote_number_list": _spell_json,
    "local_number": _spell_texts,
    "call_session_history_custom_data": _text,
    "with_calls": _spell_flag,
    "with_records": _spell_flag,
    "with_other_resources": _spell_flag,
    "child_account_id": _spell_integers,
    "children_calls_only": _spell_flag,
    "desc_order": _spell_flag,
    "with_total_count": _spell_flag,
    "count": _spell_integer,
    "offset": _spell_integer,
    "min_duration": _spell_integer,
    "max_duration": _spell_integer,
}
