-- title: Dependencies
-- question: What does the latest release that was read require?
-- needs: dependencies
WITH read AS (
    SELECT dependencies.version
    FROM dependencies
    LEFT JOIN versions USING (project, version)
    WHERE dependencies.project = $project
    ORDER BY versions.sort_key DESC NULLS LAST
    LIMIT 1
)
SELECT
    name,
    specifier,
    marker,
    extra,
    requirement,
    version
FROM dependencies
WHERE project = $project AND version = (SELECT version FROM read)
ORDER BY extra NULLS FIRST, position
