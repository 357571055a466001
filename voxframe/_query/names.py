"""Names that do not exist, and the ones that were meant."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from voxframe.errors import InvalidQueryError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_REQUIRED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` for the known name that is most like one, or nothing."""
    lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), lower, n=1)
    return f"; did you mean {lower[found[0]]!r}?" if found else ""


def keywords_checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Refuse keywords that a function does not take as any other wrong query is refused."""
    parameters = inspect.signature(function).parameters
    positional = [name for name, each in parameters.items() if each.kind in _REQUIRED]

    @functools.wraps(function)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for name in kwargs:
            if name not in parameters:
                raise InvalidQueryError(
                    f"{name}: {function.__name__} has no such keyword" + nearest(name, parameters),
                )
        for name in positional[len(args) :]:
            if name not in kwargs and parameters[name].default is inspect.Parameter.empty:
                raise InvalidQueryError(f"{name}: is required")
        return function(*args, **kwargs)

    return checked
