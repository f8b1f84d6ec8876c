-- title: Missing links
-- question: Which projects' latest release has no link to its source code, issues, documentation or changelog?
-- needs: projects, urls
SELECT
    projects.project,
    projects.latest_version,
    list_filter(
        [
            CASE WHEN NOT coalesce(linked.source, FALSE) THEN 'source' END,
            CASE WHEN NOT coalesce(linked.issues, FALSE) THEN 'issues' END,
            CASE WHEN NOT coalesce(linked.documentation, FALSE) THEN 'documentation' END,
            CASE WHEN NOT coalesce(linked.changelog, FALSE) THEN 'changelog' END
        ],
        lambda kind: kind IS NOT NULL
    ) AS missing
FROM projects
LEFT JOIN (
    SELECT
        project,
        version,
        bool_or(well_known = 'source') AS source,
        bool_or(well_known = 'issues') AS issues,
        bool_or(well_known = 'documentation') AS documentation,
        bool_or(well_known = 'changelog') AS changelog
    FROM urls
    GROUP BY project, version
) AS linked ON linked.project = projects.project AND linked.version = projects.latest_version
WHERE
    len(missing) > 0
    -- the URLs of a latest release that was not read, since pins select others, are unknown, unless it has none
    AND (
        linked.project IS NOT NULL
        OR (projects.home_page IS NULL AND coalesce(projects.project_urls::VARCHAR, '{}') IN ('{}', 'null'))
    )
ORDER BY len(missing) DESC, projects.project
