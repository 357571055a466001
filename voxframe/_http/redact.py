"""Somebody else's words, without what is a person's or a secret: pure."""

import re
from collections.abc import Iterable, Mapping

_NUMBERS = re.compile(r"\+?\d[\d\s().-]{5,}\d|\d{6,}")
_SECRETS = re.compile(r"[\w-]{12,}\.[\w-]{8,}\.[\w-]+|-----BEGIN.*", re.DOTALL)
_ADDRESSES = re.compile(r"\S+@\S+")
_LONGEST_MESSAGE = 300
# Filters whose values are a person's; what separates values in them.
_PERSONAL = (
    "remote_number",
    "remote_number_list",
    "local_number",
    "call_session_history_custom_data",
)
_BETWEEN = re.compile(r'[;,"\[\]\s]+')
_SHORTEST_VALUE = 3


def redact(text: str, form: Mapping[str, str]) -> str:
    """Take phone numbers, addresses, tokens and filters' values out of somebody else's words."""
    for value in _personal(form):
        text = text.replace(value, "[removed]")
    text = _SECRETS.sub("[removed]", text)
    text = _ADDRESSES.sub("[removed]", text)
    text = _NUMBERS.sub("[number]", text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def _personal(form: Mapping[str, str]) -> Iterable[str]:
    found = {
        value
        for name in _PERSONAL
        for value in (form.get(name, ""), *_BETWEEN.split(form.get(name, "")))
    }
    return sorted((v for v in found if len(v) >= _SHORTEST_VALUE), key=len, reverse=True)
