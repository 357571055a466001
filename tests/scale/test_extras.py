"""What needs an extra: not loaded without being asked for; options of Spark, without a JVM."""

import subprocess
import sys

import pytest

from tests.support.exact import FROM, TO
from voxframe.errors import VoxframeError

NUMBER = "+4930123456"


@pytest.mark.parametrize(
    ("module", "library", "words"),
    [
        ("voxframe.dask", "dask", "voxframe.dask needs Dask: pip install 'voxframe[dask]'"),
        (
            "voxframe.spark",
            "pyspark",
            "voxframe.spark needs PySpark 4: pip install 'voxframe[spark]'",
        ),
    ],
)
def test_without_its_library_one_line_says_what_to_install(module, library, words):
    code = f"import sys; sys.modules[{library!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"voxframe.errors.MissingExtraError: {words}"
    assert "halted" not in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table": "call"}, "table: needs to be one of sessions, calls, records, resource_usage"),
        ({"from_date": "2026-13-01"}, "from_date: '2026-13-01' is not a date"),
        ({"remote_numbr": NUMBER}, "remote_numbr: .* did you mean 'remote_number'"),
        ({"user_id": NUMBER + "x"}, "user_id: needs whole numbers"),
        ({"remote_number": f'["{NUMBER}'}, "remote_number: needs a text or a JSON array of texts"),
        ({"with_calls": "yes"}, "with_calls: needs true or false"),
        ({"freq": "M"}, "freq: 'M' is not one of"),
        ({"credentials": '{"private_key": "s3cret"}'}, "credentials: needs the path of a key file"),
    ],
)
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_an_option_that_is_wrong_is_named_and_not_repeated(options, words):
    pytest.importorskip("pyspark")
    from voxframe.spark import CallHistorySource

    given = {"table": "calls", "from_date": FROM, "to_date": TO} | options
    with pytest.raises(VoxframeError, match=f"^{words}") as failed:
        CallHistorySource(given).schema()
    assert NUMBER[1:] not in str(failed.value)
    assert "s3cret" not in str(failed.value)
