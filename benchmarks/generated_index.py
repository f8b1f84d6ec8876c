"""``generated_index.py FILE PROJECTS``: a DuckDB file as ``sync --whole-index`` loads it, made by SQL.

750,000 projects have 8 million versions, 16 million files, and the rows of the other streams that go with the latest
releases, distributed as on the public index: a few projects have most releases; most files are one wheel and one source
distribution a release. For questions, ``generate`` can add 200 pins. Columns without an influence on answers, such as
digests, are null.
"""

import sys
from pathlib import Path

import duckdb

from source_pypi.destinations.tables import OURS, RUN, RUN_TABLES, Table, table_of
from source_pypi.queries import views
from source_pypi.streams import STREAMS

#: Streams whose documents are nested; no question reads them.
_RAW = ("project", "release", "stats", "core_metadata", "recent_releases", "recent_projects")

_DRAWS = """
CREATE OR REPLACE MACRO draw(seed, i) AS (hash(i, seed) % 1000000007) / 1000000007.0;
CREATE OR REPLACE MACRO part(n) AS lpad(length(n::VARCHAR)::VARCHAR, 2, '0') || n;
CREATE OR REPLACE MACRO word(n) AS
    ['py', 'data', 'web', 'test', 'tool', 'ml', 'async', 'core', 'lib', 'kit'][1 + n % 10];
CREATE OR REPLACE MACRO named(i) AS
    word(i) || CASE i % 3 WHEN 0 THEN '-' WHEN 1 THEN '' ELSE '-x-' END || word(i // 10) || (i // 7);
"""

