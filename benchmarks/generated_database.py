"""``generated_database.py FILE PROJECTS``: a DuckDB file as ``sync`` of a whole index loads it, made by SQL.

Versions are 1 to 19 a project, ten on average, files two or three a version; the file has the tables of seven streams.
Columns without an influence on aggregates, such as digests, are null.
"""

import sys
from pathlib import Path

from source_pypi.destinations.duckdb.state import StateFile
from source_pypi.destinations.tables import CAPABILITIES, RUN, table_of
from source_pypi.streams import STREAMS

#: Each table's rows, from the number of projects.
ROWS = {
    "projects": """
        SELECT 'project-' || n AS project, 'Project-' || n AS name, 'The summary of project ' || n AS summary,
            (n % 19) || '.0.0' AS latest_version,
            ['MIT', 'Apache-2.0', 'BSD-3-Clause', 'GPL-3.0-or-later', NULL, NULL][n % 6 + 1] AS license_expression,
            '>=3.' || (6 + n % 8) AS requires_python, n % 19 + 1 AS version_count, (n % 19 + 1) * 2 AS file_count,
            (hash(n) % 100000)::BIGINT * (n % 1000 + 1) AS total_size, first AS first_upload_at,
            first + to_days((n % 1500)::INTEGER) AS last_upload_at, n AS serial, 'document' AS source, now() AS seen_at
        FROM (SELECT n, TIMESTAMPTZ '2008-01-01' + to_days((sqrt(n) * 7)::INTEGER) AS first FROM range({projects}) t(n))
    """,
    "versions": """
        SELECT 'project-' || n AS project, v || '.0.0' AS version, true AS valid_pep440,
            v || '.0.0' AS normalized_version, '1' || lpad(v::VARCHAR, 4, '0') AS sort_key, v % 9 = 8 AS is_prerelease,
            TIMESTAMPTZ '2008-01-01' + to_days((sqrt(n) * 7 + v * 60)::INTEGER) AS first_upload_at,
            first_upload_at AS last_upload_at, 2 AS file_count,
            20000 + (hash(n + v) % 1000000)::BIGINT AS total_size, true AS has_sdist,
            true AS has_wheel, '>=3.9' AS requires_python, hash(n * 31 + v) % 200 = 0 AS yanked,
            v = n % 19 AS is_latest, 'document' AS source, now() AS seen_at
        FROM range({projects}) t(n), range(19) u(v) WHERE v <= n % 19
    """,
    "files": """
        SELECT project, project || '-' || version
            || ['.tar.gz', '-py3-none-any.whl', '-cp312-cp312-win_amd64.whl'][k + 1] AS filename, version,
            ['sdist', 'bdist_wheel', 'bdist_wheel'][k + 1] AS packagetype,
            ['source', 'py3', 'cp312'][k + 1] AS python_version, total_size // 2 AS size,
            first_upload_at AS uploaded_at, requires_python, yanked, 'document' AS source, seen_at
        FROM versions, range(3) t(k) WHERE k < 2 OR hash(project || version) % 8 = 0
    """,
    "dependencies": """
        SELECT 'project-' || n AS project, (n % 19) || '.0.0' AS version, d AS position,
            'project-' || (hash(n + d) % 5000) || '>=1' AS requirement, 'project-' || (hash(n + d) % 5000) AS name,
            '>=1' AS specifier, 'index' AS source, now() AS seen_at
        FROM range({projects}) t(n), range(4) u(d)
    """,
    "attestations": """
        SELECT project, filename, 0 AS bundle, 0 AS position, version, 'GitHub' AS publisher_kind,
            project || '/' || project AS publisher_repository, 'release.yml' AS publisher_workflow, seen_at
        FROM files WHERE uploaded_at > TIMESTAMPTZ '2024-11-01' AND hash(project) % 6 = 0
    """,
    "roles": """
        SELECT 'project-' || n AS project, 'Owner' AS role, 'user-' || (hash(n) % 300000) AS "user", now() AS seen_at
        FROM range({projects}) t(n)
    """,
    "statuses": """
        SELECT 'project-' || n AS project,
            CASE WHEN n % 97 = 0 THEN 'archived' WHEN n % 5003 = 0 THEN 'quarantined' ELSE 'active' END AS status,
            true AS has_document, true AS has_page, 2 AS file_count, true AS agree, now() AS seen_at
        FROM range({projects}) t(n)
    """,
}


def generate(path: Path, projects: int) -> None:
    """Make the file; about 2 kB of memory and disk a project."""
    file = StateFile(path)
    file.open()
    try:
        file.make([*(table_of(one) for one in STREAMS if one.name in ROWS), CAPABILITIES, RUN])
        file.connection.execute("SET memory_limit = '2GB'")
        file.connection.execute(f"INSERT INTO {RUN.name} BY NAME SELECT 2 AS version, 'http://127.0.0.1/' AS \"index\"")
        for name, rows in ROWS.items():
            file.connection.execute(f"INSERT INTO {name} BY NAME {rows.format(projects=projects)}")
    finally:
        file.close()


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
