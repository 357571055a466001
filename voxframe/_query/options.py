"""What a read takes, declared once and checked before any request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from voxframe._progress import Report
from voxframe._query.query import Query, query, spell
from voxframe._query.window import DateLike, Window, window
from voxframe.errors import InvalidQueryError


class Filters(TypedDict, total=False):
    """The documented filters; lists may be any iterable or one value."""

    call_session_history_id: Iterable[int] | int | None
    application_id: Iterable[int] | int | None
    application_name: Iterable[str] | str | None
    user_id: Iterable[int] | int | None
    rule_name: str | None
    remote_number: Iterable[str] | str | None
    remote_number_list: Iterable[str] | str | None
    local_number: Iterable[str] | str | None
    call_session_history_custom_data: str | None
    child_account_id: Iterable[int] | int | None
    children_calls_only: bool | None
    min_duration: int | None
    max_duration: int | None


class ReadOptions(Filters, total=False):
    """What a read takes besides its window."""

    inclusive: str
    timezone: str
    with_calls: bool
    with_records: bool
    with_other_resources: bool
    desc_order: bool
    progress: bool | Report | None
    unknown_fields: str


class PageParameters(Filters, total=False):
    """The documented parameters of GetCallHistory; of applications it takes one."""

    from_date: DateLike
    to_date: DateLike
    with_calls: bool | None
    with_records: bool | None
    with_other_resources: bool | None
    desc_order: bool | None
    with_total_count: bool | None
    count: int | None
    offset: int | None


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


def prepare(from_date: DateLike, to_date: DateLike, options: Mapping[str, Any]) -> ReadSpec:
    """Check everything that can be checked before a request.

    Raises
    ------
    InvalidQueryError
        Something cannot be asked; the message names the parameter.
    """
    given = dict(options)
    inside = window(
        from_date,
        to_date,
        inclusive=given.pop("inclusive", "left"),
        timezone=given.pop("timezone", "UTC"),
    )
    desc_order = given.pop("desc_order", False)
    spell("desc_order", desc_order)
    progress = given.pop("progress", None)
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidQueryError("progress: needs True, False, None or a callable")
    unknown_fields = given.pop("unknown_fields", "keep")
    if unknown_fields not in ("keep", "ignore", "raise"):
        raise InvalidQueryError(
            f"unknown_fields: {unknown_fields!r} is none of 'keep', 'ignore', 'raise'",
        )
    for name in ("with_calls", "with_records", "with_other_resources"):
        given.setdefault(name, True)
    unknown = set(given) - ReadOptions.__optional_keys__
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    return ReadSpec(query(inside, **given), bool(desc_order), progress, unknown_fields)
