"""A Voximplant account's call history in pandas, Arrow and Parquet."""

import importlib
import typing

# The first for Ctrl-C while the others are being loaded.
from voxframe import _interrupt, errors  # noqa: F401
from voxframe._api import (
    audit_call_history,
    count_call_history,
    download_recordings,
    export_call_history,
    iter_call_history,
    read_call_history,
    sync_call_history,
)
from voxframe._client import Client
from voxframe._dataset.report import SyncReport
from voxframe._decode.decode import Page
from voxframe._history import CallHistory
from voxframe._http.credentials import Credentials
from voxframe._http.retry import RetryPolicy
from voxframe._open import Dataset, open_dataset
from voxframe._partitions import Partition, partitions
from voxframe._progress import Progress
from voxframe._read.count import Count
from voxframe._receipt import Receipt
from voxframe._recordings.progress import DownloadProgress

if typing.TYPE_CHECKING:
    from voxframe import analysis as analysis

__all__ = [
    "CallHistory",
    "Client",
    "Count",
    "Credentials",
    "Dataset",
    "DownloadProgress",
    "Page",
    "Partition",
    "Progress",
    "Receipt",
    "RetryPolicy",
    "SyncReport",
    "audit_call_history",
    "count_call_history",
    "download_recordings",
    "errors",
    "export_call_history",
    "iter_call_history",
    "open_dataset",
    "partitions",
    "read_call_history",
    "sync_call_history",
]

__version__ = "0.2.0"


def __getattr__(name: str) -> typing.Any:
    # Half as much again to load as all the rest, and not every program asks for figures.
    if name == "analysis":
        return importlib.import_module("voxframe.analysis")
    raise AttributeError(f"module 'voxframe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "analysis"]
