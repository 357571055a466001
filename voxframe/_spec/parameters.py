"""The parameters of GetCallHistory, each declared once.

How a value is spelled, whether it may be shown, what option the command line has for
it and what a dense second can be split by: all of it follows from the line here
(https://voximplant.com/docs/references/httpapi/history#getcallhistory).
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["integer", "integers", "text", "texts", "numbers", "numbers_json", "flag"]
"""What a value is. Several are joined by ``;``, or are a JSON array; numbers are phone numbers."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One documented parameter.

    Attributes
    ----------
    name : str
        As the service and the keywords of voxframe spell it.
    kind : Kind
        How its value is checked and spelled.
    meaning : str
        What it does, in the words of the command line's help.
    role : {"filter", "content", "page"}
        Selects sessions, adds tables, or is about one page only.
    personal : bool
        Its values are a person's and are shown nowhere.
    alone : bool
        The service takes one value a request; several are asked for one after the other.
    splits : str, optional
        The field of a session that it fixes; left out, a dense second can be split by it.
    word : str, optional
        A word that is taken instead of values.
    """

    name: str
    kind: Kind
    meaning: str = ""
    role: Literal["filter", "content", "page"] = "filter"
    personal: bool = False
    alone: bool = False
    splits: str | None = None
    word: str | None = None

    @property
    def several(self) -> bool:
        """Whether it takes any number of values."""
        return self.alone or self.kind not in ("integer", "text", "flag")


PARAMETERS: dict[str, Parameter] = {
    parameter.name: parameter
    for parameter in (
        Parameter("call_session_history_id", "integers", "only these sessions"),
        Parameter("application_id", "integer", "only these applications",
                  alone=True, splits="application_id"),
        Parameter("application_name", "text", "only these applications, by name",
                  alone=True, splits="application_id"),
        Parameter("user_id", "integers", "only these users", splits="user_id"),
        Parameter("rule_name", "text", "only this rule; together with an application"),
        Parameter("remote_number", "numbers", "only calls with these remote numbers",
                  personal=True),
        Parameter("remote_number_list", "numbers_json", "the same for numbers that hold a ';'",
                  personal=True),
        Parameter("local_number", "numbers", "only calls with these local numbers",
                  personal=True),
        Parameter("call_session_history_custom_data", "text",
                  "only sessions with this custom data", personal=True),
        Parameter("child_account_id", "integers", "only these child accounts, or all",
                  word="all"),
        Parameter("children_calls_only", "flag", "only calls of child accounts"),
        Parameter("min_duration", "integer", "only sessions of so many seconds or more",
                  splits="duration"),
        Parameter("max_duration", "integer", "only sessions of so many seconds or fewer",
                  splits="duration"),
        Parameter("with_calls", "flag", "calls", role="content"),
        Parameter("with_records", "flag", "records", role="content"),
        Parameter("with_other_resources", "flag", "other resources", role="content"),
        Parameter("desc_order", "flag", role="page"),
        Parameter("with_total_count", "flag", role="page"),
        Parameter("count", "integer", role="page"),
        Parameter("offset", "integer", role="page"),
    )
}  # fmt: skip


def of_role(role: str) -> list[Parameter]:
    """Return the parameters of one role, in order."""
    return [parameter for parameter in PARAMETERS.values() if parameter.role == role]


def is_personal(name: str) -> bool:
    """Return whether a form field's values are a person's; an unknown one's may be."""
    if name in ("from_date", "to_date"):
        return False
    return name not in PARAMETERS or PARAMETERS[name].personal
