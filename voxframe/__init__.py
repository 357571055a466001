"""A Voximplant account's call history in pandas, Arrow and Parquet."""

__version__ = "0.1.0"
