"""Somebody else's words, without what is a person's or a secret: pure."""

import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from voxframe._spec.parameters import is_personal
from voxframe._text import printable

# What separates values in a filter.
_BETWEEN = re.compile(r'[;,"\[\]\s]+')
_SHORTEST_VALUE = 3

# A JWT, whose header is a JSON object; what follows "Bearer"; a PEM; and whatever is as long and
# as mixed as a line of a key or a signature.
_SECRETS = re.compile(
    r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|\bBearer\s+\S+|-----BEGIN.*"
    r"|(?=\D{0,200}\d)[\w+/=-]{40,}",
    re.DOTALL | re.IGNORECASE,
)
_ADDRESSES = re.compile(r"[^\s@]{1,100}@\S+")

# Between the digits of a number people write spaces, dashes, dots, slashes, brackets, and what
# cannot be seen; never letters, nor what separates one value from the next.
_SEPARATOR = r"""(?:[^\w:;,="'<>\[\]{}&?!@#%$^]|_){0,4}"""
_DAY, _MONTH, _YEAR = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATES = re.compile(
    rf"(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2{_YEAR}"
    rf"|{_MONTH}([-/.]){_DAY}\3{_YEAR})"
    r"(?:[T ]+\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?(?![-/.]?\d)",
)
_NUMBERS = re.compile(rf"\+?\d(?:{_SEPARATOR}\d)*")
# Six digits in one, or seven with something between them, can be somebody's number.
_FEWEST_DIGITS, _FEWEST_DIGITS_APART = 6, 7

# What is shown of a message, and what is looked at for that: enough to hold it after the cuts.
_LONGEST_MESSAGE = 300
_LONGEST_LOOKED_AT = 2000
_LONGEST_SPELLED = 4 * _LONGEST_LOOKED_AT


def redact(text: str, form: Mapping[str, str]) -> str:
    """Take phone numbers, addresses, secrets and filters' values out of somebody else's words.

    Parameters
    ----------
    text : str
        The words, of any length and with any characters.
    form : Mapping of str
        What was asked, as form fields.

    Returns
    -------
    str
        One line of printable characters, at most 300.
    """
    spelled = _plain(html.unescape(unquote(text[:_LONGEST_SPELLED])))
    if len(text) > _LONGEST_SPELLED or len(spelled) > _LONGEST_LOOKED_AT:
        # Half a number is not recognized, so what is looked at does not end in one.
        spelled = re.sub(r"\S*\Z|[\d\W]*\Z", "", spelled[:_LONGEST_LOOKED_AT])
    values = _personal(form)
    if values:
        spellings = {s for v in values for s in (_plain(v), quote(v), quote_plus(v), _in_json(v))}
        longest_first = sorted(map(re.escape, spellings), key=len, reverse=True)
        spelled = re.sub("|".join(longest_first), "[removed]", spelled, flags=re.IGNORECASE)
    spelled = _SECRETS.sub("[removed]", spelled)
    spelled = _ADDRESSES.sub("[removed]", spelled)
    numbers = {n for n in map(_digits, values) if len(n) >= _SHORTEST_VALUE}
    spelled = "".join(_without_numbers(spelled, numbers))
    shown = printable(" ".join(spelled.split()))
    return shown if len(shown) <= _LONGEST_MESSAGE else shown[: _LONGEST_MESSAGE - 1] + "…"


def _plain(text: str) -> str:
    """Return a text in one spelling: digits, dashes and spaces of all scripts as in ASCII."""
    return unicodedata.normalize("NFKC", text)


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) for c in _plain(text) if c.isdecimal())


def _without_numbers(text: str, personal: Collection[str]) -> Iterator[str]:
    at = 0
    while (found := _NUMBERS.search(text, at)) is not None:
        yield text[at : found.start()]
        date = _DATES.match(text, found.start())
        if date is not None:
            yield date.group()
            at = date.end()
            continue
        number, digits = found.group(), _digits(found.group())
        whole = len(digits) == len(number.removeprefix("+"))
        fewest = _FEWEST_DIGITS if whole else _FEWEST_DIGITS_APART
        yield "[number]" if len(digits) >= fewest or digits in personal else number
        at = found.end()
    yield text[at:]


def _personal(form: Mapping[str, str]) -> set[str]:
    """Return the personal values of a form, and the parts of each."""
    return {
        value
        for name, text in form.items()
        if is_personal(name)
        for value in (text, *_BETWEEN.split(text))
        if len(value) >= _SHORTEST_VALUE
    }
