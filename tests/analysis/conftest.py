from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.histories import at, random_tables

BERLIN = ZoneInfo("Europe/Berlin")
Sql = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def many() -> dict[str, pa.Table]:
    return random_tables(20_000, days=60, seed=7)


def _clock() -> Iterator[tuple[int, ...]]:
    """Yield every hour with the beginning of its day, week and month on a clock in Berlin."""
    for hour in range(int(at("2026-09-01").timestamp()), int(at("2027-01-02").timestamp()), 3600):
        local = datetime.fromtimestamp(hour, BERLIN)
        day = datetime(local.year, local.month, local.day, tzinfo=BERLIN)
        week = day - timedelta(days=day.weekday())
        month = day.replace(day=1)
        yield hour, *(int(moment.timestamp()) for moment in (day, week, month))


@pytest.fixture(scope="session")
def sql(many: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sql]:
    """Ask DuckDB about the same history, out of Parquet files; instants are epoch seconds."""
    duckdb = pytest.importorskip("duckdb")
    folder: Path = tmp_path_factory.mktemp("parquet")
    with duckdb.connect() as connection:
        for name, table in many.items():
            path = folder / f"{name}.parquet"
            pq.write_table(table, path)
            instants = [f.name for f in table.schema if pa.types.is_timestamp(f.type)]
            plain = ", ".join(f"epoch_us({i}) // 1000000 as {i}" for i in instants)
            connection.sql(
                f"create view {name} as select * replace ({plain}) from read_parquet('{path}')"
            )
        names = ["hour", "day", "week", "month"]
        columns = map(list, zip(*_clock(), strict=True))
        connection.register("clock", pa.table(dict(zip(names, columns, strict=True))))
        yield lambda query: connection.sql(query).fetchall()
