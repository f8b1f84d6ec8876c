"""PyAirbyte reading this connector into a DuckDB file.

Usage: ``pyairbyte_duckdb.py EXECUTABLE CONFIG DATABASE STREAM...``; EXECUTABLE is the connector's.
"""

import json
import sys
from pathlib import Path

import airbyte
from airbyte.caches import DuckDBCache

#: The schema of its tables.
SCHEMA = "pypi"


def main() -> None:
    """Read the streams into the file."""
    executable, config, database, *streams = sys.argv[1:]
    settings = json.loads(Path(config).read_text())
    source = airbyte.get_source(
        "source-pypi", local_executable=Path(executable), config=settings, install_if_missing=False
    )
    source.select_streams(streams)
    with DuckDBCache(db_path=database, schema_name=SCHEMA) as cache:
        source.read(cache)


if __name__ == "__main__":
    main()
