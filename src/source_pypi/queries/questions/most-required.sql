-- title: Most required projects
-- question: Which projects do the most loaded projects require, and how many of them always, not only for an extra?
-- needs: dependencies
SELECT
    name AS project,
    count(*) AS required_by,
    count(*) FILTER (always) AS always_by
FROM (
    SELECT name, project, bool_or(extra IS NULL) AS always
    FROM dependencies
    WHERE name IS NOT NULL AND name <> project
    GROUP BY name, project
)
GROUP BY name
ORDER BY required_by DESC, name
LIMIT 100
