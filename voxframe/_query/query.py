"""What is asked of the service: filters checked, and spelled as the service reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voxframe._query.spelling import integer, spell, spellings
from voxframe._query.window import Window
from voxframe._spec.limits import MOST_IDS
from voxframe._spec.parameters import PARAMETERS
from voxframe.errors import InvalidQueryError

Form = dict[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query.

    Attributes
    ----------
    window : Window
        The sessions' starts.
    forms : tuple of dict
        The filters as form fields. More than one where the service takes one
        value a request (``application_id``) or at most 1000 (session ids);
        their results together are the query's result.
    """

    window: Window
    forms: tuple[Mapping[str, str], ...] = field(default=({},), repr=False)

    @property
    def splittable_by(self) -> tuple[str, ...]:
        """Fields that the filters leave open, by which a dense second can be split."""
        used = {name for form in self.forms for name in form}
        fixed = {PARAMETERS[name].splits for name in used}
        fields = dict.fromkeys(each.splits for each in PARAMETERS.values() if each.splits)
        return tuple(name for name in fields if name not in fixed)


def query(window: Window, **filters: Any) -> Query:
    """Check the filters of a query and spell them as form fields.

    Parameters
    ----------
    window : Window
        The sessions' starts.
    **filters
        The documented parameters of GetCallHistory; None selects nothing less.

    Raises
    ------
    InvalidQueryError
        A filter has a wrong type or value, or contradicts another one.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    refuse_contradictions(given)
    form: Form = {}
    spread: dict[str, list[str]] = {}
    for name, value in given.items():
        parameter = PARAMETERS.get(name)
        if parameter is not None and parameter.alone:
            spread[name] = spellings(parameter, value)
        elif parameter is not None and name == "call_session_history_id":
            ids = spellings(parameter, value)
            spread[name] = [
                ";".join(ids[at : at + MOST_IDS]) for at in range(0, len(ids), MOST_IDS)
            ]
        else:
            form[name] = spell(name, value)
    forms: list[Form] = [form]
    for name, spelled in spread.items():
        forms = [{**old, name: one} for old in forms for one in spelled]
    return Query(window, tuple(forms))


def refuse_contradictions(given: Mapping[str, object]) -> None:
    """Refuse filters that the service ignores, or cannot take, beside each other.

    Raises
    ------
    InvalidQueryError
        The message names them.
    """
    by_application = {"application_id", "application_name"} & set(given)
    if len(by_application) > 1:
        raise InvalidQueryError("application_name: give it or application_id, not both")
    if "rule_name" in given and not by_application:
        raise InvalidQueryError(
            "rule_name: the service applies it only together with application_id or "
            "application_name; give one of them too",
        )
    if {"remote_number", "remote_number_list"} <= set(given):
        raise InvalidQueryError(
            "remote_number: the service ignores it beside remote_number_list; give one of them",
        )
    if {"min_duration", "max_duration"} <= set(given):
        low, high = (integer(name, given[name]) for name in ("min_duration", "max_duration"))
        if low > high:
            raise InvalidQueryError(f"min_duration: {low} is above max_duration, {high}")
