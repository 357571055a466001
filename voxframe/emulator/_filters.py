"""The service's filters as masks over columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from voxframe.emulator._catalogue import (
    ACCOUNT,
    AGENTS,
    APPLICATIONS,
    CUSTOM_DATA,
    LEGS,
    USER_BASE,
    Role,
    customers,
)
from voxframe.emulator._generate import Columns
from voxframe.emulator._render import WITH_USER

Mask = NDArray[np.bool_]
Children = Literal["included", "on_request"]

_HAS: Final = {
    role: np.array([any(leg.role is role for leg in legs) for legs in LEGS]) for role in Role
}
_HAS_CALLS: Final = np.array([bool(legs) for legs in LEGS])
_HAS_USER: Final = np.array(WITH_USER)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request filters by; None means no such filter."""

    call_session_history_id: tuple[int, ...] | None = None
    application_id: int | None = None
    application_name: str | None = None
    user_id: tuple[int, ...] | None = None
    rule_name: str | None = None
    remote_number: tuple[str, ...] | None = None
    local_number: tuple[str, ...] | None = None
    call_session_history_custom_data: str | None = None
    child_account_id: tuple[int, ...] | None = None
    children_calls_only: bool = False
    min_duration: int | None = None
    max_duration: int | None = None


def accounts(filters: Filters, children: Children) -> frozenset[int]:
    """Return the accounts whose sessions are asked for."""
    every = {app.account for app in APPLICATIONS}
    if filters.child_account_id is not None:
        chosen = {ACCOUNT, *filters.child_account_id}
    elif filters.children_calls_only or children == "included":
        chosen = every
    else:
        chosen = {ACCOUNT}
    return frozenset(chosen - {ACCOUNT} if filters.children_calls_only else chosen)


def _by_application(columns: Columns, wanted: Callable[[Any], bool]) -> Mask:
    table = np.array([wanted(app) for app in APPLICATIONS])
    return np.asarray(table[columns.application], dtype=np.bool_)


def _by_rule(columns: Columns, rule: str) -> Mask:
    mask = np.zeros(len(columns), dtype=np.bool_)
    for number, app in enumerate(APPLICATIONS):
        if rule in app.rules:
            mask |= (columns.application == number) & (columns.rule == app.rules.index(rule))
    return mask


def _by_local(columns: Columns, numbers: tuple[str, ...]) -> Mask:
    mask = np.zeros(len(columns), dtype=np.bool_)
    for number, app in enumerate(APPLICATIONS):
        for place, local in enumerate(app.locals):
            if local in numbers:
                mask |= (columns.application == number) & (columns.local == place)
    mask &= _HAS_CALLS[columns.pattern]
    return mask


@lru_cache(maxsize=1)
def _customer_index() -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for i, end in enumerate(customers()):
        index.setdefault(end.number, []).append(i)
    return index


def _by_remote(columns: Columns, numbers: tuple[str, ...]) -> Mask:
    mask = np.zeros(len(columns), dtype=np.bool_)

    def add(column: NDArray[Any], value: int, role: Role) -> None:
        nonlocal mask
        mask |= (column == value) & _HAS[role][columns.pattern]

    for number in numbers:
        for customer in _customer_index().get(number, []):
            add(columns.customer, customer, Role.CUSTOMER)
            add(columns.customer, (customer - 1) % len(customers()), Role.GUEST)
        for agent in [i for i, end in enumerate(AGENTS) if end.number == number]:
            add(columns.agent, agent, Role.AGENT)
            add(columns.agent, (agent - 1) % len(AGENTS), Role.SECOND_AGENT)
    return mask


def _by_user(columns: Columns, users: tuple[int, ...]) -> Mask:
    agents = np.array(users, dtype=np.int64) - USER_BASE
    mask: Mask = np.isin(columns.agent, agents) & _HAS_USER[columns.pattern]
    return mask


def _by_custom_data(columns: Columns, text: str) -> Mask:
    return np.isin(columns.tag, [tag for tag, data in enumerate(CUSTOM_DATA) if data == text])


# A session without a duration is neither longer nor shorter than anything.
_MASKS: Final[Mapping[str, Callable[[Columns, Any], Mask]]] = {
    "call_session_history_id": lambda c, ids: np.isin(c.id, ids),
    "application_id": lambda c, wanted: _by_application(c, lambda app: app.id == wanted),
    "application_name": lambda c, wanted: _by_application(c, lambda app: app.name == wanted),
    "user_id": _by_user,
    "rule_name": _by_rule,
    "remote_number": _by_remote,
    "local_number": _by_local,
    "call_session_history_custom_data": _by_custom_data,
    "min_duration": lambda c, seconds: c.duration >= max(seconds, 0),
    "max_duration": lambda c, seconds: (c.duration <= seconds) & (c.duration >= 0),
}


def without_plus(filters: Filters) -> Filters:
    """Return what finds the same numbers where they are kept without ``+``.

    They are compared as they are written: what is asked with ``+`` finds nothing.
    """

    def kept(numbers: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if numbers is None:
            return None
        bare = [number for number in numbers if not number.startswith("+")]
        return (*bare, *(f"+{number}" for number in bare))

    remote, local = kept(filters.remote_number), kept(filters.local_number)
    return replace(filters, remote_number=remote, local_number=local)


def mask_of(columns: Columns, filters: Filters, children: Children) -> Mask:
    """Mark the sessions that a request's filters let through."""
    shown = accounts(filters, children)
    result = _by_application(columns, lambda app: app.account in shown)
    for name, mask in _MASKS.items():
        if (value := getattr(filters, name)) is not None:
            result &= mask(columns, value)
    return result
