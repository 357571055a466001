"""A dataset on disk: days as Parquet files, a manifest that knows each of them."""
