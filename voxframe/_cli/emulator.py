"""``voxframe emulator``: a made-up account, served on this machine."""

import argparse
import errno
import shlex
import sys
from pathlib import Path
from typing import Any

from voxframe._cli.options import seconds, sessions_made_up, whole
from voxframe._extras import needed_for
from voxframe._http.credentials import VARIABLE
from voxframe._query.window import window
from voxframe.errors import InvalidQueryError, VoxframeError

_LARGEST_PORT = 65_535


def add(commands: Any) -> None:
    """Add the command."""
    emulator = commands.add_parser(
        "emulator",
        help="serve a made-up account on this machine",
        description="Serve GetCallHistory for a made-up account until Ctrl-C. Prints the two "
        "variables that point voxframe, or any other client, at it.",
    )
    emulator.add_argument(
        "--sessions",
        type=sessions_made_up,
        default=20_000,
        metavar="N",
        help="default: %(default)s",
    )
    emulator.add_argument(
        "--from", dest="start", default="2026-10-01", metavar="DATE", help="default: %(default)s"
    )
    emulator.add_argument(
        "--to", dest="end", default="2026-11-01", metavar="DATE", help="default: %(default)s"
    )
    emulator.add_argument("--seed", type=whole, default=0, metavar="N", help="default: %(default)s")
    emulator.add_argument(
        "--port", type=port, default=8080, metavar="N", help="default: %(default)s"
    )
    emulator.add_argument(
        "--latency", type=seconds, default=0.0, metavar="S", help="seconds before each answer"
    )
    emulator.add_argument(
        "--write-credentials",
        default="emulator-credentials.json",
        metavar="FILE",
        help="where to write a key for it; replaces nothing but such a key; default: %(default)s",
    )
    # Its name until other commands read a key by it.
    emulator.add_argument("--credentials", metavar="FILE", help=argparse.SUPPRESS)
    emulator.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    with needed_for("the emulator", "emulator"):
        from voxframe.emulator import World, serve  # noqa: PLC0415 - an extra
    key = given.write_credentials
    if given.credentials is not None:
        key = given.credentials
        print("voxframe emulator: --credentials is called --write-credentials now", file=sys.stderr)

    def announce(url: str) -> None:
        print(
            f"{given.sessions:,} sessions from {given.start} to {given.end}; Ctrl-C ends it\n\n"
            f"export VOXIMPLANT_BASE_URL={url}\n"
            f"export {VARIABLE}={shlex.quote(str(Path(key).absolute()))}\n",
            flush=True,
        )

    served = window(given.start, given.end)
    if served.first >= served.end:
        raise InvalidQueryError("to_date: is the same as from_date; name a later one")
    try:
        world = World(sessions=given.sessions, start=given.start, end=given.end, seed=given.seed)
    except ValueError as error:
        raise VoxframeError(f"this world cannot be made: {error}") from None
    try:
        serve(
            world,
            port=given.port,
            latency=given.latency,
            credentials_path=key,
            announce=announce,
        )
    except FileExistsError:
        raise VoxframeError(
            f"{key} exists and was not written by an emulator, so it is left as it is; "
            "name another file with --write-credentials",
        ) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise VoxframeError(
                f"port {given.port} is used by another program; name another one with --port"
            ) from None
        reason = error.strerror or error
        if error.filename is not None:
            raise VoxframeError(
                f"the key file {key} cannot be written: {reason}; name another file with "
                "--write-credentials"
            ) from None
        raise VoxframeError(f"cannot serve: {reason}") from None


def port(text: str) -> int:
    """Read the number of a port; 0 is any that is free."""
    number = whole(text)
    if not 0 <= number <= _LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{number} is not a port; give 0 to {_LARGEST_PORT}")
    return number
