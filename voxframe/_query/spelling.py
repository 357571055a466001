"""A parameter's value, checked and spelled as the service reads it."""

import json
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voxframe._query.names import nearest
from voxframe._spec.parameters import PARAMETERS, Parameter
from voxframe.errors import InvalidQueryError

_MOST_INTEGER = 2**63
# The first whole number that a float may have been rounded to.
_ROUNDED = 2**53
_INTERNATIONAL = re.compile(r"\+[\d\s()./-]*\d[\d\s()./-]*")


def spell(name: str, value: object) -> str:
    """Spell one documented parameter the way the service reads it.

    Raises
    ------
    InvalidQueryError
        The value is of a wrong type; the message names the parameter.
    """
    parameter = PARAMETERS.get(name)
    if parameter is None:
        raise InvalidQueryError(
            f"{name}: GetCallHistory has no such parameter" + nearest(name, PARAMETERS)
        )
    if parameter.kind == "flag":
        return _flag(name, value)
    if not parameter.several or parameter.alone:
        return str(_one(parameter, value))
    values = spellings(parameter, value)
    if parameter.kind == "numbers_json":
        return json.dumps(values, ensure_ascii=False)
    # The value may be a phone number, so the message does not show it.
    if any(";" in text for text in values):
        raise InvalidQueryError(
            f"{name}: a value holds ';', which separates the values of this parameter"
            + ("; give it as remote_number_list" if name == "remote_number" else ""),
        )
    return ";".join(values)


def spellings(parameter: Parameter, value: object) -> list[str]:
    """Spell each of any number of values, each once, in order.

    Raises
    ------
    InvalidQueryError
        There is none, or one is of a wrong type.
    """
    found = [str(_one(parameter, item)) for item in _several(parameter.name, value)]
    if parameter.word in found and len(found) > 1:
        raise InvalidQueryError(
            f"{parameter.name}: give either {parameter.word!r} or ids, not both",
        )
    if parameter.kind in ("numbers", "numbers_json"):
        # The service compares numbers literally and stores them without the plus sign.
        found = [spelled for number in found for spelled in _with_and_without_plus(number)]
    return list(dict.fromkeys(found))


def integer(name: str, value: object) -> int:
    """Check one whole number.

    Raises
    ------
    InvalidQueryError
        It is not a whole number from 0.
    """
    value = _plain(name, value)
    number: int | None = None
    if isinstance(value, float) and value.is_integer() and abs(value) < _ROUNDED:
        # pandas makes floats of ids as soon as one of a column is missing.
        number = int(value)
    elif not isinstance(value, bool):
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            number = None
    if number is None:
        raise InvalidQueryError(
            f"{name}: needs whole numbers, not {_kind(value)}"
            + ("; give it as an int" if isinstance(value, str) else ""),
        )
    if not 0 <= number < _MOST_INTEGER:
        raise InvalidQueryError(f"{name}: needs whole numbers from 0 to 2**63 - 1")
    return number


def _one(parameter: Parameter, value: object) -> int | str:
    if parameter.kind in ("integer", "integers"):
        if parameter.word is not None and isinstance(value, str):
            if value == parameter.word:
                return value
            raise InvalidQueryError(
                f"{parameter.name}: needs whole numbers or the word {parameter.word!r}",
            )
        return integer(parameter.name, value)
    return _text(parameter.name, value)


def _several(name: str, value: object) -> Iterator[object]:
    """Take any iterable or one value; an empty one is refused, not read as no filter."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        yield value
        return
    try:
        items = iter(value)
    except TypeError:
        # An array without a dimension is one value.
        yield value
        return
    empty = True
    for item in items:
        empty = False
        yield item
    if empty:
        raise InvalidQueryError(
            f"{name}: is empty, which would select nothing; leave it out to select all",
        )


def _plain(name: str, value: Any) -> object:
    """Take a value out of an Arrow scalar; refuse one that is missing."""
    if hasattr(value, "as_py"):
        value = value.as_py()
    missing = value is None or type(value).__name__ in ("NAType", "NaTType")
    if missing or (isinstance(value, float) and math.isnan(value)):
        raise InvalidQueryError(f"{name}: holds a missing value; leave it out, as dropna() does")
    return value


def _text(name: str, value: object) -> str:
    value = _plain(name, value)
    if not isinstance(value, str) or not value:
        what = "an empty text" if isinstance(value, str) else _kind(value)
        numeric = isinstance(value, int | float) and "number" in name
        raise InvalidQueryError(
            f"{name}: needs a text, not {what}"
            + ("; put the number in quotes, with its leading + or zeros" if numeric else ""),
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidQueryError(
            f"{name}: holds half a surrogate pair, which cannot be sent as text",
        ) from None
    return value


def _with_and_without_plus(number: str) -> Iterator[str]:
    yield number
    if _INTERNATIONAL.fullmatch(number):
        yield "".join(character for character in number if character.isdecimal())


def _flag(name: str, value: object) -> str:
    value = _plain(name, value)
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise InvalidQueryError(f"{name}: needs True or False, not {_kind(value)}")
    return "true" if value else "false"


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"
