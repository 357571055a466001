"""Whose the far end of each leg is: the telephone network's, one's own, a machine's.

A ratio of answered calls, lines in use and the price of a minute concern the legs that the
network carried; an agent's own phone that rings is another matter. No field says which is
which, so the type and the number decide, and what the user says beats both.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from voxframe.errors import InvalidQueryError

SIDES = ("network", "own", "machine", "unknown")
"""What a leg's far end can be; a code is a place in this."""
NETWORK, OWN, MACHINE, UNKNOWN = range(len(SIDES))

_NETWORK_TYPES = ("pstn", "mobile", "tollfree")
_PHONE = r"^(\+|00)?[0-9]{7,15}$"
_TYPE_ENTRY = re.compile(r"[A-Za-z][A-Za-z_-]*")
_DOMAIN_ENTRY = re.compile(r"@[\w.-]+")
_NUMBER_ENTRY = re.compile(r"(\+|00)?[0-9]{2,15}\*?")

# What people write between the digits of a number.
_BETWEEN = r"[\s()./-]"
_WRITTEN = re.compile(rf"\+?(?:{_BETWEEN}*[0-9])+{_BETWEEN}*")

_RULES = (
    "a user of the account",
    "SIP, and its name is a telephone number: a trunk",
    "SIP, and its name is not a telephone number: a desk",
    "a type of the telephone network",
    "a telephone number",
    "neither a known type nor a telephone number",
)
_SIDE_OF_RULE = np.array([OWN, NETWORK, OWN, NETWORK, NETWORK, UNKNOWN])

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FarEnds:
    """What the user says of far ends: entry to side, the wider entries first."""

    entries: Mapping[str, int]

    @classmethod
    def of(
        cls,
        own: Collection[str] | str = (),
        machine: Collection[str] | str = (),
        network: Collection[str] | str = (),
    ) -> "FarEnds":
        """Check entries: a type, a SIP domain with ``@``, a number or the beginning of one.

        Raises
        ------
        ValueError
            For an entry of another form, or one that is named for two sides.
        """
        entries: dict[str, int] = {}
        for name, side, given in (
            ("own", OWN, own), ("machine", MACHINE, machine), ("network", NETWORK, network),
        ):  # fmt: skip
            if not isinstance(given, Collection):
                raise InvalidQueryError(
                    f"{name}: {_shown(given)} is not a type, a SIP domain, a number, or several."
                )
            for entry in [given] if isinstance(given, str) else given:
                key = _checked(name, entry)
                if entries.setdefault(key, side) != side:
                    raise ValueError(
                        f"{name}: {_shown(entry)} is named for {SIDES[entries[key]]} too; "
                        "one far end has one side."
                    )
        return cls({key: entries[key] for key in sorted(entries, key=_width)})


def _shown(entry: object) -> str:
    """Return an entry for a message; of a number only that it is one."""
    return "a number" if re.search(r"\d{4}", str(entry)) else repr(entry)


def _checked(name: str, entry: object) -> str:
    if isinstance(entry, str):
        if _TYPE_ENTRY.fullmatch(entry) or _DOMAIN_ENTRY.fullmatch(entry):
            return entry.lower()
        if _NUMBER_ENTRY.fullmatch(entry):
            return re.sub(r"^(\+|00)", "", entry)
    raise ValueError(
        f"{name}: {_shown(entry)} is not a type such as 'user', a SIP domain such as "
        "'@pbx.example.com', or a number or its beginning such as '+4420794601*'."
    )


def _width(entry: str) -> tuple[int, int]:
    """Return what orders entries from the widest to the narrowest."""
    if entry[0] == "@":
        return 1, 0
    if not entry[0].isdigit():
        return 0, 0
    return (2, len(entry)) if entry.endswith("*") else (3, 0)


def normalised(numbers: pa.Array) -> pa.Array:
    """Return numbers as they compare: out of a SIP address, without ``+`` or ``00``."""
    # What is not digits alone is a name, which may begin with 00, too.
    return pc.replace_substring_regex(sip_users(numbers), r"^(?:\+|00)([0-9]+)$", r"\1")


