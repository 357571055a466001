"""An answer's body: read whole, inflated, within a time and a size."""

import time
import zlib
from collections.abc import Iterable, Iterator

from voxframe._http.library import httpx
from voxframe._http.network import NetworkError, TooLargeError
from voxframe.errors import TransportError

LARGEST_BODY = 128 * 2**20
"""Bytes of one inflated answer, at most. A page of 1000 full sessions has about 1.5 million."""

_CHUNK = 1 << 18
_GZIP = 31  # zlib's name for a gzip wrapper


def read_whole(response: httpx.Response, deadline: float) -> bytes:
    """Read and inflate a body; a stream that ends early, or never, is an error.

    Parameters
    ----------
    response : httpx.Response
        Not read yet.
    deadline : float
        By `time.monotonic`.

    Raises
    ------
    NetworkError, TooLargeError, TransportError
    """
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("gzip", "x-gzip", "identity", ""):
        raise NetworkError(f"an answer in the encoding {encoding[:20]!r}, which was not asked for")
    raw = response.iter_raw()
    pieces: list[bytes] = []
    size = 0
    for piece in inflated(raw) if "gzip" in encoding else raw:
        if time.monotonic() > deadline:
            raise NetworkError("no whole answer within its time")
        size += len(piece)
        if size > LARGEST_BODY:
            raise _too_large([*pieces, piece])
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Inflate in pieces, so that a small body cannot fill the memory before it is measured.

    Parameters
    ----------
    chunks : Iterable of bytes
        One gzip member or several, https://www.rfc-editor.org/rfc/rfc1952#page-5

    Raises
    ------
    NetworkError
        They are not gzip, end early, or hold something else at their end.
    """
    member: zlib._Decompress | None = None
    for chunk in chunks:
        rest, more = chunk, False
        while rest or more:
            member = zlib.decompressobj(wbits=_GZIP) if member is None else member
            try:
                piece = member.decompress(rest, _CHUNK)
            except zlib.error:
                raise NetworkError("an answer that cannot be inflated") from None
            yield piece
            if member.eof:
                rest, more, member = member.unused_data, False, None
            else:
                # A full piece may have left something behind that needs no more input.
                rest, more = member.unconsumed_tail, len(piece) == _CHUNK
    if member is not None:
        raise NetworkError("an answer cut short in its gzip stream")


def _too_large(pieces: Iterable[bytes]) -> TransportError:
    text = (
        f"an answer of more than {LARGEST_BODY >> 20} MiB was refused; read a shorter window, or "
        "pass with_calls=False, with_records=False or with_other_resources=False"
    )
    # Of sessions fewer can be asked for; of anything else that would be asking again.
    sessions = any(b'"call_session_history_id"' in piece for piece in pieces)
    return TooLargeError(text) if sessions else TransportError(text)
