"""``voxframe export``: a window of the history as a Parquet dataset."""

import argparse
import contextlib
from typing import Any

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.output import note
from voxframe._cli.window import add_window, window_of
from voxframe._dataset.disk import local_path
from voxframe._dataset.manifest import Manifest
from voxframe._read.nothing import why_nothing
from voxframe._text import many
from voxframe.errors import InvalidQueryError, VoxframeError


def add(commands: Any) -> None:
    """Add the command."""
    export = commands.add_parser(
        "export",
        help="write a window of the history to a Parquet dataset",
        description="Write a window of the call history to a Parquet dataset, "
        "DIR/<table>/start_day=YYYY-MM-DD/*.parquet. An export that was cut short is completed by "
        "the same command, without fetching finished days again.",
        epilog="Example: voxframe export --month 2026-10 --out history "
        "--application-id 1 --application-id 2",
    )
    add_window(export)
    place = export.add_argument_group("where")
    place.add_argument("--out", metavar="DIR", help="folder of the dataset; needed")
    place.add_argument(
        "--overwrite",
        action="store_true",
        help="replace an export that is there, once all is written",
    )
    add_connection(export)
    add_filters(export)
    export.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Export, and print what there is now."""
    window = window_of(given)
    if not given.out:
        raise InvalidQueryError("--out: the folder of the dataset is missing; give --out DIR")
    before = _held(given.out)
    receipt = voxframe.export_call_history(
        given.out,
        overwrite=given.overwrite,
        **window,
        **connection_of(given),
        **filters_of(given),
    )
    if not (given.quiet or given.json):
        took = (
            f"{many(receipt.requests, 'request')}"
            + (f", {receipt.retries:,} of them again" if receipt.retries else "")
            + f", {receipt.seconds:.1f} s"
        )
        print(
            f"{given.out}: {many(receipt.sessions, 'session')}, {many(receipt.calls, 'leg')}, "
            f"{many(receipt.records, 'record')},\n"
            f"  {many(receipt.resource_usage, 'resource use')}; "
            + ("complete already, so nothing was asked" if receipt == before else took)
        )
    note(given, why_nothing(receipt))
    return {"out": given.out, "receipt": receipt.to_dict()}


def _held(path: str) -> voxframe.Receipt | None:
    """Return the receipt of an export that is there already."""
    with contextlib.suppress(VoxframeError, OSError):
        manifest = Manifest.load(local_path(path))
        return None if manifest is None else manifest.summary()
    return None
