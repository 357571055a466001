"""What lies behind the links of the answers: sound, words and logs, made from a session's id."""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from voxframe.emulator._faults import Fault
from voxframe.emulator._motion import NO_LOG
from voxframe.emulator._render import Renderer, Row, exact, is_recorded, removed, transcription
from voxframe.emulator._time import writer
from voxframe.emulator._world import World

Kind = Literal["records", "transcriptions", "logs"]
TYPES: Final[dict[str, str]] = {
    "records": "audio/wav",
    "transcriptions": "text/plain; charset=utf-8",
    "logs": "text/plain; charset=utf-8",
}
_RATE: Final = 8000  # samples a second, as on the telephone
_WAV: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files that are served, so that the links in the answers work and point here.

    Attributes
    ----------
    secure : bool
        A token is needed: 401 without a right one.
    seconds : (float, float)
        How long recordings are, at least and at most; 16 kB a second.
    sizes : {"right", "wrong"}
        Whether ``file_size`` is the size of the file or what a real one would have.
    suffixes : bool
        Whether addresses end in ``.wav``, ``.txt`` and ``.log``.
    ranges : bool
        Whether ``Range`` is heeded (206, 416) or ignored (200).
    link_life : int, optional
        Seconds after the answer, by the world's clock, at which a link has expired:
        403 from then on.
    redirect : str, optional
        Files lie elsewhere, and 302 says where: ``inside``: under ``/storage`` of
        this address; or the base URL of another server.
    faults : tuple of Fault
        What goes wrong with files, by the number of the request for a file.

    Examples
    --------
    >>> from voxframe.emulator import Emulator, Files, World
    >>> with Emulator(World(sessions=20), files=Files(seconds=(0.1, 0.2))) as emulator:
    ...     account = {"credentials": emulator.credentials, "base_url": emulator.base_url}
    ...     history = voxframe.read_call_history("2026-10-01", "2026-11-01", **account)
    ...     files = voxframe.download_recordings(history, "logs", what="logs", **account)
    >>> len(files), int(files["error"].notna().sum())
    (17, 0)
    """

    secure: bool = True
    seconds: tuple[float, float] = (1.0, 2.0)
    sizes: Literal["right", "wrong"] = "right"
    suffixes: bool = True
    ranges: bool = True
    link_life: int | None = None
    redirect: str | None = None
    faults: tuple[Fault, ...] = ()

    def size_of(self, row: Row) -> int | None:
        """Return what ``file_size`` says of a session's recording; None is the usual."""
        return _WAV.size + 2 * self.samples(row) if self.sizes == "right" else None

    def samples(self, row: Row) -> int:
        """Return how long the recording of a session is, in samples."""
        first, last = self.seconds
        return round(_RATE * (first + (row.more >> 8) % 1000 / 1000 * (last - first)))


def sound(row: Row, samples: int) -> bytes:
    """Return a WAV with a tone of the session's own."""
    at = np.arange(_RATE) / _RATE
    # A whole number of waves a second: the same second again and again sounds like one tone.
    second = (np.sin(2 * np.pi * (220 + row.id % 660) * at) * 2**14).astype("<i2").tobytes()
    data = (second * -(-samples // _RATE))[: 2 * samples]
    return _WAV.pack(
        b"RIFF", _WAV.size - 8 + len(data), b"WAVE", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16,
        b"data", len(data),
    ) + data  # fmt: skip


def _words(row: Row) -> bytes:
    lines = (
        "Guten Tag, was kann ich für Sie tun?",
        "Моя посылка не пришла.",
        "One moment, please.",
    )
    turns = [f"{'Agent' if i % 2 == 0 else 'Customer'}: {lines[(row.id + i) % 3]}"
             for i in range(4 + row.more % 5)]  # fmt: skip
    return "\n".join([f"Session {row.id}", *turns, ""]).encode()


def _log(row: Row) -> bytes:
    write = writer("Etc/GMT")
    one = Renderer(exact, write).session(row)
    lines = [f"{write(row.start)} session {row.id} started"]
    lines += [f"{call['start_time']} call {call['call_id']}" for call in one["calls"]]
    lines.append(f"{write(row.start + max(row.duration, 0))} {one.get('finish_reason', 'active')}")
    return "\n".join([*lines, ""]).encode()


def content(world: World, files: Files, kind: str, session: int, secret: int) -> bytes | None:
    """Return a file, or None where there is none of that name (any more)."""
    with world.lock:
        try:
            places = world.places([session])
        except KeyError:
            return None
        row = world.rows(places)[0]
        if not world.there(world.columns.part(places)).all():
            return None
    if kind == "logs":
        return None if row.state & NO_LOG or secret != row.low else _log(row)
    if secret != row.high or not is_recorded(row) or removed(row):
        return None
    if kind == "records":
        return sound(row, files.samples(row))
    return _words(row) if transcription(row) == "Complete" else None
