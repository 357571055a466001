"""What is asked for, as a receipt says it: whole, but for what is a person's."""

import json
from collections.abc import Iterable

from voxframe._query.query import Query
from voxframe._receipt import Receipt
from voxframe._spec.parameters import PARAMETERS, is_personal

# A receipt is for reading; a thousand ids are not.
_MOST_SHOWN = 20


def asked(query: Query, *, account_id: int | None, address: str) -> Receipt:
    """Return a receipt of a read that has yet to begin."""
    names = dict.fromkeys(name for form in query.forms for name in form)
    return Receipt(
        from_date=query.window.from_date,
        to_date=query.window.to_date,
        inclusive=query.window.inclusive,
        filters={
            name: _shown(name, (form[name] for form in query.forms if name in form))
            for name in names
            if name not in PARAMETERS or PARAMETERS[name].role == "filter"
        },
        with_calls=query.forms[0].get("with_calls") == "true",
        with_records=query.forms[0].get("with_records") == "true",
        with_other_resources=query.forms[0].get("with_other_resources") == "true",
        account_id=account_id,
        address=address,
    )


def _shown(name: str, spelled: Iterable[str]) -> str:
    values = list(dict.fromkeys(value for text in spelled for value in _values(name, text)))
    if is_personal(name):
        # A number is asked for with and without its plus.
        values = list(dict.fromkeys(value.removeprefix("+") for value in values))
    if is_personal(name) or len(values) > _MOST_SHOWN:
        return f"{len(values)} value{'s' * (len(values) != 1)}"
    return ", ".join(values)


def _values(name: str, text: str) -> list[str]:
    parameter = PARAMETERS.get(name)
    if parameter is not None and parameter.kind == "numbers_json":
        return list(map(str, json.loads(text)))
    several = parameter is not None and parameter.several and not parameter.alone
    return text.split(";") if several else [text]
