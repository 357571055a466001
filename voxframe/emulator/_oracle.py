"""The filters once more, judged on one rendered session: the second opinion."""

from typing import Any

from voxframe.emulator._filters import Children, Filters, accounts


def _among(value: Any, wanted: tuple[Any, ...] | None) -> bool:
    return wanted is None or value in wanted


def _equal(value: Any, wanted: Any) -> bool:
    return wanted is None or value == wanted


def _any_call(session: dict[str, Any], field: str, wanted: tuple[str, ...] | None) -> bool:
    return wanted is None or any(call.get(field) in wanted for call in session["calls"])


def _lasted(session: dict[str, Any], shortest: int | None, longest: int | None) -> bool:
    if shortest is None and longest is None:
        return True
    seconds = session.get("duration")
    return seconds is not None and not (
        (shortest is not None and seconds < shortest) or (longest is not None and seconds > longest)
    )


def accepts(session: dict[str, Any], filters: Filters, children: Children) -> bool:
    """Return whether a session in full passes the filters."""
    f = filters
    return (
        session["account_id"] in accounts(f, children)
        and _among(session["call_session_history_id"], f.call_session_history_id)
        and _equal(session["application_id"], f.application_id)
        and _equal(session["application_name"], f.application_name)
        and _equal(session["rule_name"], f.rule_name)
        and _among(session.get("user_id"), f.user_id)
        and _any_call(session, "remote_number", f.remote_number)
        and _any_call(session, "local_number", f.local_number)
        and _equal(session.get("custom_data"), f.call_session_history_custom_data)
        and _lasted(session, f.min_duration, f.max_duration)
    )
