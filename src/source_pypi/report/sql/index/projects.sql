-- title: Projects
-- question: Which projects do most others require, and which were released last? The first 2,000 are here; the option
--   --project makes the page of any other.
-- needs: projects
WITH required AS (SELECT name AS project, count(DISTINCT project) AS dependents FROM dependencies GROUP BY name)
SELECT
    projects.project,
    projects.latest_version,
    required.dependents,
    projects.last_upload_at,
    projects.version_count,
    projects.total_size,
    left(projects.summary, 100) AS summary
FROM projects
LEFT JOIN required USING (project)
ORDER BY required.dependents DESC NULLS LAST, projects.last_upload_at DESC NULLS LAST, projects.project
LIMIT 2000
