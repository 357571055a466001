"""Spark's own rows, types and errors; and the same window read four ways, to the last digit."""

import concurrent.futures
import json
import multiprocessing
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import voxframe
from tests.support.exact import FROM, KINDS, TO, Truth
from voxframe import CallHistory, Partition, RetryPolicy
from voxframe._spec.tables import SCHEMAS
from voxframe.emulator import Behaviour, Emulator, Fault

# Spark's own, at its import.
pytestmark = pytest.mark.filterwarnings(
    "ignore:PySpark does not yet fully support pandas:FutureWarning"
)
NUMBER = "+4930123456"
QUICK = RetryPolicy(max_attempts=20, first_wait=0.01, longest_wait=0.05)
ONE_IN_FOUR = [
    Fault(kind, probability=0.055, seed=at)
    for at, kind in enumerate(("503", "cut_json", "340", "reset", "empty"))
]


def source(spark, emulator, table, **options):
    given = {"table": table, "from_date": FROM, "to_date": TO, "base_url": emulator.base_url}
    return spark.read.format("voxframe").options(**(given | options))


def test_a_partition_that_fails_is_tried_again_and_then_exact(spark, world, key):
    # Whoever meets an invalid argument does not try again; Spark does.
    with Emulator(world, faults=[Fault("101", at=(2, 3))]) as emulator:
        rows = source(spark, emulator, "calls", credentials=key, freq="W").load().toArrow()
        assert emulator.counters.requests >= 7
    truth = Truth(world, FROM, TO)
    assert len(rows) == truth.counts[1]
    assert pc.sum(rows["cost"]).as_py() == truth.costs[0]


def test_options_are_text(spark, emulator, world, key):
    applications = sorted({s["application_id"] for s in world.expected()})[:2]
    rows = source(
        spark, emulator, "sessions", credentials=json.dumps([str(key)]), sessions="2000",
        timezone="Europe/Berlin", inclusive="both", with_Calls="False", max_concurrency="2",
        application_id=", ".join(map(str, applications)), remote_number='["+1", "+2"]',
        child_account_id="all", min_duration="1",
    ).load()  # fmt: skip
    assert rows.count() == 0
    asked = emulator.requests[-1].params
    assert asked["remote_number"] == "+1;1;+2;2"
    assert asked["child_account_id"] == "all"
    assert asked["min_duration"] == "1"
    assert {r.params["application_id"] for r in emulator.requests[-2:]} == set(
        map(str, applications)
    )


def test_an_error_has_our_words_and_no_secret(spark, world, key):
    contents = key.read_text()
    with Emulator(world, faults=[Fault("104")]) as emulator:
        given = source(spark, emulator, "calls", credentials=contents)
        with pytest.raises(
            Exception, match=r"errors\.CredentialsError: .*path of a key"
        ) as at_load:
            given.load()
        assert emulator.counters.requests == 0
        rows = source(
            spark, emulator, "calls", credentials=key, to_date="2026-10-03", remote_number=NUMBER
        ).load()
        assert NUMBER[1:] not in rows._jdf.queryExecution().toString()
        with pytest.raises(Exception, match=r"voxframe\.errors\.PermissionDeniedError") as at_work:
            rows.count()
    for failed in (at_load, at_work):
        assert NUMBER[1:] not in str(failed.value)
        assert json.loads(contents)["private_key"][40:80] not in str(failed.value)


def test_the_schema_is_that_of_a_dataset_which_spark_reads_too(spark, emulator, key, tmp_path):
    from voxframe.spark import CallHistorySource

    voxframe.export_call_history(
        tmp_path / "data", FROM, TO, credentials=key, base_url=emulator.base_url
    )
    for table in SCHEMAS:
        exported = spark.read.parquet(str(tmp_path / "data" / table))
        declared = CallHistorySource({"table": table, "from_date": FROM}).schema()
        assert [(f.name, f.dataType) for f in declared] == [
            (f.name, f.dataType) for f in exported.schema
        ]
    order = [("call_session_history_id", "ascending"), ("call_id", "ascending")]
    there = spark.read.parquet(str(tmp_path / "data" / "calls")).toArrow()
    here = source(spark, emulator, "calls", credentials=key, freq="W").load().toArrow()
    plain = pa.schema([pa.field(field.name, field.type) for field in here.schema])
    assert here.sort_by(order).cast(plain).equals(there.sort_by(order).cast(plain))


