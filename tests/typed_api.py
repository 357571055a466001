"""How a user's typed program sees the surface; mypy checks it, nothing runs it."""

from collections.abc import Iterator
from typing import assert_type

import pandas as pd
import pyarrow as pa

import voxframe

history = voxframe.read_call_history("2026-10-01", "2026-11-01", application_id=[1, 2])
assert_type(history, voxframe.CallHistory)
assert_type(history.calls, pd.DataFrame)
table: pa.Table = history.tables["calls"]
assert_type(history.receipt, voxframe.Receipt)
assert_type(history.receipt.requests, int)
assert_type(len(history), int)

pieces = voxframe.iter_call_history("2026-10-01", "2026-11-01", timezone="Europe/Berlin")
assert_type(pieces, Iterator[voxframe.CallHistory])

receipt = voxframe.export_call_history("history", "2026-10-01", "2026-11-01", overwrite=True)
assert_type(receipt, voxframe.Receipt)

parts = voxframe.partitions("2026-10-01", "2026-11-01", freq="W", credentials=["a.json", "b.json"])
assert_type(parts, list[voxframe.Partition])
assert_type(parts[0].read(), voxframe.CallHistory)

with voxframe.Client("credentials.json", max_concurrency=4) as client:
    assert_type(client, voxframe.Client)
    assert_type(client.read_call_history("2026-10-01", "2026-10-02"), voxframe.CallHistory)
    page = client.get_call_history(from_date="2026-10-01", to_date="2026-10-02", count=10)
    assert_type(page.count, int)
    assert_type(page.total_count, int | None)

report = voxframe.sync_call_history("history", "2026-10-01", lookback="5D")
assert_type(report, voxframe.SyncReport)
assert_type(report.changes, pd.DataFrame)
assert_type(voxframe.audit_call_history("history", repair=True), pd.DataFrame)
assert_type(voxframe.open_dataset(["a", "b"]), voxframe.Dataset)
assert_type(voxframe.open_dataset("a").read("2026-10-01", columns=["cost"]), voxframe.CallHistory)

try:
    voxframe.read_call_history("2026-10-01", "2026-11-01")
except voxframe.errors.ApiError as error:
    assert_type(error.code, int)
