"""``voxframe sync``: a dataset that holds what the service knows."""

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import voxframe
from voxframe._cli.download import failures, outcome, spelled
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.output import UnfinishedError, note
from voxframe._read.nothing import why_nothing
from voxframe._text import many
from voxframe.errors import DamageError, InvalidQueryError

if TYPE_CHECKING:
    import pandas as pd

# More days than these are not spelled out; the JSON and the Python report have all.
_FEW = 5


def add(commands: Any) -> None:
    """Add the command."""
    sync = commands.add_parser(
        "sync",
        help="make a dataset hold what the service knows, again and again",
        description="Make the dataset in DIR hold what the service knows, from a date until now. "
        "The same command is right for the first time and for each minute, hour or night after: "
        "it reads the days that are new or not settled, and replaces each as a whole.",
        epilog="Example: voxframe sync history --from 2026-01-01",
    )
    sync.add_argument("path", nargs="?", metavar="DIR", help="folder or URL of the dataset")
    what = sync.add_argument_group("what and where")
    what.add_argument("--out", metavar="DIR", help="the same as DIR")
    what.add_argument(
        "--from", dest="from_date", metavar="DATE", help="first moment; needed once, then known"
    )
    what.add_argument(
        "--to", dest="to_date", metavar="DATE", help="last moment, outside; default: now"
    )
    what.add_argument(
        "--timezone", default="UTC", metavar="NAME", help="of the dates; default: %(default)s"
    )
    what.add_argument(
        "--lookback",
        default="3D",
        metavar="TIME",
        help="how long after its end a day is read again; default: %(default)s",
    )
    what.add_argument("--format", choices=("parquet", "delta"), help="default: what is there")
    what.add_argument(
        "--vanished",
        default="keep",
        choices=("keep", "intact", "drop"),
        help="what becomes of sessions that the service no longer gives; default: %(default)s",
    )
    what.add_argument(
        "--recordings",
        metavar="FOLDER",
        help="fetch new recordings, transcriptions and logs to this folder, too",
    )
    add_connection(sync)
    add_filters(sync)
    sync.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Sync, and print what changed."""
    if given.path and given.out:
        raise InvalidQueryError("--out: the dataset is named already; leave one of the two out")
    path = given.path or given.out
    if not path:
        raise InvalidQueryError("DIR: the dataset is missing; name its folder")
    failed = None
    try:
        done = voxframe.sync_call_history(
            path,
            given.from_date,
            given.to_date,
            timezone=given.timezone,
            lookback=given.lookback,
            format=given.format,
            vanished=given.vanished,
            recordings=given.recordings,
            **connection_of(given),
            **filters_of(given),
        )
    except DamageError as error:
        # All other days are done.
        failed, done = error, error.report
    changes, lost, receipt = done.changes, done.lost, done.receipt
    total = {name: int(changes[name].sum()) for name in ("added", "changed", "vanished")}
    if not (given.quiet or given.json):
        print(
            f"{path}: {many(len(changes), 'day')} read; sessions: {total['added']:,} added, "
            f"{total['changed']:,} changed,\n"
            f"  {total['vanished']:,} vanished; {many(receipt.requests, 'request')}, "
            f"{receipt.seconds:.1f} s"
        )
        damaged = changes[changes.damaged]
        if len(damaged):
            print(f"  damaged, and read again: {_days(damaged)}")
        if len(lost):
            then = "given up" if failed is None else "left as it was"
            print(f"  not all of it is to be had again, {then}: {_days(lost)}")
    # No news is nothing to look into where something is held.
    if why := why_nothing(receipt):
        note(given, why if voxframe.open_dataset(path).days.empty else "")
    result = {
        "out": path,
        "days": len(changes),
        **total,
        "requests": receipt.requests,
        "seconds": receipt.seconds,
        "changes": json.loads(changes.to_json(orient="records", date_format="iso")),
        "lost": json.loads(lost.to_json(orient="records", date_format="iso")),
        "receipt": receipt.to_dict(),
    }
    if failed is not None:
        raise UnfinishedError(str(failed), result) from failed
    return result if done.recordings is None else _with_files(result, done.recordings, given)


def _days(frame: "pd.DataFrame") -> str:
    """Return the days of a frame, the first of many."""
    days = [f"{day:%Y-%m-%d}" for day in frame["day"]]
    return ", ".join(days[:_FEW]) + f" and {len(days) - _FEW:,} more" * (len(days) > _FEW)


def _with_files(
    result: Mapping[str, Any], frame: "pd.DataFrame", given: argparse.Namespace
) -> dict[str, Any]:
    """Return, and print, what became of the files that were looked at, too."""
    there, size, errors = outcome(frame)
    files = {"out": given.recordings, "files": there, "bytes": size, "errors": errors}
    whole = {**result, "recordings": files}
    if failed := failures(errors):
        raise UnfinishedError(
            f"the rows are there, but {failed:,} of {many(len(frame), 'file')} could not be "
            f"fetched ({spelled(errors)}); the same command tries them again, and "
            f"{given.recordings}/index.parquet names them",
            whole,
        )
    if not (given.quiet or given.json):
        said = f", {spelled(errors)}" if errors else ""
        print(
            f"{given.recordings}: {many(there, 'file')} of these days, {size / 1e6:,.1f} MB{said}"
        )
    return whole
