"""What each keyword may be, once for all functions: refused before anything is counted."""

import functools
import inspect
import math
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from numbers import Integral
from typing import Any, ParamSpec, TypeVar

import numpy as np

from voxframe.analysis._bins import WEEKDAYS, offset_of, zone
from voxframe.analysis._far_ends import SIDES, FarEnds
from voxframe.analysis._output import BACKENDS
from voxframe.analysis._source import HasDays, tables_of
from voxframe.errors import InvalidQueryError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_REAL = (int, float, np.integer, np.floating)


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Refuse an argument that cannot be, whether this call comes to need it or not."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in _CHECKS:
                _CHECKS[name](name, value)
        return function(*args, **kwargs)

    return call


def _refuse(name: str, value: object, needed: str) -> InvalidQueryError:
    plain = value is None or isinstance(value, str | int | float)
    shown = repr(value) if plain else f"of type {type(value).__name__}"
    return InvalidQueryError(f"{name}: {shown} is not {needed}")


def _one_of(known: Collection[str], *, optional: bool = False) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if not (isinstance(value, str) and value in known) and not (optional and value is None):
            words = ", ".join([*known, *(["or None"] if optional else [])])
            raise _refuse(name, value, f"one of {words}")

    return check


def _number(name: str, value: Any) -> None:
    if not isinstance(value, _REAL) or not 0 <= value < math.inf:
        raise _refuse(name, value, "a number of 0 or more")


def _whole_number(name: str, value: Any) -> None:
    if not isinstance(value, Integral) or value < 0:
        raise _refuse(name, value, "a whole number of 0 or more")


def _share(name: str, value: Any) -> None:
    if not isinstance(value, _REAL) or not 0 < value < 1:
        raise _refuse(name, value, "a number between 0 and 1")


def _flag(name: str, value: Any) -> None:
    if not isinstance(value, bool | np.bool_):
        raise _refuse(name, value, "True or False")


def _freq(_: str, value: Any) -> None:
    if value is not None:
        offset_of(value)


def _name(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _refuse(name, value, "the name of a column")


def _names(name: str, value: Any) -> None:
    several = isinstance(value, Collection) and not isinstance(value, Mapping | bytes)
    if value is not None and not (several and all(isinstance(each, str) for each in value)):
        raise _refuse(name, value, "the name of a column, several names, or None")


def _days(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, str) or not isinstance(value, Collection):
        raise _refuse(name, value, f"a collection of {', '.join(WEEKDAYS)}, or None")
    for each in value:
        _one_of(WEEKDAYS)(name, each)


def _edges(name: str, value: Any) -> None:
    several = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    edges = list(value) if several else []
    whole = all(isinstance(each, _REAL) and float(each).is_integer() for each in edges)
    if not edges or not whole or any(a >= b for a, b in pairwise(edges)):
        raise _refuse(name, value, "a sequence of ascending whole seconds, at least one")


def _currency(name: str, value: Any) -> None:
    labels = value.values() if isinstance(value, Mapping) else [value]
    accounts = value if isinstance(value, Mapping) else ()
    right = all(isinstance(each, str) for each in labels)
    if value is not None and not (right and all(str(each).isdecimal() for each in accounts)):
        raise _refuse(name, value, "a label such as 'EUR', or a label for each account's number")


def _history(name: str, value: Any) -> None:
    if isinstance(value, Mapping) or not isinstance(value, HasDays):
        try:
            tables_of(value)
        except InvalidQueryError as error:
            raise InvalidQueryError(f"{name}: {str(error).removeprefix('history: ')}") from None


def _axes(name: str, value: Any) -> None:
    if value is not None and not hasattr(value, "get_subplotspec"):
        raise _refuse(name, value, "matplotlib's axes, or None")


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "timezone": lambda _, value: zone(value),
    "freq": _freq,
    "by": _names,
    "transaction_id": _name, "cost": _name,
    **dict.fromkeys(("own", "machine", "network"), lambda n, value: FarEnds.of(**{n: value})),
    "previous": _history,
    "table": _one_of(("sessions", "calls")),
    "side": _one_of(SIDES, optional=True),
    "currency": _currency,
    "dtype_backend": _one_of(BACKENDS),
    "direction": _one_of(("out", "in")),
    "seconds": _number, "short": _number, "erlangs": _number,
    "lines": _whole_number, "agents": _whole_number,
    "blocking": _share,
    "inbound": _flag, "answered": _flag,
    "days": _days,
    "edges": _edges,
    "ax": _axes,
}  # fmt: skip
