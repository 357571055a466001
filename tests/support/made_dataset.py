"""A dataset in a folder, out of tables instead of a service, by the rooms that write one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from voxframe._dataset.day import DayWriter
from voxframe._dataset.folder import opened
from voxframe._dataset.layout import DAY, by_day, day_name, in_order, stored
from voxframe._dataset.manifest import Stretch


def write_dataset(
    path: Path, parts: Iterable[Mapping[str, pa.Table]], first: datetime, end: datetime
) -> None:
    """Write tables as what was read of the time from `first` to `end`, whole days a part."""
    query = {
        "from_date": first.isoformat(), "to_date": end.isoformat(), "inclusive": "left",
        "filters": [], "fingerprint": "made",
    }  # fmt: skip
    begin, over, read_at = int(first.timestamp()), int(end.timestamp()), datetime.now(UTC)
    with opened(path, query, begin, give_up=False) as store:
        store.manifest.end = over
        days = {}
        for part in parts:
            for day, tables in by_day(in_order(part)):
                writer = DayWriter(day, store.staging, store.run, read_at)
                writer.add({name: stored(table, name) for name, table in tables.items()})
                days[day_name(day)] = writer.close()
        whole = begin // DAY * DAY, -(-over // DAY) * DAY
        store.publish(Stretch(*whole, read_at, store.run), days, ())
        store.finish()
