"""Views that ``sync`` puts beside the tables: questions that many ask, each over the tables that it needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A view.

    :ivar name: its name in the database.
    :ivar row: what a row is.
    :ivar needs: the streams whose tables it reads; it is made once all of them are there.
    :ivar query: its SQL, in DuckDB's dialect.
    """

    name: str
    row: str
    needs: tuple[str, ...]
    query: str


#: A version without the zeros that do not matter (PEP 440: 1.0 and 1.0.0 are one version).
_SAME = r"regexp_replace({}, '(\.0)+($|[^.0-9])', '\2')"
#: Where the loader notes what was asked for, so that views can tell what the user pins.
SELECTION = "_selection"

VIEWS: tuple[View, ...] = (
    View(
        name="dependents",
        row="a release that needs a project: who needs whom, in which versions, under which condition",
        needs=("dependencies",),
        query="""
            SELECT name AS project, project AS dependent, version AS dependent_version, specifier, marker, extra
            FROM dependencies
            WHERE name IS NOT NULL
        """,
    ),
    View(
        name="latest_files",
        row="a file of a project's latest release",
        needs=("files", "versions"),
        query="""
            SELECT files.*
            FROM files SEMI JOIN (SELECT project, version FROM versions WHERE is_latest) USING (project, version)
        """,
    ),
    View(
        name="release_cadence",
        row="a project, and how often it is released: counts, first and last release, days between and since",
        needs=("versions",),
        query="""
            WITH dated AS (
                SELECT project, is_prerelease, first_upload_at AS released_at,
                    lag(first_upload_at) OVER (PARTITION BY project ORDER BY first_upload_at) AS before
                FROM versions
                WHERE first_upload_at IS NOT NULL
            )
            SELECT project, count(*) AS releases, count(*) FILTER (is_prerelease) AS prereleases,
                min(released_at) AS first_release_at, max(released_at) AS last_release_at,
                median(date_diff('second', before, released_at) / 86400) AS median_days_between,
                date_diff('second', max(released_at), now()) / 86400 AS days_since_last
            FROM dated
            GROUP BY project
        """,
    ),
    View(
        name="sole_maintainer",
        row="a project in which only one user has a role",
        needs=("roles",),
        query="""
            SELECT project, any_value("user") AS "user"
            FROM roles
            GROUP BY project
            HAVING count(DISTINCT "user") = 1
        """,
    ),
    View(
        name="yanked_in_use",
        row="a yanked version that something pins: the choice of projects ('selection'), or a release's dependency",
        needs=("dependencies", "versions"),
        query=f"""
            WITH pinned AS (
                SELECT project, pin AS version, 'selection' AS pinned_by, NULL AS pinned_by_version
                FROM {SELECTION}
                WHERE pin IS NOT NULL
                UNION ALL
                SELECT name, regexp_extract(specifier, '^={{2,3}}([^,*]+)$', 1), project, version
                FROM dependencies
                WHERE regexp_matches(specifier, '^={{2,3}}[^,*]+$')
            )
            SELECT DISTINCT versions.project, versions.version, versions.yanked_reason, pinned_by, pinned_by_version
            FROM versions JOIN pinned ON pinned.project = versions.project
                AND {_SAME.format("pinned.version")} IN
                    ({_SAME.format("versions.version")}, {_SAME.format("versions.normalized_version")})
            WHERE versions.yanked
        """,
    ),
)
