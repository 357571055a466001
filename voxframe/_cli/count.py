"""``voxframe count``: how many sessions there are, and about what a read of them takes."""

import argparse
from typing import Any

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.output import note
from voxframe._cli.window import add_window, window_of
from voxframe._read.nothing import why_nothing


def add(commands: Any) -> None:
    """Add the command."""
    count = commands.add_parser(
        "count",
        help="count the sessions of a window, with one request",
        description="Count the sessions of a window with one request, and estimate what a read of "
        "them would take.",
        epilog="Example: voxframe count --month 2026-10",
    )
    add_window(count)
    add_connection(count)
    add_filters(count)
    count.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Count, and print what was found."""
    count = voxframe.count_call_history(
        **window_of(given), **connection_of(given), **filters_of(given)
    )
    if not given.json:
        many = f"{count.requests:,} request{'s' * (count.requests != 1)}"
        print(
            f"{count.sessions:,} session{'s' * (count.sessions != 1)}; reading them takes about "
            f"{many},\n  {count.seconds:,.1f} s, {count.bytes / 2**20:,.1f} MiB of answers"
        )
    note(given, why_nothing(count.receipt))
    return {
        "sessions": count.sessions,
        "requests": count.requests,
        "seconds": count.seconds,
        "bytes": count.bytes,
        "receipt": count.receipt.to_dict(),
    }
