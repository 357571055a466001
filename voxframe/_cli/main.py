"""The command line: ``voxframe demo | export | report | emulator``."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of, positive
from voxframe._http.credentials import VARIABLE
from voxframe.errors import InvalidQueryError, VoxframeError

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130


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
    given = parser.parse_args(arguments)
    try:
        return int(given.run(given) or 0)
    except InvalidQueryError as error:
        print(f"voxframe {given.command}: {error}", file=sys.stderr)
        return _USAGE
    except VoxframeError as error:
        print(f"voxframe {given.command}: {error}", file=sys.stderr)
        return _FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except KeyboardInterrupt:
        print(f"\nvoxframe {given.command}: interrupted", file=sys.stderr)
        return _INTERRUPTED


def entry() -> NoReturn:
    """Run as a program, and end with the status that the command gave."""
    # A second Ctrl-C while threads are ending must not print a traceback.
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voxframe",
        description="A Voximplant account's call history in pandas, Arrow and Parquet: "
        "every session exactly once.",
        epilog="Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"voxframe {voxframe.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_export(commands)
    _add_report(commands)
    _add_emulator(commands)
    return parser


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="see it work on the embedded emulator; needs no account",
        description="Start the embedded emulator, read a month of call history from it over real "
        "HTTP, write it to Parquet, and show what a person wants to know first.",
    )
    demo.add_argument("--out", default="voxframe-demo", metavar="DIR", help="default: %(default)s")
    demo.add_argument(
        "--sessions", type=positive, default=20_000, metavar="N", help="default: %(default)s"
    )
    demo.set_defaults(run=_run_demo)


def _add_export(commands: Any) -> None:
    export = commands.add_parser(
        "export",
        help="write a window of the history to a Parquet dataset",
        description="Write a window of the call history to a Parquet dataset, "
        "DIR/<table>/start_day=YYYY-MM-DD/*.parquet. An export that was cut short is completed by "
        "the same command, without fetching finished days again.",
        epilog="Example: voxframe export --from 2026-10-01 --to 2026-11-01 --out history "
        "--application-id 1 --application-id 2",
    )
    need = export.add_argument_group("what and where")
    need.add_argument(
        "--from", dest="from_date", required=True, metavar="DATE", help="first moment, inside"
    )
    need.add_argument(
        "--to", dest="to_date", required=True, metavar="DATE", help="last moment, outside"
    )
    need.add_argument("--out", required=True, metavar="DIR", help="folder of the dataset")
    need.add_argument(
        "--overwrite", action="store_true", help="replace what is there, once all is written"
    )
    need.add_argument(
        "--timezone", default="UTC", metavar="NAME", help="of the dates; default: %(default)s"
    )
    need.add_argument(
        "--inclusive",
        default="left",
        choices=("left", "both", "right", "neither"),
        help="which ends belong to it; default: %(default)s",
    )
    add_connection(export)
    add_filters(export)
    export.add_argument(
        "--unknown-fields",
        default="keep",
        choices=("keep", "ignore", "raise"),
        help="what becomes of undocumented fields; default: %(default)s",
    )
    export.set_defaults(run=_run_export)


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="make one self-contained HTML page of an export",
        description="Make one self-contained HTML page of what an export, or to_parquet, wrote: "
        "figures, pictures, top spenders, and the receipt of the read.",
    )
    report.add_argument("path", metavar="PATH", help="folder of Parquet files")
    report.add_argument("--out", default="report.html", metavar="FILE", help="default: %(default)s")
    report.add_argument("--title", metavar="TEXT", help="default: Call history")
    report.add_argument(
        "--timezone", default="UTC", metavar="NAME", help="of hours and days; default: %(default)s"
    )
    report.add_argument("--show-numbers", action="store_true", help="show phone numbers")
    report.set_defaults(run=_run_report)


def _add_emulator(commands: Any) -> None:
    emulator = commands.add_parser(
        "emulator",
        help="serve a made-up account on this machine",
        description="Serve GetCallHistory for a made-up account until Ctrl-C. Prints the two "
        "variables that point voxframe, or any other client, at it.",
    )
    emulator.add_argument(
        "--sessions", type=positive, default=20_000, metavar="N", help="default: %(default)s"
    )
    emulator.add_argument("--from", dest="start", default="2026-10-01", metavar="DATE")
    emulator.add_argument("--to", dest="end", default="2026-11-01", metavar="DATE")
    emulator.add_argument("--seed", type=int, default=0, metavar="N", help="default: %(default)s")
    emulator.add_argument(
        "--port", type=int, default=8080, metavar="N", help="default: %(default)s"
    )
    emulator.add_argument(
        "--latency", type=float, default=0.0, metavar="S", help="seconds before each answer"
    )
    emulator.add_argument(
        "--write-credentials",
        default="emulator-credentials.json",
        metavar="FILE",
        help="where to write a key for it; replaces nothing but such a key; default: %(default)s",
    )
    # Its name until other commands read a key by it.
    emulator.add_argument("--credentials", metavar="FILE", help=argparse.SUPPRESS)
    emulator.set_defaults(run=_run_emulator)


def _extra_module(name: str, extra: str) -> Any:
    """Import what an extra brings; say which one if it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "voxframe":
            raise
        raise VoxframeError(
            f"this needs the package {error.name}; install it with: "
            f"pip install 'voxframe[{extra}]'",
        ) from None


