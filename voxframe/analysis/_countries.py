"""Which country a number lies in, by the numbering plan (ITU-T E.164)."""

from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from voxframe._extras import needed_for

_SIGNIFICANT = 8
"""Digits after the calling code's first that tell countries of a shared code apart."""
_SHORTEST = 7


def _library() -> Any:
    with needed_for("grouping by country", "numbers"):
        import phonenumbers  # noqa: PLC0415
    return phonenumbers


def _digits(numbers: pa.Array) -> pa.Array:
    """Reduce every number to its international digits, null where it is none."""
    bare = pc.replace_substring_regex(numbers, r"^sips?:([^@;]*).*$", r"\1")
    bare = pc.replace_substring_regex(bare, r"[\s().-]", "")
    bare = pc.replace_substring_regex(bare, r"^(\+|00)", "")
    is_number = pc.match_substring_regex(bare, f"^[1-9][0-9]{{{_SHORTEST - 1},14}}$")
    return pc.if_else(is_number, bare, pa.scalar(None, pa.string()))


@lru_cache(maxsize=1 << 18)
def _region(digits: str) -> str | None:
    phonenumbers = _library()
    table = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    for length in (1, 2, 3):
        code = int(digits[:length])
        if code not in table:
            continue
        regions = table[code]
        if len(regions) == 1:
            return None if regions[0] == "001" else str(regions[0])
        national = digits[length:]
        number = phonenumbers.PhoneNumber(
            code, int(national or 0), italian_leading_zero=national.startswith("0")
        )
        return str(phonenumbers.region_code_for_number(number) or regions[0])
    return None


def countries(numbers: pa.Array) -> pa.Array:
    """Return the country of each number, as ISO 3166-1 alpha-2.

    The calling code decides (ITU-T E.164); where countries share one (+1, +7, +44 …),
    the number's first digits do, and a number that fits none of them counts
    to the code's main country. Numbers are read as international, with ``+``,
    ``00`` or neither, and out of a SIP address.

    Parameters
    ----------
    numbers : pyarrow.Array of string
        Distinct numbers, user names or SIP addresses.

    Returns
    -------
    pyarrow.Array of string
        Null for what is no international number, or belongs to no country.

    Raises
    ------
    ImportError
        Without the ``numbers`` extra.
    """
    _library()
    digits = _digits(numbers)
    # Numbers that share their first digits and their length share their country.
    head = pc.utf8_slice_codeunits(digits, 0, _SIGNIFICANT)
    lengths = pc.utf8_length(digits)
    shapes = pc.binary_join_element_wise(head, lengths.cast(pa.string()), " ")
    encoded = shapes.dictionary_encode()
    regions = [_region_of_shape(shape) for shape in encoded.dictionary.to_pylist()]
    return pa.array(regions, pa.string()).take(encoded.indices)


def _region_of_shape(shape: str) -> str | None:
    head, length = shape.split(" ")
    # The digits that are left out are filled up; they do not tell countries apart.
    return _region(head.ljust(int(length), "2"))
