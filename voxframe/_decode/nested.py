"""Objects and lists of unknown fields: their JSON text, straight from the page's."""

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from voxframe._decode.values import long_integer

# Lone surrogates are in no page that Arrow has read, so these are no page's own.
_BEGIN, _END, _BETWEEN = "\ud800", "\ud801", "\ud802"


def texts(page: str, key: str) -> list[str]:
    """Return all objects and lists of a key that has letters of ASCII only, in order.

    The text is that of `as_json`, which takes several times as long.
    """
    quoted = f'"{key}"'
    begins = re.compile(rf"{quoted}(?<=[{{,\s]{quoted})\s*:\s*(?=[{{\[])")
    found: list[Any] = [None]
    for match in begins.finditer(page):
        found += (_BETWEEN, _DECODER.raw_decode(page, match.end())[0])
    text = json.dumps(found, ensure_ascii=False, default=lambda n: f"{_BEGIN}{n}{_END}")
    text = text.replace(f'"{_BEGIN}', "").replace(f'{_END}"', "")
    return text[:-1].split(f', "{_BETWEEN}", ')[1:]


def _constant(_: str) -> NoReturn:
    raise ValueError("NaN and infinities are not JSON")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=long_integer, parse_constant=_constant)
