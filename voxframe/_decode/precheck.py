"""What has to be known of a page's bytes before Arrow may read them.

Each check is here because Arrow was seen to crash on, or to accept without a
word, what it looks for. They may be wrong in one direction only: towards the
tolerant way, which decides.
"""

import re

import numpy as np
import pyarrow as pa

from voxframe._spec.tables import MONEY, PATHS, SCHEMAS

_MAX_NESTING = 64
# Of bytes at a time, to bound the memory that counting takes.
_CHUNK = 1 << 20
_MONEY_NAMES = {
    PATHS[table][field.name][-1].encode()
    for table, schema in SCHEMAS.items()
    for field in schema
    if field.type == MONEY
}
# As a number of less than 10**13 in all, since Arrow's 128 bits hold 24 decimals beside them and
# wrap around without a word; and not as text, which Arrow takes without a word, too.
_PLAIN = rb"-?[0-9]{1,9}(?:\.[0-9]{1,24})?[\s,}]"
_SCIENTIFIC = rb"-?[0-9]{1,4}(?:\.[0-9]{1,24})?[eE](?:-[0-9]{1,3}|\+?[0-9])[\s,}]"
_ODD_MONEY = re.compile(
    rb'"(%s)"(?=\s*:)(?!: ?(?:%s|null|%s))'
    % (b"|".join(map(re.escape, sorted(_MONEY_NAMES))), _PLAIN, _SCIENTIFIC)
)
# A letter, digit or underscore as an escape: no encoder does that, and a name could hide in it.
_HIDDEN_LETTER = re.compile(rb"\\u00(?:3[0-9]|[4-7])")
_NO_BRACKETS = bytes(each for each in range(256) if each not in b"{}[]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def may_nest_deep(body: bytes) -> bool:
    """Return whether brackets may be nested deeper than any answer is.

    Arrow's parser recurses, and 100,000 brackets overflow the C stack.
    """
    # Taking strings out costs as much as half of the parsing, so it is done only
    # where the brackets look as if it made a difference.
    return _looks_deep(body) and _looks_deep(_STRING.sub(b"", body))


def _looks_deep(body: bytes) -> bool:
    # The quickest way to what is one byte in eighty; numpy's masks take five times as long.
    found = np.frombuffer(body.translate(None, _NO_BRACKETS), np.uint8)
    depth = 0
    for begin in range(0, found.size, _CHUNK):
        brackets = found[begin : begin + _CHUNK] | 0x20  # [ to {, ] to }
        depths = depth + np.cumsum(np.where(brackets == ord("{"), 1, -1))
        if depths.max() > _MAX_NESTING or depths.min() < 0:
            return True
        depth = int(depths[-1])
    return False


def may_hide_names(body: bytes) -> bool:
    """Return whether a name may be spelled in another way than byte by byte."""
    # numpy finds all escapes in less than half of the time that the pattern takes for a page.
    data = np.frombuffer(body, np.uint8)
    at = np.flatnonzero(data[:-5] == ord("\\"))
    at = at[(data[at + 2] == ord("0")) & (data[at + 3] == ord("0"))]
    return any(_HIDDEN_LETTER.match(body, each) for each in at.tolist())


def odd_money(body: bytes) -> str | None:
    """Return the key of a cost that is text or may be too large, which Arrow takes in silence."""
    odd = _ODD_MONEY.search(body)
    return odd and odd[1].decode()


def check_utf8(text: pa.Buffer) -> None:
    """Refuse invalid UTF-8, which Arrow's JSON reader would copy into its strings.

    Parameters
    ----------
    text : pyarrow.Buffer
        The JSON text.

    Raises
    ------
    pyarrow.ArrowInvalid
        If it is not UTF-8.
    """
    offsets = pa.py_buffer(np.array([0, text.size], dtype=np.int64))
    pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, text]).validate(full=True)
