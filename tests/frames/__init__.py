"""Tests with DuckDB, Polars, pandas, pyarrow and DataFusion, in an environment of their own."""