@pytest.mark.parametrize("table", SCHEMAS)
def test_spark_sees_delta_tables_of_a_sync_as_it_sees_the_service(
    table, emulator, key, tmp_path_factory
):
    # Spark opens Delta tables with a jar that PyPI does not have; what they say of themselves is
    # in Spark's own words, and Spark reads those here.
    types = pytest.importorskip("pyspark.sql.types")
    from deltalake import DeltaTable

    from voxframe.spark import CallHistorySource

    path = tmp_path_factory.getbasetemp() / "delta"
    if not path.exists():
        voxframe.sync_call_history(
            path, FROM, format="delta", credentials=key, base_url=emulator.base_url
        )
    log = DeltaTable(str(path / table))
    first = (path / table / "_delta_log" / f"{0:020}.json").read_text().splitlines()
    (said,) = [json.loads(line)["metaData"] for line in first if "metaData" in json.loads(line)]
    there = types.StructType.fromJson(json.loads(said["schemaString"]))
    declared = CallHistorySource({"table": table, "from_date": FROM}).schema()
    assert [(f.name, f.dataType) for f in there] == [(f.name, f.dataType) for f in declared]
    # Of the first protocol, which every reader of Delta understands; no table features.
    assert log.protocol().min_reader_version == 1
    assert log.protocol().reader_features is None


def by_read(emulator, key, _):
    history = voxframe.read_call_history(
        FROM, TO, credentials=key, base_url=emulator.base_url, retry=QUICK
    )
    return history.tables


def by_processes(emulator, key, _):
    parts = voxframe.partitions(
        FROM, TO, credentials=key, base_url=emulator.base_url, max_concurrency=2, retry=QUICK
    )
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        whole = CallHistory.concat(pool.map(Partition.read, parts))
    assert whole.receipt.retries > 0
    return whole.tables


def by_dask(emulator, key, _):
    distributed = pytest.importorskip("distributed")
    from voxframe.dask import read_call_history

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        frames = read_call_history(
            FROM, TO, credentials=key, base_url=emulator.base_url, retry=QUICK,
            dtype_backend="pyarrow", freq="W",
        )  # fmt: skip
        found = client.gather(client.compute(list(frames.values())))
    return {
        table: pa.table(
            {name: pa.chunked_array(frame[name].array.__arrow_array__()) for name in frame}
        )
        for table, frame in zip(frames, found, strict=True)
    }


def by_spark(emulator, key, request):
    spark = request.getfixturevalue("spark")
    return {
        table: source(spark, emulator, table, credentials=key, freq="W").load().toArrow()
        for table in SCHEMAS
    }


@pytest.mark.parametrize("way", [by_spark, by_dask, by_processes, by_read])
def test_the_same_window_four_ways_with_one_request_in_four_failing(way, world, key, request):
    behaviour = Behaviour(extra_fields=True)
    with Emulator(world, faults=ONE_IN_FOUR, behaviour=behaviour, cache=True) as emulator:
        tables = way(emulator, key, request)
    truth = Truth(world, FROM, TO)
    ids = tables["sessions"]["call_session_history_id"].to_pylist()
    assert sorted(ids) == sorted(truth.ids)
    assert [len(tables[name]) for name in SCHEMAS] == truth.counts
    assert truth.costs == tuple(
        pc.sum(tables[kind]["cost"]).as_py() or Decimal(0) for kind in KINDS
    )
    for table, schema in SCHEMAS.items():
        for field in schema:
            # Spark has no dictionaries.
            plain = field.type.value_type if way is by_spark and pa.types.is_dictionary(
                field.type) else field.type  # fmt: skip
            assert tables[table].schema.field(field.name).type == plain, field.name
