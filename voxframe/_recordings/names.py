"""Names of files: from ids and from lists of our own, never as the service spells them; pure."""

from urllib.parse import urlsplit

from voxframe._recordings.wanted import Wanted

# What recordings, transcriptions and logs can be. Another ending, such as a program's, is not one.
_BY_TYPE = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/ogg": "ogg",
    "application/ogg": "ogg",
    "audio/opus": "opus",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "mkv",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/vtt": "vtt",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/gzip": "gz",
    "application/zip": "zip",
}
# Of several types with one ending, the first is the usual one.
_UNKNOWN = "bin"
ENDINGS = (*dict.fromkeys(_BY_TYPE.values()), "log", "srt", "oga", "m4v", _UNKNOWN)
"""What a file's name can end with."""

_TYPES = {ending: kind for kind, ending in reversed(_BY_TYPE.items())} | {"log": "text/plain"}


def ending(wanted: Wanted, link: str, content_type: str) -> str:
    """Return how a file's name ends: as its address does, else by the answer's header."""
    kind = media_type(content_type)
    try:
        in_address = urlsplit(link).path.rpartition("/")[2].rpartition(".")[2].lower()
    except ValueError:
        in_address = ""
    if in_address in ENDINGS:
        return in_address
    if wanted.table == "logs" and kind in ("text/plain", ""):
        return "log"
    return _BY_TYPE.get(kind, _UNKNOWN)


def media_type(content_type: str) -> str:
    """Return the type alone of a ``Content-Type``, nothing where it is not one."""
    kind = content_type.partition(";")[0].strip().lower()
    whole = kind.isascii() and kind.isprintable() and kind.count("/") == 1
    return kind if whole and len(kind) <= 100 and " " not in kind else ""  # noqa: PLR2004


def type_of(name: str) -> str | None:
    """Return the type that a file's name tells."""
    return _TYPES.get(name.rpartition(".")[2])


def stems(wanted: Wanted) -> tuple[str, str]:
    """Return names without an ending: the id, and one for where another file has that."""
    name = f"call-{wanted.id}" if wanted.table == "calls" else str(wanted.id)
    return name, f"{name}-{wanted.session}"
