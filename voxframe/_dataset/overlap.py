"""Several datasets as one: days of which they have sessions in common, each session once."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from voxframe._dataset.layout import session_starts, stored
from voxframe._dataset.reading import Tables, concatenated
from voxframe._dataset.source import Source
from voxframe._spec.tables import DATE, SESSION_ID

# With one of these an account's key gives the sessions of other accounts.
_OF_CHILDREN = {"child_account_id", "children_calls_only"}


def shared_days(sources: Sequence[Source]) -> list[str]:
    """Return the days of which several sources have the same session."""
    if len(sources) == 1 or _apart(sources):
        return []
    held = Counter(day for source in sources for day in source.manifest().days)
    inside = _are([day for day, times in held.items() if times > 1])
    columns = [SESSION_ID, "start_day"]
    found = [source.arrow("sessions").to_table(columns, filter=inside) for source in sources]
    counted = (
        pa.concat_tables(found)
        .group_by(SESSION_ID)
        .aggregate([("start_day", "min"), ([], "count_all")])
    )
    again = counted.filter(pc.greater(counted["count_all"], 1))["start_day_min"]
    return sorted(day.isoformat() for day in again.unique().to_pylist())


def _apart(sources: Sequence[Source]) -> bool:
    """Return whether they are of accounts that have no session in common."""
    manifests = [source.manifest() for source in sources]
    accounts = {each.receipt.account_id for each in manifests if each.receipt is not None}
    alone = not any(_OF_CHILDREN & set(each.query["filters"]) for each in manifests)
    return alone and None not in accounts and len(accounts) == len(sources)


def _are(days: Collection[str]) -> pc.Expression:
    return pc.field("start_day").isin(pa.array(map(date.fromisoformat, days), DATE))


def merged(
    sources: Sequence[Source], days: Sequence[str], columns: Collection[str] | None = None
) -> Tables:
    """Return days of several sources, each session once, as it was read last."""
    found = []
    for source in sources:
        manifest = source.manifest()
        own = [day for day in days if day in manifest.days]
        found.append((source.tables(own, columns), manifest.summary()))
    return concatenated(found)[0]


def side_by_side(sources: Sequence[Source], name: str) -> ds.Dataset:
    """Return a table of several sources, each session once; days that they share are read."""
    parts = [source.arrow(name) for source in sources]
    # Delta has no dictionaries: beside it, Parquet's categories are text as well.
    schema = next((p.schema for p in parts if not _dictionaries(p.schema)), parts[0].schema)
    both = shared_days(sources)
    alone = [
        ds.FileSystemDataset(
            list(part.get_fragments(~_are(both))), schema, part.format, part.filesystem
        )
        for part in parts
    ]
    if not both:
        return ds.dataset(alone)
    tables = merged(sources, both)
    days = pc.cast(session_starts(tables, name), DATE)
    rows = stored(tables[name], name).append_column("start_day", days)
    return ds.dataset([*alone, ds.dataset(rows.select(schema.names).cast(schema))])


def _dictionaries(schema: pa.Schema) -> bool:
    return any(pa.types.is_dictionary(kind) for kind in schema.types)