def as_compared(number: str) -> str:
    """Return a number as people write it, with spaces, brackets or dashes, as it compares."""
    bare = re.sub(_BETWEEN, "", number) if _WRITTEN.fullmatch(number) else number
    return str(normalised(pa.array([bare]))[0].as_py())


def in_one_spelling(numbers: pa.Array) -> pa.Array:
    """Return international numbers (ITU-T E.164) without ``+`` or ``00``, all else as it is.

    After either prefix a country code follows, which never begins with 0, and with it a
    number has 7 to 15 digits; what is shorter may be an extension, ``0...`` a national number.
    """
    return pc.replace_substring_regex(numbers, r"^(?:\+|00)([1-9][0-9]{6,14})$", r"\1")


def sip_users(numbers: pa.Array) -> pa.Array:
    """Return the user of each SIP address, and whatever is not one as it is."""
    return pc.replace_substring_regex(numbers, r"^[sS][iI][pP][sS]?:([^@;]*).*$", r"\1")


def lower(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return texts in lower case, categories as plain text."""
    return pc.utf8_lower(texts.cast(pa.string()))


def sip_domains(numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the domain of each SIP address, in lower case; null for what is not one."""
    is_sip = pc.match_substring_regex(numbers, r"^[sS][iI][pP][sS]?:[^@;]*@")
    bare = pc.replace_substring_regex(numbers, r"^[^@]*@([^;:>?]*).*$", r"\1")
    return pc.if_else(is_sip, pc.utf8_lower(bare), pa.scalar(None, pa.string()))


@dataclass(frozen=True, slots=True)
class Judged:
    """Each leg's side and the rule that decided.

    Attributes
    ----------
    side : ndarray
        A place in ``SIDES``.
    rule : ndarray
        A place in ``rules``.
    rules : tuple of str
        In words.
    """

    side: Ints
    rule: Ints
    rules: tuple[str, ...]


def _distinct(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Return each row's place among the distinct texts of a column; null is the last place."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    labels = whole.dictionary.cast(pa.string())
    codes = pc.fill_null(whole.indices.cast(pa.int64()), len(labels)).to_numpy()
    return np.asarray(codes, np.int64), pa.concat_arrays([labels, pa.nulls(1, pa.string())])


def _is(labels: pa.Array, wanted: Iterable[str]) -> NDArray[np.bool_]:
    return np.asarray(pc.is_in(labels, pa.array(list(wanted), pa.string())))


def judge(calls: pa.Table, far_ends: FarEnds) -> Judged:
    """Decide the side of each leg; see :func:`far_ends` for the rules."""
    type_codes, types = _distinct(calls["remote_number_type"])
    number_codes, numbers = _distinct(calls["remote_number"])
    types = lower(types)
    phone = np.asarray(
        pc.fill_null(pc.match_substring_regex(sip_users(numbers), _PHONE), pa.scalar(value=False))
    )[number_codes]
    user, sip, carried = (_is(types, w)[type_codes] for w in (["user"], ["sip"], _NETWORK_TYPES))
    rule = np.select([user, sip & phone, sip, carried, phone], [0, 1, 2, 3, 4], 5)
    side = _SIDE_OF_RULE[rule]
    rules = list(_RULES)
    domains, plain = sip_domains(numbers), normalised(numbers)
    for entry, own_side in far_ends.entries.items():
        if entry[0] == "@":
            hit = _is(domains, [entry[1:]])[number_codes]
        elif not entry[0].isdigit():
            hit = _is(types, [entry])[type_codes]
        elif entry.endswith("*"):
            begins = pc.starts_with(plain, entry[:-1])
            hit = np.asarray(pc.fill_null(begins, pa.scalar(value=False)))[number_codes]
        else:
            hit = _is(plain, [entry])[number_codes]
        side, rule = np.where(hit, own_side, side), np.where(hit, len(rules), rule)
        what = "a number" if entry[0].isdigit() else f"'{entry}'"
        rules.append(f"{what} is given as {SIDES[own_side]}")
    return Judged(side, rule, tuple(rules))
