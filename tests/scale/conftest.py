import os
import shutil
import sys

import pytest

from tests.support.exact import FROM, TO
from voxframe.emulator import Emulator, World


@pytest.fixture(scope="session")
def world():
    return World(sessions=3_000, start=FROM, end=TO, seed=71)


@pytest.fixture(scope="session")
def emulator(world):
    with Emulator(world, cache=True) as running:
        yield running


@pytest.fixture(scope="session")
def key(emulator, tmp_path_factory):
    return emulator.write_credentials(tmp_path_factory.mktemp("key") / "credentials.json")


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Real Spark on this machine, started once: it takes a good part of a minute."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime")
    before = dict(os.environ)
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    options = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.ui.showConsoleProgress": "false",
    }
    # Two tasks at once, each tried up to three times.
    builder = sql.SparkSession.builder.master("local[2,3]")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")

    from voxframe.spark import CallHistorySource

    session.dataSource.register(CallHistorySource)
    yield session
    session.stop()
    os.environ.clear()
    os.environ |= before
