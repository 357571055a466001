"""``voxframe download``: recordings, transcriptions and logs of a history that was read."""

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import voxframe
from voxframe._cli.options import add_connection, connection_of
from voxframe._cli.output import UnfinishedError
from voxframe._recordings.wanted import KINDS
from voxframe._text import many

if TYPE_CHECKING:
    import pandas as pd

# What no other try changes is said, and is no failure of this one.
_FINAL = {"gone", "no link", "not ready", "longer than announced"}


def add(commands: Any) -> None:
    """Add the command."""
    download = commands.add_parser(
        "download",
        help="download recordings, transcriptions and logs, each once",
        description="Download the recordings, transcriptions and logs that an export, a sync or "
        "to_parquet at PATH has links to, each once, named by its id. The same command "
        "again fetches what is new, and what failed. index.parquet beside the files says what "
        "became of each.",
        epilog="Example: voxframe download history --out recordings",
    )
    download.add_argument("path", metavar="PATH", help="folder of Parquet files")
    download.add_argument("--out", required=True, metavar="DIR", help="where the files go")
    download.add_argument(
        "--what",
        action="append",
        choices=KINDS,
        help="repeat for several; default: all of them",
    )
    download.add_argument(
        "--timezone", default="UTC", metavar="ZONE", help="whose days the folders are; default: UTC"
    )
    add_connection(download)
    download.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Download, and print what is there and what is not."""
    frame = voxframe.download_recordings(
        given.path,
        given.out,
        what=given.what or KINDS,
        timezone=given.timezone,
        **connection_of(given),
    )
    there, size, errors = outcome(frame)
    result = {"out": given.out, "files": there, "bytes": size, "errors": errors}
    if failed := failures(errors):
        raise UnfinishedError(
            f"{failed:,} of {many(len(frame), 'file')} could not be fetched ({spelled(errors)}); "
            f"the same command tries them again, and {given.out}/index.parquet names them",
            result,
        )
    if not (given.quiet or given.json):
        said = f", {spelled(errors)}" if errors else ""
        print(f"{given.out}: {many(there, 'file')}, {size / 1e6:,.1f} MB{said}")
    return result


def outcome(frame: "pd.DataFrame") -> tuple[int, int, dict[str, int]]:
    """Return how many files there are, their bytes, and how many are not, by what went wrong."""
    errors = dict(sorted(Counter(frame.error.dropna()).items()))
    return int(frame.path.notna().sum()), int(frame.bytes.sum()), errors


def failures(errors: Mapping[str, int]) -> int:
    """Return how many files another try may bring."""
    return sum(number for error, number in errors.items() if error not in _FINAL)


def spelled(errors: Mapping[str, int]) -> str:
    """Return numbers of errors in words."""
    return ", ".join(f"{number:,} {error}" for error, number in errors.items())
