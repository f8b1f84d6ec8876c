-- title: Missing links
-- question: Which projects' latest release has no link to its source code, issues, documentation or changelog?
-- needs: projects, urls
SELECT
    projects.project,
    projects.latest_version,
    list_filter(
        ['source', 'issues', 'documentation', 'changelog'],
        lambda kind: NOT coalesce(list_contains(linked.kinds, kind), FALSE)
    ) AS missing
FROM projects
LEFT JOIN (
    SELECT project, version, list(DISTINCT well_known) AS kinds
    FROM urls
    WHERE well_known IS NOT NULL
    GROUP BY project, version
) AS linked ON linked.project = projects.project AND linked.version = projects.latest_version
WHERE len(missing) > 0
ORDER BY len(missing) DESC, projects.project
