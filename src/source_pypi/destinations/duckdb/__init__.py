"""A DuckDB file: tables with comments, and views over them."""