#: Rows of each table, from ``_names`` (a project: its number i, its name and its number of releases) and ``_releases``
#: (a release: its number k in the project, from 1).
_ROWS = {
    "_names": """
        SELECT i, named(i) AS project, least(1500, floor(3.08 * power(1 - draw('releases', i), -0.75)))::INTEGER AS n,
            TIMESTAMPTZ '2012-01-01 00:00:00+00' + to_seconds((sqrt(draw('born', i)) * 4.6e8)::BIGINT) AS born
        FROM range(?) AS r (i)
    """,
    "_releases": """
        SELECT i, project, k, n, (k // 50 + 1) || '.' || (k // 5 % 10) || '.' || (k % 5 + 1) AS version,
            '1010~' || part(k // 50 + 1) || '.' || part(k // 5 % 10) || '.' || part(k % 5 + 1) || '!909' AS sort_key,
            least(TIMESTAMPTZ '2026-11-01 00:00:00+00',
                born + to_seconds((k * (20 + 60 * draw('pace', i)) * 86400 * power(n, -0.3))::BIGINT)) AS uploaded,
            draw('native', i) < 0.036 AS native, draw('yanked', i * 10000 + k) < 0.01 AS yanked
        FROM (SELECT *, unnest(range(1, n + 1)) AS k FROM _names)
    """,
    "versions": """
        SELECT project, version, TRUE AS valid_pep440, version AS normalized_version, sort_key,
            k % 17 = 0 AND k < n AS is_prerelease, uploaded AS first_upload_at, uploaded AS last_upload_at,
            CASE WHEN native AND k > n - 12 THEN 14 WHEN k % 4 = 0 THEN 1 ELSE 2 END AS file_count,
            (power(10, 4 + 2.5 * draw('size', i)) * (1 + k / 40.0))::BIGINT AS total_size, TRUE AS has_sdist,
            k % 4 <> 0 AS has_wheel,
            ['>=3.8', '>=3.9', '>=3.10', NULL, '>=3.6', '>=3.7,<4', '>=3.11'][1 + (i + k // 50) % 7]
                AS requires_python, yanked, CASE WHEN yanked AND k % 2 = 0 THEN 'broken' END AS yanked_reason,
            k = n AS is_latest, 'document' AS source, uploaded AS seen_at
        FROM _releases
    """,
    "files": """
        SELECT project, replace(project, '-', '_') || '-' || version
                || CASE WHEN f = 1 THEN '.tar.gz' ELSE '-' || tag.py || '-' || tag.abi || '-' || tag.plat || '.whl' END
                AS filename,
            version, CASE WHEN f = 1 THEN 'sdist' ELSE 'bdist_wheel' END AS packagetype,
            CASE WHEN f > 1 THEN [tag.py] END AS python_tags, CASE WHEN f > 1 THEN [tag.abi] END AS abi_tags,
            CASE WHEN f > 1 THEN [tag.plat] END AS platform_tags,
            (power(10, 4 + 2.5 * draw('size', i)))::BIGINT AS size, md5(project || k || f) AS md5,
            uploaded + to_seconds(f) AS uploaded_at, '>=3.8' AS requires_python, yanked, 'document' AS source,
            uploaded AS seen_at
        FROM (
            SELECT *, CASE WHEN native THEN {'py': 'cp3' || (9 + f % 5), 'abi': ['cp39', 'cp310', 'cp311', 'cp312',
                    'cp313', 'cp313t', 'abi3'][1 + f % 7], 'plat': ['manylinux_2_17_x86_64', 'win_amd64',
                    'macosx_11_0_arm64', 'musllinux_1_2_x86_64', 'manylinux_2_17_aarch64'][1 + (f + i) % 5]}
                ELSE {'py': 'py3', 'abi': 'none', 'plat': 'any'} END AS tag
            FROM (
                SELECT *, unnest(range(1, CASE WHEN native AND k > n - 12 THEN 15 WHEN k % 4 = 0 THEN 2 ELSE 3 END))
                    AS f
                FROM _releases
            )
        )
    """,
    "projects": """
        SELECT project, project AS name, any_value(version) FILTER (k = n) AS latest_version,
            'A library for ' || project AS summary, FALSE AS yanked,
            ['MIT', 'Apache-2.0', NULL, 'BSD-3-Clause', 'MIT', NULL, 'GPL-3.0-or-later'][1 + any_value(i) % 7]
                AS license_expression,
            ['>=3.8', '>=3.9', '>=3.10', NULL, '>=3.6', '>=3.7,<4', '>=3.11'][1 + (any_value(i) + count(*) // 50) % 7]
                AS requires_python,
            CASE WHEN any_value(i) % 5 > 0 THEN ['Programming Language :: Python :: 3', 'Environment :: Console',
                'License :: OSI Approved :: MIT License', 'Development Status :: 4 - Beta',
                'Programming Language :: Python :: 3.' || (8 + any_value(i) % 3),
                'Programming Language :: Python :: 3.' || (11 + any_value(i) % 3), 'Topic :: Software Development']
                ELSE [] END AS classifiers,
            CASE WHEN any_value(i) % 83 = 0 THEN 'organization' || any_value(i) % 7700 END AS organization,
            count(*) AS version_count, count(*) * 2 AS file_count,
            (sum(power(10, 4 + 2.5 * draw('size', i)) * (1 + k / 40.0)))::BIGINT AS total_size,
            min(uploaded) AS first_upload_at, max(uploaded) AS last_upload_at, any_value(i) AS serial,
            'document' AS source
        FROM _releases GROUP BY project
    """,
    "dependencies": """
        SELECT project, version, d AS position, named(j) || spec AS requirement, named(j) AS name,
            nullif(spec, '') AS specifier, CASE WHEN starts_with(spec, '==') THEN spec[3:] END AS pin,
            CASE WHEN starts_with(spec, '==') THEN '1010~' || part(1) || '.' || part(0) || '.' || part(2) || '!909' END
                AS pin_sort_key,
            CASE WHEN d > 3 THEN 'extra == "test"' END AS marker, CASE WHEN d > 3 THEN 'test' END AS extra,
            CASE WHEN draw('url', i * 10 + d) < 0.0002 THEN 'https://example.com/' || project END AS url,
            CASE WHEN draw('error', i * 10 + d) < 0.0005 THEN 'invalid' END AS parse_error, 'index' AS source
        FROM (
            SELECT *, (power(draw('name', i * 10 + d), 6) * 700000)::BIGINT AS j,
                ['>=1', '', '>=2,<3', '', '~=1.2', '==1.0.2', '>=0.1', '', '', '>=3']
                    [1 + (hash(i, d, 'spec') % 10)::INTEGER]
                    AS spec
            FROM (SELECT *, unnest(range(0, (hash(i, 'dependencies') % 9)::INTEGER)) AS d FROM _releases WHERE k = n)
        )
    """,
    "classifiers": """
        SELECT project, version, classifier, split_part(classifier, ' :: ', 1) AS category, 'document' AS source
        FROM (
            SELECT project, version, unnest(['Programming Language :: Python :: 3', 'Environment :: Console',
                'License :: OSI Approved :: MIT License', 'Development Status :: 4 - Beta',
                'Programming Language :: Python :: 3.' || (8 + i % 3), 'Programming Language :: Python :: 3.' ||
                (11 + i % 3), 'Topic :: Software Development']) AS classifier
            FROM _releases WHERE k = n AND i % 5 > 0
        )
    """,
    "urls": """
        SELECT project, version, kind AS label, kind AS well_known,
            'https://github.com/org' || i % 90000 || '/' || project AS url, 'project_urls' AS source,
            'document' AS read_from
        FROM (
            SELECT *, unnest(['source', 'homepage', 'issues', 'documentation'][: i % 5]) AS kind
            FROM _releases WHERE k = n
        )
    """,
    "vulnerabilities": """
        SELECT project, version, 'PYSEC-2025-' || i AS id, ['CVE-2025-' || i] AS aliases, 'A flaw' AS summary,
            CASE WHEN i % 3 > 0 THEN ['999.0'] ELSE [] END AS fixed_in, 'osv' AS source,
            CASE WHEN i % 3 > 0 THEN ['1010~' || part(999) || '!909'] ELSE [] END AS fixed_in_sort_keys
        FROM _releases WHERE k = n AND draw('vulnerable', i) < 0.01
    """,
    "roles": """
        SELECT project, CASE WHEN r = 0 THEN 'Owner' ELSE 'Maintainer' END AS role,
            'user' || (power(draw('user', i * 10 + r), 2) * 400000)::BIGINT AS "user"
        FROM (SELECT *, unnest(range(0, [1, 1, 1, 2, 1, 3, 1, 2][1 + i % 8])) AS r FROM _names)
    """,
    "attestations": """
        SELECT project, filename, 0 AS bundle, 0 AS position, version, 'GitHub' AS publisher_kind,
            CASE WHEN length(project) % 50 = 0 THEN 'other/' || version ELSE 'org/' || project END
                AS publisher_repository, 'release.yml' AS publisher_workflow
        FROM files JOIN (SELECT project, version FROM _releases WHERE k = n AND draw('attested', i) < 0.15)
            USING (project, version)
    """,
    "statuses": """
        SELECT project, CASE WHEN draw('status', i) < 0.98 THEN 'active' WHEN draw('status', i) < 0.9999 THEN 'archived'
            ELSE 'quarantined' END AS status, TRUE AS has_document, TRUE AS has_page, n * 2 AS file_count,
            draw('agree', i) > 0.0001 AS agree
        FROM _names
    """,
    "licenses": """
        SELECT project, version, ['MIT', 'Apache-2.0', NULL, 'BSD-3-Clause', 'MIT', NULL, 'GPL-3.0-or-later'][1 + i % 7]
            AS expression, ['license', 'classifiers', NULL, 'license_expression'][1 + i % 4] AS expression_source,
            'document' AS source
        FROM _releases WHERE k = n
    """,
    "listing": "SELECT project, project AS name, i AS serial FROM _names",
    "pins": """
        SELECT row_number() OVER (ORDER BY i) - 1 AS position, project, '==' || version AS specifier,
            version AS pinned_version, 'requirements.txt' AS file, row_number() OVER (ORDER BY i) AS line, version,
            sort_key
        FROM (SELECT *, row_number() OVER (PARTITION BY i ORDER BY hash(i, k)) AS choice FROM _releases
            WHERE hash(i) % 3750 = 0) WHERE choice = 1
    """,
    "pin_clauses": """
        SELECT position, 0 AS clause, project, '==' AS operator, version AS clause_version, sort_key AS lower_sort_key,
            sort_key || '0' AS upper_sort_key, FALSE AS excluded
        FROM pins
    """,
    "_run": """SELECT 2 AS version, 'http://127.0.0.1/' AS "index" """,
    "index_capabilities": "SELECT unnest(['files', 'versions', 'attestations']) AS stream, TRUE AS available",
}


