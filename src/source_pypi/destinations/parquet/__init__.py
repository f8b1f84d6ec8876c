"""A folder of Parquet files, here or in a bucket."""
