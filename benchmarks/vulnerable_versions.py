"""The view ``vulnerable_versions`` of a loaded file: ``FILE build COUNT`` adds versions, ``FILE query`` measures."""

import json
import sys
import time

import duckdb

from source_pypi.queries import views
from source_pypi.standards.versions import sort_key

#: Versions of a project.
_EACH = 50


def build(database: str, count: int) -> None:
    """Add a table of versions, of as many projects as needed: first those that advisories name."""
    keys = [(f"{major}.0", sort_key(f"{major}.0")) for major in range(_EACH)]
    with duckdb.connect(database) as connection:
        connection.execute("CREATE TABLE numbers (version VARCHAR, sort_key VARCHAR)")
        connection.executemany("INSERT INTO numbers VALUES (?, ?)", keys)
        connection.execute(
            "CREATE TABLE versions AS SELECT 'project-' || project AS project, version, sort_key "
            "FROM range(?) AS projects (project), numbers",
            [count // _EACH],
        )
        [view] = [one for one in views() if one.name == "vulnerable_versions"]
        connection.execute(f"CREATE VIEW vulnerable_versions AS {view.sql}")


def query(database: str) -> None:
    """Write how long it takes to compute all rows of the view, and how many there are."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("SET memory_limit = '2GB'")
        start = time.monotonic()
        connection.execute("CREATE TEMP TABLE found AS FROM vulnerable_versions")
        seconds = time.monotonic() - start
        ((rows,),) = connection.execute("SELECT count(*) FROM found").fetchall()
    print(json.dumps({"seconds": seconds, "rows": rows}))


if __name__ == "__main__":
    if sys.argv[2] == "build":
        build(sys.argv[1], int(sys.argv[3]))
    else:
        query(sys.argv[1])
