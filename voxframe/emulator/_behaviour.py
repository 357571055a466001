"""Everything about the service that its documentation leaves open, as switches."""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from voxframe.emulator._filters import Children
from voxframe.emulator._time import Fold, Moment, to_second

Order = Literal["start_date", "id", "almost", "end", "random-stable", "descending"]
Ties = Literal["id", "id_desc", "random"]
Absent = Literal["omit", "null", "empty", "mixed"]
Dirt = Literal[
    "number_as_text", "text_as_number", "long_cost", "empty_number", "empty_date", "null_lists",
    "lone_surrogate", "invalid_utf8",
]  # fmt: skip
Poison = Literal[
    "nan", "infinity", "minus_infinity", "too_big", "impossible_date", "missing_id", "null_id",
    "text_id", "list_as_text", "cost_of_40_digits", "nan_in_unknown", "year_one",
]  # fmt: skip
Total = Literal[
    "right", "missing", "zero", "negative", "false", "capped", "rounded_down", "rounded_up", "late",
]  # fmt: skip
Level = Literal["session", "calls", "records", "other_resource_usage"]
Kind = Literal["integer", "float", "text", "boolean", "list", "object", "null"]


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
    last : int
        Nothing changes after this request; 0 is never.
    between : bool
        It happens in the middle of a request, between its counting and its
        selecting (``Behaviour.counted``) and within its window, instead of after
        the request and anywhere.
    within : (moment, moment), optional
        It happens to sessions that start in ``[first, last)``, such as one second.

    Examples
    --------
    >>> from voxframe.emulator import Behaviour, Changes, Emulator, World
    >>> world = World(sessions=500)
    >>> moving = Behaviour(changes=Changes(add_every=1, size=2))
    >>> with Emulator(world, behaviour=moving) as emulator:
    ...     count = voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    >>> count.sessions, len(world)
    (500, 502)
    """

    add_every: int = 0
    purge_every: int = 0
    cost_every: int = 0
    size: int = 5
    last: int = 0
    between: bool = False
    within: tuple[Moment, Moment] | None = None


@dataclass(frozen=True, slots=True)
class ExtraField:
    """A field that no reference has, in the answers for some stretch of time.

    A field that changes its type is two of these with one name.

    Attributes
    ----------
    name : str
        Any text; ``start_day`` is as good as another.
    level : {"session", "calls", "records", "other_resource_usage"}
        Where it stands.
    kind : {"integer", "float", "text", "boolean", "list", "object", "null"}
        The type of its values.
    since, until : moment, optional
        Sessions that start in ``[since, until)`` have it, and their children.

    Examples
    --------
    >>> from voxframe.emulator import Behaviour, Emulator, ExtraField, World
    >>> new = Behaviour(fields=(ExtraField("mood", kind="text"),))
    >>> with Emulator(World(sessions=50), behaviour=new) as emulator:
    ...     history = voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    >>> dict(history.receipt.unknown_fields)
    {'sessions.mood': 50}
    """

    name: str
    _: KW_ONLY
    level: Level = "session"
    kind: Kind = "integer"
    since: Moment | None = None
    until: Moment | None = None

    def covers(self, start: int) -> bool:
        """Return whether a session that starts in this second has the field."""
        return (self.since is None or start >= to_second(self.since)) and (
            self.until is None or start < to_second(self.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One reading of what is not documented.

    Attributes
    ----------
    to_date_inclusive : bool
        Whether sessions that start in the second ``to_date`` belong to the answer.
    from_equals_to : {"ok", "error"}
        Whether a window may begin and end in the same second.
    dates : {"optional", "required"}
        Whether a request without ``from_date`` or ``to_date`` gets one month, and a
        word in ``warnings``, or error 101.
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
    request_timezone : str
        How ``from_date`` and ``to_date`` are read: ``same`` as the answers' dates,
        ``utc``, or in a timezone with an IANA name.
    fold : {"wide", "first", "second"}
        How a date in an hour that the clocks repeat is read: so that the window
        becomes as wide as it can be, or always in its first or second pass.
    fractions : bool
        Starts are kept with milliseconds and shown in seconds: sessions of one
        second lie in the order of their milliseconds, and where ``to_date`` is
        inclusive it takes those with none from its second.
    window_limit : float
        A window longer than so many days is shortened in silence; 0 is no limit.
    window_kept : {"first", "last"}
        Which end of such a window is kept.
    children : {"included", "on_request"}
        Whether child accounts' sessions are there when nothing is said about them.
    unknown_ids : {"left_out", "refused"}
        What becomes of a list of session ids of which one is unknown or outside of
        the window: the others are given, or error 150.
    unknown_parameters : tuple of str
        Parameters of which this service has never heard, of those that only newer
        references have: ``timezone``, ``min_duration``, ``max_duration``.
    on_unknown_parameter : {"refused", "ignored", "warned"}
        What becomes of them: error 101, nothing, or a word in ``warnings``.
    warnings : tuple of str
        Always in the envelope's ``warnings``.
    total_count : str
        ``right``; ``missing``; ``zero``; ``negative``: -1; ``false``: no number;
        ``capped``: never above `total_step`; ``rounded_down``, ``rounded_up``: to a
        multiple of `total_step`; ``late``: as it was `total_lag` requests ago.
    total_step, total_lag : int
        See ``total_count``.
    counted : {"together", "first", "last"}
        Whether the total is of the same moment as the rows, or counted before or
        after they are selected. ``Changes.between`` happens in between.
    gzip : bool, "auto" or "two"
        Compress answers; ``auto`` where ``Accept-Encoding`` allows it; ``two``: as
        two members, which RFC 1952 allows.
    absent : {"omit", "null", "empty", "mixed"}
        How a field is shown that a session does not have. ``empty`` is ``""``, for
        numbers and dates too; ``mixed`` changes from session to session.
    numbers_as_text : bool
        Every number is a string.
    extra_fields : bool
        Unknown fields at every level.
    fields : tuple of ExtraField
        Unknown fields that come, go, or change their type.
    end_reason : {"object", "text"}
        ``{"code": 480, "details": "User offline"}`` or ``"480 User offline"``.
    custom_data_limit : int
        The sessions' ``custom_data`` is cut at so many bytes (the live service: 200),
        in the middle of JSON or of a letter, and every eighth session that has one
        has a long one; 0 is no limit.
    escaped_slashes : bool
        A slash is written with a backslash before it.
    deep_nesting : int
        The landmark session has an unknown field with a list nested so deep.
    huge_session : int
        The landmark session has so many calls more.
    dirty : float
        Share of sessions with one odd value, of a kind in ``dirt``.
    dirt : tuple of str
        The kinds to choose from; ``emulator.dirt_of(id)`` tells which.
    poison : str, optional
        What is wrong with the landmark session beyond repair: a cost that is
        ``nan``, ``infinity``, ``minus_infinity`` or of 40 digits; a number past 2^63
        (``too_big``); ``impossible_date``; ``missing_id``, ``null_id``, ``text_id``;
        ``list_as_text``. Two are only odd: ``nan_in_unknown``, a NaN in a field that
        nobody knows, and ``year_one``, a call of the year 1.
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
    date : {"moved", "true"}
        Whether the ``Date`` of answers is where the world's clock stands, if it has
        one, or the true time. Tokens are judged by the true time.
    token_lifetime : float
        Seconds after ``iat`` at which a token ends even if ``exp`` is later.
    changes : Changes
        What happens to the world meanwhile.

    Examples
    --------
    >>> from voxframe.emulator import Behaviour, Emulator, World
    >>> odd = Behaviour(order="id", page_cap=100, numbers_as_text=True)
    >>> with Emulator(World(sessions=500), behaviour=odd) as emulator:
    ...     history = voxframe.read_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    >>> len(history), "text_for_number" in history.receipt.mended
    (500, True)
    """

    to_date_inclusive: bool = False
    from_equals_to: Literal["ok", "error"] = "ok"
    dates: Literal["optional", "required"] = "optional"
    order: Order = "start_date"
    ties: Ties = "id"
    desc_order: Literal["reverse", "start_only", "ignored"] = "reverse"
    timezone: str = "Etc/GMT"
    request_timezone: str = "same"
    fold: Fold = "wide"
    fractions: bool = False
    window_limit: float = 0.0
    window_kept: Literal["first", "last"] = "first"
    children: Children = "included"
    unknown_ids: Literal["left_out", "refused"] = "refused"
    unknown_parameters: tuple[str, ...] = ("timezone",)
    on_unknown_parameter: Literal["refused", "ignored", "warned"] = "refused"
    warnings: tuple[str, ...] = ()
    total_count: Total = "right"
    total_step: int = 1000
    total_lag: int = 5
    counted: Literal["together", "first", "last"] = "together"
    gzip: bool | Literal["auto", "two"] = False
    absent: Absent = "omit"
    numbers_as_text: bool = False
    extra_fields: bool = False
    fields: tuple[ExtraField, ...] = ()
    end_reason: Literal["object", "text"] = "object"
    custom_data_limit: int = 0
    escaped_slashes: bool = False
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
    date: Literal["moved", "true"] = "moved"
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

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Throttle, World
    >>> with Emulator(World(sessions=50), throttle=Throttle(per_second=20.0)) as emulator:
    ...     count = voxframe.count_call_history(
    ...         "2026-10-01",
    ...         "2026-11-01",
    ...         credentials=emulator.credentials,
    ...         base_url=emulator.base_url,
    ...     )
    >>> count.sessions
    50
    """

    max_parallel: int | None = None
    per_second: float | None = None
    same_within: float | None = None
    retry_after: str | float | None = None
