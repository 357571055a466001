"""A call history as a data source of Apache Spark.

Needs the extra ``voxframe[spark]`` (PySpark 4) on the driver and on the workers, and the
Java runtime that Spark needs; ``import voxframe`` does not load it.

Examples
--------
>>> import voxframe.spark  # doctest: +SKIP
>>> spark.dataSource.register(voxframe.spark.CallHistorySource)  # doctest: +SKIP
>>> calls = (  # doctest: +SKIP
...     spark.read.format("voxframe")
...     .option("table", "calls")
...     .option("from_date", "2026-10-01")
...     .option("to_date", "2026-11-01")
...     .option("credentials", "/etc/voximplant/credentials.json")
...     .load()
... )
>>> calls.groupBy("remote_number_type").sum("cost").show()  # doctest: +SKIP
"""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from voxframe._dataset.layout import STORED, session_starts, stored
from voxframe._partitions import Partition, only, partitions
from voxframe._query.names import nearest
from voxframe._spec.parameters import PARAMETERS, Parameter
from voxframe._spec.tables import CATEGORY, DATE, INSTANT, MONEY
from voxframe.errors import InvalidQueryError, MissingExtraError

try:
    from pyspark.sql import types
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
except ModuleNotFoundError as error:
    raise MissingExtraError(
        "voxframe.spark needs PySpark 4: pip install 'voxframe[spark]'", name=error.name
    ) from None

__all__ = ["CallHistorySource"]

_TYPES = {
    pa.int64(): types.LongType(),
    pa.float64(): types.DoubleType(),
    pa.bool_(): types.BooleanType(),
    pa.string(): types.StringType(),
    CATEGORY: types.StringType(),
    INSTANT: types.TimestampType(),
    DATE: types.DateType(),
    MONEY: types.DecimalType(MONEY.precision, MONEY.scale),
}
# As in the folders of a dataset: the day of the session's start in UTC.
_DAY = pa.field(
    "start_day", DATE, metadata={"description": "The day on which the session started, in UTC."}
)
# What Spark itself makes an Arrow batch of, unless told otherwise.
_ROWS_A_BATCH = 10_000
_KEYWORDS = frozenset(inspect.signature(partitions).parameters) - {"retry", "progress"}
_OWN = {
    "sessions": Parameter("sessions", "integer"),
    "max_concurrency": Parameter("max_concurrency", "integer"),
    "credentials": Parameter("credentials", "texts"),
}
_FLAGS = {"true": True, "false": False}


class CallHistorySource(DataSource):
    """Spark's format ``voxframe``: one of the four tables, each session exactly once.

    Register it once a session, ``spark.dataSource.register(CallHistorySource)``, then
    ``spark.read.format("voxframe").option(…).load()``. Each stretch of the window is a
    partition; one that fails is tried again by Spark, and no row of a failed try counts.

    Notes
    -----
    The options are the keywords of :func:`voxframe.partitions` (but for `retry` and
    `progress`) as text, and ``table``: ``sessions``, ``calls``, ``records`` or
    ``resource_usage``; only that table is asked for. Flags are ``true`` or ``false``. Of
    what takes several values, integers are separated by commas, texts are a JSON array;
    so are the paths of several ``credentials``. A key itself is refused.

    The schema is declared: the columns of a dataset (those of
    :class:`voxframe.CallHistory`, then ``unknown_fields``, JSON or null), and
    ``start_day``, the date of the session's start in UTC, by which a dataset is laid
    out. Costs are ``decimal(18,9)``, instants ``timestamp``, categories text.

    Errors arrive as Spark's, with the text of those of :func:`voxframe.partitions` from
    ``load``, and of those of :func:`voxframe.read_call_history` from an action.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "voxframe"

    def schema(self) -> types.StructType:
        """Return the declared columns, after a look at all options."""
        table, keywords = _understood(self.options)
        # All that is wrong with them is said now; nothing is counted yet.
        partitions(**{**keywords, "sessions": None})
        schema = types.StructType()
        for field in STORED[table].append(_DAY):
            meaning = {"comment": field.metadata[b"description"].decode()}
            schema = schema.add(field.name, _TYPES[field.type], metadata=meaning)
        return schema

    def reader(self, schema: types.StructType) -> DataSourceReader:  # noqa: ARG002 - is declared
        """Return what reads it."""
        return _Reader(*_understood(self.options))


class _Reader(DataSourceReader):
    def __init__(self, table: str, keywords: Mapping[str, Any]) -> None:
        self._table, self._keywords = table, keywords

    def partitions(self) -> list[InputPartition]:
        """Return the stretches, on the driver."""
        return [InputPartition(only(each, self._table)) for each in partitions(**self._keywords)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Return the rows of a stretch, on a worker."""
        part: Partition = partition.value
        tables = part.read().tables
        days = pc.cast(session_starts(tables, self._table), DATE)
        rows = stored(tables[self._table], self._table).append_column(_DAY, days)
        plain = pa.schema(
            [pa.field(f.name, pa.string() if f.type == CATEGORY else f.type) for f in rows.schema]
        )
        yield from rows.cast(plain).to_batches(max_chunksize=_ROWS_A_BATCH)


def _understood(options: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the table, and what else the options say as keywords of `partitions`."""
    keywords = {name.lower(): text for name, text in options.items()}
    table = keywords.pop("table", None)
    if table not in STORED:
        raise InvalidQueryError(f"table: needs to be one of {', '.join(STORED)}")
    for name in keywords:
        if name not in _KEYWORDS:
            raise InvalidQueryError(
                f"{name}: the format voxframe has no such option" + nearest(name, _KEYWORDS)
            )
    return table, {name: _value(name, text) for name, text in keywords.items()}


def _value(name: str, text: str) -> Any:
    """Return what an option's text means; an error never repeats it, since it may be a number."""
    parameter = PARAMETERS.get(name) or _OWN.get(name)
    if parameter is None or text == parameter.word:
        return text
    integer = parameter.kind in ("integer", "integers")
    try:
        if parameter.kind == "flag":
            return _FLAGS[text.lower()]
        if integer:
            return json.loads(f"[{text.strip('[]')}]") if parameter.several else int(text)
        return json.loads(text) if parameter.several and text.startswith("[") else text
    except (KeyError, ValueError):
        wanted = "whole numbers" if integer else "a text or a JSON array of texts"
        wanted = "true or false" if parameter.kind == "flag" else wanted
        raise InvalidQueryError(f"{name}: needs {wanted}") from None
