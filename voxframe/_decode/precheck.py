"""What has to be known of a page's bytes before Arrow may read them.

Each check is here because Arrow was seen to crash on, or to accept without a
word, what it looks for. They may be wrong in one direction only: towards the
tolerant way, which decides.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_MAX_NESTING = 64
_BLOCK = 128
# Of bytes at a time: what stays in the cache, and is no fresh memory every time.
_CHUNK = 4096 * _BLOCK
_WORDS = _BLOCK // 8
_LANES = np.uint64(0x0101010101010101)
_COST = np.frombuffer(b"cost", np.uint32)[0]
_NUMBER_OR_NULL = np.isin(np.arange(256, dtype=np.uint8), np.frombuffer(b"-0123456789n", np.uint8))


def may_nest_deep(body: bytes) -> bool:
    """Say whether brackets may be nested deeper than any answer is.

    Arrow's parser recurses, and 100,000 brackets overflow the C stack.

    Parameters
    ----------
    body : bytes
        The JSON text.

    Returns
    -------
    bool
        False only if no more than about a hundred are open at any place.
    """
    # Telling the brackets within strings apart costs as much as half of the
    # parsing, so it is done only where they look as if they made a difference.
    return _looks_deep(np.frombuffer(body, np.uint8)) and _looks_deep(_without_strings(body))


def _without_strings(body: bytes) -> NDArray[np.uint8]:
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    letters = np.frombuffer(plain, np.uint8)
    quotes = np.add.accumulate(letters == ord('"'), dtype=np.uint8)
    return np.where(quotes & 1, np.uint8(0), letters)


def _looks_deep(letters: NDArray[np.uint8]) -> bool:
    depth = 0
    for begin in range(0, len(letters), _CHUNK):
        blocks = depth + np.cumsum(_opened(letters[begin : begin + _CHUNK]))
        if blocks.max() > _MAX_NESTING or blocks.min() < 0:
            return True
        depth = int(blocks[-1])
    return False


def _opened(letters: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how many more brackets each block opens than it closes."""
    plain = np.zeros(-(-len(letters) // _BLOCK) * _BLOCK, dtype=np.uint8)
    np.bitwise_or(letters, 0x20, out=plain[: len(letters)])  # [ to {, ] to }
    return _per_block(plain == ord("{")) - _per_block(plain == ord("}"))


def _per_block(hits: NDArray[np.bool_]) -> NDArray[np.int64]:
    # Eight bytes at a time. Each byte of a word counts to 16 at most, and the
    # product gathers their sum, 128 at most, in the highest byte.
    words: NDArray[np.uint64] = np.einsum("ij->i", hits.view(np.uint64).reshape(-1, _WORDS))
    sums: NDArray[np.int64] = ((words * _LANES) >> np.uint64(56)).astype(np.int64)
    return sums


def may_quote_cost(body: bytes) -> bool:
    """Say whether a cost may be anything but a bare number, which Arrow takes in silence.

    Parameters
    ----------
    body : bytes
        The JSON text.

    Returns
    -------
    bool
        False only if the key ``"cost"`` is always followed by a colon, at most
        one space and a number or null.
    """
    letters = np.frombuffer(body, np.uint8)
    for shift in range(4):
        count = (len(letters) - shift) // 4
        words = letters[shift : shift + 4 * count].view(np.uint32)
        found = np.flatnonzero(words == _COST) * 4 + shift
        found = found[(found > 0) & (found + 8 < len(letters))]
        found = found[(letters[found - 1] == ord('"')) & (letters[found + 4] == ord('"'))]
        value = letters[found + 6]
        value = np.where(value == ord(" "), letters[found + 7], value)
        if not (np.all(letters[found + 5] == ord(":")) and np.all(_NUMBER_OR_NULL[value])):
            return True
    return False


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
