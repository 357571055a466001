"""What is printed: on any terminal, into any pipe, in any encoding."""

import argparse
import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from voxframe._cli.messages import as_option
from voxframe.errors import VoxframeError

COLUMNS = 80

# Seconds: a person or a log asks what is going on after some ten, and once a minute is enough.
_LONG, _AGAIN = 10, 60


class UnfinishedError(VoxframeError):
    """A command could not do all, or found what is wrong; holds what is told all the same."""

    def __init__(self, message: str, result: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.result = result


def prepare_streams() -> None:
    """Let what a stream's encoding does not have be shown otherwise, and never end in an error."""
    for stream in (sys.stdout, sys.stderr):
        # Programs put their own thing there, or have none (pythonw).
        if hasattr(stream, "reconfigure"):
            with contextlib.suppress(ValueError):
                stream.reconfigure(errors="replace")


def can_show(text: str) -> bool:
    """Return whether standard output has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def note(given: argparse.Namespace, text: str) -> None:
    """Print what is to be noticed, though nothing failed, on standard error."""
    if text and not given.quiet:
        print(f"voxframe {given.command}: {as_option(text, ())}", file=sys.stderr)


def waiting_noted(given: argparse.Namespace) -> Callable[[object], None]:
    """Return what notes on standard error that a read waits for long, for where no bar is drawn."""
    waited = 0

    def step(now: object) -> None:
        nonlocal waited
        # While nothing comes, a step comes each second.
        if waiting := getattr(now, "waiting", ""):
            waited += 1
            if waited == _LONG or (waited > _LONG and waited % _AGAIN == 0):
                note(given, f"{waiting}; {waited} s of waiting so far")

    return step


def print_json(
    command: str | None, given: argparse.Namespace | None, *, ok: bool, **values: Any
) -> None:
    """Print one line for a program, in ASCII: what it is of, when it ended and what came of it."""
    dataset = getattr(given, "path", None)
    if dataset is None and command in ("export", "sync"):
        dataset = getattr(given, "out", None)
    line = {"command": command, "ok": ok, "time": datetime.now(UTC).isoformat(timespec="seconds")}
    print(json.dumps(line | ({"dataset": dataset} if dataset else {}) | values))


def flush() -> str:
    """Write out what is printed; return why that cannot be done, "" where nobody reads on."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        abandon()
        # Windows has no word of its own for a reader that has left.
        left = isinstance(error, BrokenPipeError) or (
            os.name == "nt" and error.errno == errno.EINVAL
        )
        return "" if left else error.strerror or type(error).__name__
    return ""


def abandon() -> None:
    """Let nothing be written to standard output any more, not at the interpreter's end either."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
