"""``voxframe audit``: a dataset beside the service's own counts."""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import voxframe
from voxframe._cli.options import add_connection, add_filters, connection_of, filters_of
from voxframe._cli.output import UnfinishedError
from voxframe._text import many
from voxframe.errors import DamageError

if TYPE_CHECKING:
    import pandas as pd


def add(commands: Any) -> None:
    """Add the command."""
    audit = commands.add_parser(
        "audit",
        help="compare a dataset with the service's own counts",
        description="Compare the dataset at PATH with the service's own counts, and name the days "
        "that differ. The status is 1 if a settled day lacks sessions, files are damaged, or days "
        "that a sync was asked for were never read, and they are not repaired. Days that are not "
        "settled, and sessions that are kept though the service has purged them, do not count as a "
        "failure.",
        epilog="Example: voxframe audit history --repair",
    )
    audit.add_argument("path", metavar="PATH", help="folder or URL of the dataset")
    audit.add_argument("--repair", action="store_true", help="read the days that differ again")
    add_connection(audit)
    add_filters(audit)
    audit.set_defaults(run=run)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Compare, and print the days that differ."""
    damaged = None
    try:
        days = voxframe.audit_call_history(
            given.path, repair=given.repair, **connection_of(given), **filters_of(given)
        )
    except DamageError as error:
        # All other days are repaired.
        damaged, days = error, error.report
    held = voxframe.open_dataset(given.path).days
    sessions, kept = int(held.sessions.sum()), int(held.vanished.sum())
    if not given.json:
        for line in _lines(days, repair=given.repair):
            print(line)
        if not given.quiet:
            first, last = (datetime.fromisoformat(days.attrs[n]) for n in ("from_date", "to_date"))
            differ = f"; {many(len(days), 'day')} named above" if len(days) else ""
            purged = f", {kept:,} of them kept though it has purged them" if kept else ""
            rest = "; it counts the others" if kept else ", as it counts them"
            print(
                f"{given.path}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC beside the "
                f"service's counts:\n  {many(len(held), 'day')} with {many(sessions, 'session')}"
                f"{purged}{differ or rest};\n"
                f"  the last sync was {'broken off ' * bool(days.unread.any())}"
                f"{_ago(datetime.fromisoformat(days.attrs['synced_at']))}"
            )
    result = {
        "path": given.path,
        **{str(name): text for name, text in days.attrs.items()},
        "compared": {"days": len(held), "sessions": sessions, "kept_though_purged": kept},
        "missing": int(days.missing.sum()),
        "days": json.loads(days.to_json(orient="records", date_format="iso")),
    }
    if damaged is not None:
        raise UnfinishedError(str(damaged), result) from damaged
    if failure := _failure(days):
        raise UnfinishedError(f"{given.path}: {failure}", result)
    return result


def _lines(days: "pd.DataFrame", *, repair: bool) -> Iterator[str]:
    """Yield what is to be known of the days that differ, and what is to be done."""
    kept = days[(days.vanished.fillna(0) > 0) & ~days.damaged & ~days.unread]
    unread = days[days.unread]
    for row in days.drop(kept.index).drop(unread.index).itertuples():
        day: Any = row
        words = [
            "settled" if day.settled else "not settled",
            *(["damaged"] if day.damaged else []),
            f"{day.held:,} held",
            f"{day.counted:,} counted",
            *([f"{day.missing:,} missing"] if day.missing else []),
        ]
        if day.settled or day.damaged:
            then = "left as it was" if repair else "--repair reads it again"
        else:
            then = "the next sync reads it again"
        yield f"{day.day:%Y-%m-%d}: {', '.join(words)}; {'read again' if day.repaired else then}"
    if len(kept):
        number = int(kept.vanished.sum())
        yield (
            f"{_span(kept)}: {many(number, 'session')} kept though the service has purged "
            f"{'it' if number == 1 else 'them'};\n  nothing is to be done"
        )
    if len(unread):
        then = "read now" if unread.repaired.all() else "the next sync reads them"
        yield f"{_span(unread)}: asked for and never finished; {then}"


def _span(days: "pd.DataFrame") -> str:
    first, *_, last = days.day.dt.strftime("%Y-%m-%d").tolist() * 2
    return first if len(days) == 1 else f"{first} to {last}, {many(len(days), 'day')}"


def _failure(days: "pd.DataFrame") -> str:
    """Return what is wrong with the dataset and was not repaired, in words."""
    left = days[~days.repaired]
    lacking = left[left.settled & (left.missing.fillna(0) > 0)]
    words = [
        f"{many(len(lacking), 'settled day')} "
        f"{'lacks' if len(lacking) == 1 else 'lack'} {many(int(lacking.missing.sum()), 'session')}"
        if len(lacking)
        else "",
        f"{many(int(left.unread.sum()), 'day')} never finished" if left.unread.any() else "",
    ]
    said = ", ".join(filter(None, words))
    then = "--repair reads them again" if len(lacking) else "the next sync reads them"
    return f"{said}; {then}" if said else ""


def _ago(moment: datetime) -> str:
    """Return how long ago a moment was, and the moment."""
    passed = max(datetime.now(UTC) - moment, timedelta())
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        # One hour is too coarse for an hour and a half.
        if passed >= timedelta(seconds=2 * length):
            number = many(int(passed.total_seconds() // length), unit)
            return f"{number} ago, {moment:%Y-%m-%d %H:%M} UTC"
    return f"just now, {moment:%Y-%m-%d %H:%M} UTC"
