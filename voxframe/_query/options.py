"""What a read takes, checked before any request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from voxframe._progress import Report
from voxframe._query.names import nearest
from voxframe._query.query import Form, Query, query, refuse_contradictions
from voxframe._query.spelling import spell
from voxframe._query.window import Window, window
from voxframe._spec.limits import LARGEST_OFFSET, MOST_IDS, PAGE_SIZE
from voxframe.errors import InvalidQueryError

Ids: TypeAlias = Iterable[int] | int | None
Texts: TypeAlias = Iterable[str] | str | None
UnknownFields: TypeAlias = Literal["keep", "ignore", "raise"]

_UNKNOWN_FIELDS = ("keep", "ignore", "raise")
_PAGE_RANGES = {"count": (1, PAGE_SIZE), "offset": (0, LARGEST_OFFSET)}


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """A read, checked and ready to run."""

    query: Query
    desc_order: bool
    progress: bool | Report | None
    unknown_fields: str

    @property
    def window(self) -> Window:
        """The query's window."""
        return self.query.window


def prepare(options: Mapping[str, Any]) -> ReadSpec:
    """Check everything that can be checked before a request.

    Raises
    ------
    InvalidQueryError
        Something cannot be asked; the message names the parameter.
    """
    given = dict(options)
    inside = _window(given)
    desc_order = given.pop("desc_order")
    spell("desc_order", desc_order)
    progress = given.pop("progress")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidQueryError("progress: needs True, False, None or something to call")
    unknown_fields = given.pop("unknown_fields")
    if unknown_fields not in _UNKNOWN_FIELDS:
        raise InvalidQueryError(
            f"unknown_fields: {unknown_fields!r} is not one of "
            + ", ".join(map(repr, _UNKNOWN_FIELDS))
            + nearest(str(unknown_fields), _UNKNOWN_FIELDS),
        )
    return ReadSpec(query(inside, **given), bool(desc_order), progress, unknown_fields)


def prepare_page(options: Mapping[str, Any]) -> tuple[Window, Form]:
    """Check the parameters of one page, and spell all but its dates as form fields.

    Raises
    ------
    InvalidQueryError
        Something cannot be asked; the message names the parameter.
    """
    given = dict(options)
    inside = _window(given)
    given = {name: value for name, value in given.items() if value is not None}
    refuse_contradictions(given)
    form = {name: spell(name, value) for name, value in given.items()}
    for name, (low, high) in _PAGE_RANGES.items():
        if name in form and not low <= int(form[name]) <= high:
            raise InvalidQueryError(f"{name}: is {form[name]}, needs to be {low} to {high}")
    if form.get("call_session_history_id", "").count(";") >= MOST_IDS:
        raise InvalidQueryError(
            f"call_session_history_id: more than {MOST_IDS} in one request; "
            "read_call_history sends several",
        )
    return inside, form


def _window(given: dict[str, Any]) -> Window:
    names = [name for name in ("from_date", "to_date", "inclusive", "timezone") if name in given]
    return window(**{name: given.pop(name) for name in names})
