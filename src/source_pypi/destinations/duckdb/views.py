"""The views that ``sync`` makes beside the tables: answers to frequent questions."""

from msgspec import Struct


class View(Struct, frozen=True):
    """A view.

    :ivar name: its name in the database.
    :ivar row: what a row is.
    :ivar needs: the streams whose tables it reads; it is made once all of them exist.
    :ivar query: its SQL, in DuckDB's dialect.
    """

    name: str
    row: str
    needs: tuple[str, ...]
    query: str


_IN_USE = "a yanked version that something pins: the selection of projects ('selection'), or a release's dependency"


def _yanked_in_use(pins: str) -> str:
    """Yanked versions among pins: rows of project, sort key of the version, and who pins it in which version."""
    return f"""
        SELECT DISTINCT versions.project, versions.version, versions.yanked_reason, pinned_by, pinned_by_version
        FROM versions JOIN ({pins}) AS pins (project, sort_key, pinned_by, pinned_by_version) USING (project, sort_key)
        WHERE versions.yanked
    """


#: In this order: a view that needs more tables replaces one of the same name that needs fewer.
VIEWS: tuple[View, ...] = (
    View(
        name="dependents",
        row="a requirement of one project by another: who needs whom, in which versions, under which condition",
        needs=("dependencies",),
        query="""
            SELECT name AS project, project AS dependent, version AS dependent_version, specifier, marker, extra
            FROM dependencies
            WHERE name <> project
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
        row="a project of no organization in which only one user has a role",
        needs=("roles", "projects"),
        query="""
            SELECT project, any_value("user") AS "user"
            FROM roles ANTI JOIN (SELECT project FROM projects WHERE organization IS NOT NULL) USING (project)
            GROUP BY project
            HAVING count(DISTINCT "user") = 1
        """,
    ),
    View(
        name="yanked_in_use",
        row=_IN_USE,
        needs=("versions",),
        query=_yanked_in_use("SELECT project, sort_key, 'selection', NULL FROM pins"),
    ),
    View(
        name="yanked_in_use",
        row=_IN_USE,
        needs=("versions", "dependencies"),
        query=_yanked_in_use("""
            SELECT project, sort_key, 'selection', NULL FROM pins
            UNION ALL SELECT name, pin_sort_key, project, version FROM dependencies
        """),
    ),
)
