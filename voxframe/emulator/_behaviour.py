"""Everything about the service that its documentation leaves open, as switches."""

from dataclasses import dataclass
from typing import Literal

from voxframe.emulator._filters import Children

Order = Literal["start_date", "id", "almost", "end", "random-stable", "descending"]
Ties = Literal["id", "id_desc", "random"]
Absent = Literal["omit", "null", "empty", "mixed"]
Dirt = Literal[
    "number_as_text", "text_as_number", "long_cost", "empty_number", "empty_date", "null_lists",
    "lone_surrogate", "invalid_utf8",
]  # fmt: skip
Poison = Literal[
    "nan", "infinity", "minus_infinity", "too_big", "impossible_date", "missing_id", "null_id",
    "text_id", "list_as_text",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A world that changes by itself: after every so many requests something happens.

    Attributes
    ----------
    add_every, purge_every, cost_every : int
        After every so many requests sessions appear in the past, disappear, or
        cost more; 0 is never.
    size : int
        How many sessions each time.
    """

    add_every: int = 0
    purge_every: int = 0
    cost_every: int = 0
    size: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One reading of what is not documented.

    Attributes
    ----------
    to_date_inclusive : bool
        Whether sessions that start in the second ``to_date`` belong to the answer.
    from_equals_to : {"ok", "error"}
        Whether a window may begin and end in the same second.
    order : str
        ``start_date``; ``id``; ``almost``: by start date give or take five seconds;
        ``end``: start plus duration; ``random-stable``: no order, but the same at
        every request; ``descending``: the latest first.
    ties : {"id", "id_desc", "random"}
        Order among equals; ``random`` is another one at every request.
    desc_order : {"reverse", "start_only", "ignored"}
        What ``desc_order=true`` does: reverses everything, reverses but leaves ties
        as they were, or nothing.
    timezone : str
        IANA name of the answers' dates.
    request_timezone : {"same", "utc"}
        How ``from_date`` and ``to_date`` are read: as the answers' dates, or as UTC.
    children : {"included", "on_request"}
        Whether child accounts' sessions are there when nothing is said about them.
    gzip : bool or "auto"
        Compress answers; ``auto`` where ``Accept-Encoding`` allows it.
    absent : {"omit", "null", "empty", "mixed"}
        How a field is shown that a session does not have. ``empty`` is ``""``, for
        numbers and dates too; ``mixed`` changes from session to session.
    numbers_as_text : bool
        Every number is a string.
    extra_fields : bool
        Unknown fields at every level.
    deep_nesting : int
        The landmark session has an unknown field with a list nested so deep.
    huge_session : int
        The landmark session has so many calls more.
    dirty : float
        Share of sessions with one odd value, of a kind in ``dirt``.
    dirt : tuple of str
        The kinds to choose from; ``emulator.dirt_of(id)`` tells which.
    poison : str, optional
        What is wrong with the landmark session beyond repair.
    page_cap : int
        No answer has more rows than this, whatever ``count`` says; 0 is no cap.
    short_pages : bool
        Answers have a random part of the rows asked for, at least one.
    offset_ignored : bool
        Every offset is 0.
    repeat_page : bool
        The rows of the first answer are given again and again.
    clock_skew : float
        Seconds by which the service's clock is ahead of the true one.
    token_lifetime : float
        Seconds after ``iat`` at which a token ends even if ``exp`` is later.
    changes : Changes
        What happens to the world meanwhile.
    """

    to_date_inclusive: bool = False
    from_equals_to: Literal["ok", "error"] = "ok"
    order: Order = "start_date"
    ties: Ties = "id"
    desc_order: Literal["reverse", "start_only", "ignored"] = "reverse"
    timezone: str = "Etc/GMT"
    request_timezone: Literal["same", "utc"] = "same"
    children: Children = "included"
    gzip: bool | Literal["auto"] = False
    absent: Absent = "omit"
    numbers_as_text: bool = False
    extra_fields: bool = False
    deep_nesting: int = 0
    huge_session: int = 0
    dirty: float = 0.0
    dirt: tuple[Dirt, ...] = (
        "number_as_text", "text_as_number", "long_cost", "empty_number", "empty_date",
        "null_lists", "lone_surrogate", "invalid_utf8",
    )  # fmt: skip
    poison: Poison | None = None
    page_cap: int = 0
    short_pages: bool = False
    offset_ignored: bool = False
    repeat_page: bool = False
    clock_skew: float = 0.0
    token_lifetime: float = 3600.0
    changes: Changes = Changes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Limits on traffic; None is no limit.

    Attributes
    ----------
    max_parallel : int, optional
        More requests than this in flight are answered with HTTP 429.
    per_second : float, optional
        More than this many answered in a second's time give error 340.
    same_within : float, optional
        The same parameters again within so many seconds give error 515.
    retry_after : str or float, optional
        ``Retry-After`` of the 429: seconds, or "date" (5 s from now), "past" (an
        hour ago), "day" (a day ahead), or any text as it is.
    """

    max_parallel: int | None = None
    per_second: float | None = None
    same_within: float | None = None
    retry_after: str | float | None = None
