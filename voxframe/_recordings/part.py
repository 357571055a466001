"""What is there of a file so far, and what an answer adds to it."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voxframe._dataset.disk import writing
from voxframe._http.body import LARGEST_BODY, inflated
from voxframe._http.files import read_words
from voxframe._http.transport import Stream
from voxframe._http.usage import Usage
from voxframe._recordings.judging import Trouble, judge, looks_odd
from voxframe._recordings.store import CURE
from voxframe._recordings.wanted import Wanted

_WHOLE, _REST, _NO_SUCH_PART = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", re.ASCII)
_CUT_SHORT = Trouble("cut short", again=True)
_TOO_LARGE = Trouble("too large")
# Enough to see that a page of HTML or an error came instead.
_FIRST = 512
# A day of sound as it comes from a studio; whatever has no end fills no disk.
_LARGEST = 16 * 2**30
# Where the service says how large a recording is, it may be wrong by as much as itself.
_SLACK = 1 << 20


@dataclass(slots=True)
class Part:
    """What is there of a file so far.

    Attributes
    ----------
    file : BinaryIO
        Where it is written.
    size : int
        Bytes that came.
    furthest : int
        The most that there ever were.
    total : int or None
        Bytes of the whole, as announced.
    version : str
        What tells one version of the file from another, where the service says.
    splits : bool
        Whether it can be gone on with.
    trouble : str
        What the last attempt failed of.
    """

    file: BinaryIO
    size: int = 0
    furthest: int = 0
    total: int | None = None
    version: str = ""
    splits: bool = False
    trouble: str = "no answer"

    def begin(self, headers: Mapping[str, str]) -> None:
        """Begin anew with an answer that is the whole file."""
        self.file.seek(0)
        self.file.truncate()
        length = headers.get("content-length", "")
        self.size, self.version, self.splits = 0, _version(headers), not _encoding(headers)
        whole = self.splits and length.isascii() and length.isdigit()
        self.total = int(length) if whole else None

    def goes_on(self, headers: Mapping[str, str]) -> bool:
        """Return whether an answer is what is missing of the same version of the file."""
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if found is None or int(found[1]) != self.size or _encoding(headers):
            return False
        if found[2] != "*":
            if self.total not in (None, int(found[2])):
                return False
            self.total = int(found[2])
        return not self.version or _version(headers) in ("", self.version)

    def take(self, piece: bytes) -> None:
        """Write what came."""
        with writing(Path(self.file.name), CURE):
            self.file.write(piece)
        self.size += len(piece)
        self.furthest = max(self.furthest, self.size)


def receive(wanted: Wanted, part: Part, stream: Stream, usage: Usage) -> Trouble | None:
    """Take an answer as far as it comes; return what is wrong with it.

    Parameters
    ----------
    wanted : Wanted
        What was asked for.
    part : Part
        What there is of it.
    stream : Stream
        The answer.
    usage : Usage
        Where bytes are counted.

    Raises
    ------
    NetworkError
        It broke off. What came is kept.
    ExportError
        It cannot be written.
    """
    started = _started(wanted, part, stream)
    if isinstance(started, Trouble):
        return started
    largest = _largest(wanted, stream.headers)
    if (part.total or 0) > largest:
        return _TOO_LARGE
    for piece in started:
        part.take(piece)
        usage.add(bytes_=len(piece))
        if part.size > largest:
            return _TOO_LARGE
    if part.size < (part.total or 0):
        return _CUT_SHORT
    if part.size < (wanted.size or 0):
        # Whole to HTTP, and nobody knows what of it is missing.
        part.begin({})
        return _CUT_SHORT
    return None


def _started(wanted: Wanted, part: Part, stream: Stream) -> Trouble | Iterator[bytes]:
    """Return what of the file is to come, or what is wrong with an answer."""
    status, headers = stream.status, stream.headers
    if status == _WHOLE:
        return _begun(wanted, part, stream)
    if status == _REST and part.goes_on(headers):
        return stream.pieces
    if status in (_REST, _NO_SUCH_PART):
        part.begin({})
        return _CUT_SHORT
    return judge(status, headers, read_words(stream.pieces))


def _begun(wanted: Wanted, part: Part, stream: Stream) -> Trouble | Iterator[bytes]:
    headers, encoding = stream.headers, _encoding(stream.headers)
    first, pieces = _peeked(stream.pieces)
    if looks_odd(wanted.table, headers, None if encoding else first):
        return judge(_WHOLE, headers, read_words(pieces))
    part.begin(headers)
    if encoding in ("gzip", "x-gzip"):
        # Some stores keep logs that way, and send them so whatever was asked for.
        return inflated(pieces)
    return judge(_WHOLE, headers, b"") if encoding else pieces


def _peeked(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all of them."""
    first: list[bytes] = []
    while sum(map(len, first)) < _FIRST and (piece := next(pieces, None)) is not None:
        first.append(piece)
    return b"".join(first), itertools.chain(first, pieces)


def _largest(wanted: Wanted, headers: Mapping[str, str]) -> int:
    """Return how many bytes a file can have."""
    if wanted.size is not None:
        return 2 * wanted.size + _SLACK
    text = wanted.table in ("transcriptions", "logs")
    return LARGEST_BODY if text or _encoding(headers) else _LARGEST


def _version(headers: Mapping[str, str]) -> str:
    return headers.get("etag", "") or headers.get("last-modified", "")


def _encoding(headers: Mapping[str, str]) -> str:
    encoding = headers.get("content-encoding", "").strip().lower()
    return "" if encoding == "identity" else encoding
