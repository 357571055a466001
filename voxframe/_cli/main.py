"""The command line: ``voxframe`` and its commands, each in a file of its name."""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import voxframe
from voxframe._cli import audit, count, demo, download, emulator, export, report, sync
from voxframe._cli.arguments import Parser, UsageError
from voxframe._cli.messages import as_option
from voxframe._cli.options import show_requests
from voxframe._cli.output import UnfinishedError, abandon, flush, prepare_streams, print_json
from voxframe._interrupt import loaded
from voxframe._text import printable
from voxframe.errors import InvalidQueryError, VoxframeError

_DONE, _FAILED, _USAGE, _INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        None takes the program's own.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    parser = _parser()
    given = _given(parser, arguments)
    as_json = getattr(given, "json", False)
    if getattr(given, "verbose", False):
        show_requests()
    try:
        result = given.run(given)
        if as_json:
            print_json(given.command, given, ok=True, **result)
        if problem := flush():
            print(f"voxframe {given.command}: cannot print: {problem}", file=sys.stderr)
            return _FAILED
    except (VoxframeError, ValueError) as error:
        # A plain ValueError is how analysis refuses what it was given.
        refused = isinstance(error, InvalidQueryError) or type(error) is ValueError
        message = as_option(printable(str(error)), parser.commands.choices[given.command].options)
        print(f"voxframe {given.command}: {message}", file=sys.stderr)
        if as_json:
            _print_failure(given.command, given, error, message)
        return _USAGE if refused else _FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        abandon()
    except KeyboardInterrupt:
        print(f"\nvoxframe {given.command}: interrupted", file=sys.stderr)
        if as_json:
            _print_failure(given.command, given, KeyboardInterrupt(), "interrupted")
        return _INTERRUPTED
    return _DONE


def _given(parser: Parser, arguments: Sequence[str] | None) -> argparse.Namespace:
    try:
        return parser.parse_args(arguments)
    except UsageError as error:
        if "--json" in (sys.argv if arguments is None else arguments):
            _print_failure(error.command, None, InvalidQueryError(error.message), error.message)
        raise


def _print_failure(
    command: str | None, given: argparse.Namespace | None, error: BaseException, message: str
) -> None:
    found: Mapping[str, Any] = {}
    name = type(error).__name__
    if isinstance(error, UnfinishedError):
        # Nothing that others could import.
        name, found = type(error.__cause__ or VoxframeError()).__name__, error.result
    print_json(command, given, ok=False, error=name, message=message, **found)


def entry() -> NoReturn:
    """Run as a program, and end with the status that the command gave."""
    loaded()
    prepare_streams()
    # What stops a service or a job lets it close what is open, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status: int | str | None
    try:
        status = main()
    except SystemExit as end:
        # Help, a version, a wrong option: they are printed, too.
        status = end.code
    # A second Ctrl-C while threads are ending must not print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    flush()
    sys.exit(status)


def _parser() -> Parser:
    parser = Parser(
        prog="voxframe",
        description="A Voximplant account's call history in pandas, Arrow and Parquet: "
        "every session exactly once.",
        epilog="Exit status: 0 done, 1 failed, or an audit found what is missing, 2 wrong usage, "
        "130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"voxframe {voxframe.__version__}")
    commands = parser.add_commands()
    for command in (demo, export, sync, audit, count, report, download, emulator):
        command.add(commands)
    return parser


if __name__ == "__main__":
    entry()
