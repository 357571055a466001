"""``voxframe audit``: a dataset beside the service's own counts."""

import argparse
import json
from typing import Any

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of


def add(commands: Any) -> None:
    """Add the command."""
    audit = commands.add_parser(
        "audit",
        help="compare a dataset with the service's own counts",
        description="Compare the dataset at PATH with the service's own counts, and name the days "
        "that differ.",
        epilog="Example: voxframe audit history --repair",
    )
    audit.add_argument("path", metavar="PATH", help="folder or URL of the dataset")
    audit.add_argument("--repair", action="store_true", help="read the days that differ again")
    add_connection(audit)
    add_filters(audit)
    audit.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Compare, and print the days that differ."""
    days = voxframe.audit_call_history(
        given.path, repair=given.repair, **connection_of(given), **filters_of(given)
    )
    held = voxframe.open_dataset(given.path).days
    if not given.json:
        for day in days.itertuples():
            word = (", damaged" if day.damaged else "") + (", read again" if day.repaired else "")
            print(f"{day.day:%Y-%m-%d}: {day.held:,} held, {day.counted:,} counted{word}")
        if not (given.quiet or len(days)):
            print(
                f"{given.path}: each of {len(held):,} days, {held.sessions.sum():,} sessions in "
                "all, is as the service counts it"
            )
    return {
        "path": given.path,
        "compared": {"days": len(held), "sessions": int(held.sessions.sum())},
        "days": json.loads(days.to_json(orient="records", date_format="iso")),
    }
