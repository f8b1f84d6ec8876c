"""Dependencies that were followed: they count as pins of their latest release.

The views read ``pins``. A temporary table of this name, which comes first in DuckDB, has the pins of the run and a row
for each dependency, with file and line of the first pin that requires it, directly or not. The file stays as it is.
"""

from collections.abc import Collection

import duckdb

#: The pins of the run. If the document of a pinned release could not be read, ``main.pins`` has no version; what the
#: list of releases says of the release is known all the same.
_NAMED = """
    SELECT pins.* REPLACE (
        coalesce(pins.version, listed.version) AS version, coalesce(pins.sort_key, listed.sort_key) AS sort_key
    ), NULL::VARCHAR AS required_by
    FROM main.pins AS pins
    LEFT JOIN versions AS listed ON pins.version IS NULL AND pins.not_read IS NULL
        AND listed.project = pins.project AND listed.version = pins.pinned_version
"""
_PINS = f"""
    CREATE TEMP TABLE pins AS
    WITH RECURSIVE reached (project, position) AS (
        SELECT project, position FROM main.pins WHERE not_read IS NULL
        UNION
        SELECT dependencies.name, reached.position
        FROM reached JOIN dependencies ON dependencies.project = reached.project
        WHERE dependencies.name IN (SELECT unnest(?::VARCHAR[]))
    ),
    required AS (
        SELECT project, min(position) AS position
        FROM reached
        WHERE project NOT IN (SELECT project FROM main.pins)
        GROUP BY project
    )
    {_NAMED}
    UNION ALL BY NAME
    SELECT
        (SELECT max(position) FROM main.pins) + row_number() OVER (ORDER BY required.project) AS position,
        required.project, named.file, named.line, latest.version, latest.sort_key, named.project AS required_by
    FROM required
    JOIN main.pins AS named ON named.position = required.position
    LEFT JOIN versions AS latest ON latest.project = required.project AND latest.is_latest
"""  # noqa: S608 - a text of our own
#: A dependency whose latest release a requirement excludes: an installer would choose another one.
_EXCLUDED = """
    SELECT pins.project, concat(
        requiring.project, ' ', requiring.version, ' does not admit ', pins.version,
        ', the only release that was read; audit a lock file'
    ) AS why
    FROM pins
    JOIN dependency_clauses AS clause ON clause.name = pins.project
    JOIN pins AS requiring ON requiring.project = clause.project AND requiring.version = clause.version
    WHERE pins.required_by IS NOT NULL
        AND (
            coalesce(pins.sort_key >= clause.lower_sort_key, true)
            AND coalesce(pins.sort_key < clause.upper_sort_key, true)
        ) = clause.excluded
    ORDER BY requiring.position
"""


def add_dependencies(connection: duckdb.DuckDBPyConnection, projects: Collection[str]) -> dict[str, str]:
    """Make the temporary table ``pins``, with the dependencies among some projects.

    :param projects: the projects that the run has read.
    :return: by project, why the release that was read is not the one that an installer would choose.
    """
    connection.execute(_PINS, [list(projects)])
    rows: list[tuple[str, str]] = connection.execute(_EXCLUDED).fetchall()
    return dict(reversed(rows))


def without_dependencies(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table ``pins`` with the pins of the run only."""
    connection.execute(f"CREATE TEMP TABLE pins AS {_NAMED}")