def _run_demo(given: argparse.Namespace) -> None:
    _extra_module("voxframe._cli.demo", "emulator").demo(given.out, given.sessions)


def _run_export(given: argparse.Namespace) -> None:
    receipt = voxframe.export_call_history(
        given.out,
        given.from_date,
        given.to_date,
        overwrite=given.overwrite,
        timezone=given.timezone,
        inclusive=given.inclusive,
        unknown_fields=given.unknown_fields,
        **connection_of(given),
        **filters_of(given),
    )
    if not given.quiet:
        print(
            f"{given.out}: {receipt.sessions:,} sessions, {receipt.calls:,} calls, "
            f"{receipt.records:,} records, {receipt.resource_usage:,} resource uses; "
            f"{receipt.requests:,} requests, {receipt.retries:,} of them again, "
            f"{receipt.seconds:.1f} s"
        )


def _run_report(given: argparse.Namespace) -> None:
    make = _extra_module("voxframe.report._page", "report").report_html
    history = voxframe.CallHistory.from_parquet(given.path)
    try:
        page = make(
            history,
            title=given.title,
            timezone=given.timezone,
            show_numbers=given.show_numbers,
        )
        Path(given.out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise VoxframeError(f"{given.out} cannot be written: {error.strerror}") from None
    except ModuleNotFoundError as error:
        raise VoxframeError(str(error)) from None
    print(f"{given.out}: {len(page) / 2**20:.1f} MiB; open it in a browser")


def _run_emulator(given: argparse.Namespace) -> None:
    emulator = _extra_module("voxframe.emulator", "emulator")
    world = emulator.World(
        sessions=given.sessions, start=given.start, end=given.end, seed=given.seed
    )
    key = given.write_credentials
    if given.credentials is not None:
        key = given.credentials
        print(
            "voxframe emulator: --credentials is called --write-credentials now",
            file=sys.stderr,
        )

    def announce(url: str) -> None:
        print(
            f"{given.sessions:,} sessions from {given.start} to {given.end}; Ctrl-C ends it\n\n"
            f"export VOXIMPLANT_BASE_URL={url}\n"
            f"export {VARIABLE}={key}\n",
            flush=True,
        )

    try:
        emulator.serve(
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
    except OSError as error:
        raise VoxframeError(f"cannot serve: {error.strerror or error}") from None


if __name__ == "__main__":
    entry()
