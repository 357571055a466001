"""Names that do not exist, and the ones that were meant."""

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import ParamSpec, TypeVar

from voxframe.errors import InvalidQueryError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_REQUIRED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


OTHERS_NAMES = {
    "app": "application_name",
    "begin": "from_date",
    "closed": "inclusive",
    "concurrency": "max_concurrency",
    "custom_data": "call_session_history_custom_data",
    "date_from": "from_date",
    "date_to": "to_date",
    "end": "to_date",
    "end_date": "to_date",
    "endpoint": "base_url",
    "finish": "to_date",
    "folder": "path",
    "key": "credentials",
    "key_file": "credentials",
    "number": "remote_number",
    "out": "path",
    "phone": "remote_number",
    "retries": "retry",
    "rule": "rule_name",
    "session_id": "call_session_history_id",
    "since": "from_date",
    "start": "from_date",
    "start_date": "from_date",
    "threads": "max_concurrency",
    "tz": "timezone",
    "until": "to_date",
    "url": "base_url",
    "user": "user_id",
    "workers": "max_concurrency",
}
"""What other libraries call a keyword."""


def meant(name: str, known: Collection[str]) -> str:
    """Return ``; did you mean …?`` for the keyword that others call so, or is most like it."""
    other = OTHERS_NAMES.get(name.lower())
    return f"; did you mean {other!r}?" if other and other in known else nearest(name, known)


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
                    f"{name}: {function.__name__} has no such keyword" + meant(name, parameters),
                )
        for name in positional[len(args) :]:
            if name not in kwargs and parameters[name].default is inspect.Parameter.empty:
                raise InvalidQueryError(f"{name}: is required")
        return function(*args, **kwargs)

    return checked
