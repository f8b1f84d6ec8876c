"""Answers from what ``sync`` loaded: reads a DuckDB file or a folder of Parquet, and writes results and exports.

Nothing here changes the data, requests anything, or reads a file that the user did not name.
"""
