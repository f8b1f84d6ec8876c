"""The insert that ``source-pypi sync`` is compared with: one ``read_json`` insert for each table of a new DuckDB file.

Usage: ``python benchmarks/insert.py FOLDER DATABASE``; ``benchmarks.rows split`` writes FOLDER. Prints as
JSON its wall time and CPU time in seconds, without the start of the interpreter.
"""

import json
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    """Create each table and fill it."""
    folder, database = Path(sys.argv[1]), sys.argv[2]
    wall, cpu = time.perf_counter(), time.process_time()
    connection = duckdb.connect(database)
    connection.execute("SET TimeZone = 'UTC'")
    for table, columns in json.loads((folder / "columns.json").read_text()).items():
        listed = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        types = ", ".join(f"\"{name}\": '{type_}'" for name, type_ in columns.items())
        connection.execute(f"CREATE TABLE {table} ({listed})")
        connection.execute(
            f"INSERT INTO {table} SELECT * FROM read_json('{folder / table}.ndjson', "
            f"format = 'newline_delimited', columns = {{{types}}})"
        )
    connection.close()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