def generate(path: Path, projects: int = 750_000, *, pins: bool = True) -> None:
    """Write a database of that many projects, with all tables that questions read, and the views.

    :param pins: whether one project in 3,750 is pinned.
    """
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET memory_limit = '3GB'")
        connection.execute(_DRAWS)
        tables = {table.name: table for table in (RUN, *RUN_TABLES, *map(table_of, STREAMS)) if table.name not in _RAW}
        for name, rows in _ROWS.items():
            values = [projects] if name == "_names" else []
            if name in ("_names", "_releases"):
                connection.execute(f"CREATE TABLE {name} AS {rows}", values)
                continue
            if name in ("pins", "pin_clauses") and not pins:
                continue
            _make(connection, tables.pop(name))
            connection.execute(f"INSERT INTO {name} BY NAME {rows}")
        for table in tables.values():
            _make(connection, table)
        for name in ("_releases", "_names"):
            connection.execute(f"DROP TABLE {name}")
        for macro in ("draw", "part", "named", "word"):
            connection.execute(f"DROP MACRO {macro}")
        for view in views():
            connection.execute(f"CREATE VIEW {view.name} AS {view.sql}")
            connection.execute(f"COMMENT ON VIEW {view.name} IS '{OURS}row.'")


def _make(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(f'"{column.name}" {column.type.duckdb}' for column in table.columns)
    connection.execute(f"CREATE TABLE {table.name} ({columns})")
    connection.execute(f"COMMENT ON TABLE {table.name} IS '{OURS}row.'")


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]), pins=False)
