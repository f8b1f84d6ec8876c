-- title: Who pulls in what
-- question: Through which loaded projects does each requirement reach a vulnerable release?
-- needs: pins, dependencies, vulnerabilities
WITH RECURSIVE vulnerable AS (
    SELECT
        project,
        list(DISTINCT version ORDER BY version) AS versions,
        list(DISTINCT id ORDER BY id) AS advisories
    FROM vulnerabilities
    WHERE withdrawn_at IS NULL
        AND ((project, version) IN (SELECT (project, version) FROM pins)
            OR project NOT IN (SELECT project FROM pins))
    GROUP BY project
),
edge AS (
    SELECT DISTINCT project AS dependent, name AS project
    FROM dependencies
    WHERE name IS NOT NULL AND name <> project AND extra IS NULL
        AND ((project, version) IN (SELECT (project, version) FROM pins)
            OR project NOT IN (SELECT project FROM pins))
),
path AS (
    SELECT project AS vulnerable, project, [project] AS steps
    FROM vulnerable
    UNION ALL
    SELECT vulnerable, dependent, steps
    FROM (
        SELECT
            path.vulnerable,
            edge.dependent,
            list_prepend(edge.dependent, path.steps) AS steps,
            row_number() OVER (PARTITION BY path.vulnerable, edge.dependent ORDER BY path.steps) AS choice
        FROM path
        JOIN edge ON edge.project = path.project
        WHERE len(path.steps) < 8 AND NOT list_contains(path.steps, edge.dependent)
    )
    WHERE choice = 1
),
root AS (
    SELECT project
    FROM pins
    WHERE project NOT IN (SELECT edge.project FROM edge WHERE edge.dependent IN (SELECT project FROM pins))
),
rooted AS (SELECT DISTINCT vulnerable FROM path WHERE project IN (SELECT project FROM root))
SELECT
    vulnerable.project,
    vulnerable.versions,
    vulnerable.advisories,
    path.project AS required_by,
    arg_min(array_to_string(path.steps, ' → '), len(path.steps)) AS path,
    min(len(path.steps)) - 1 AS distance
FROM path
JOIN vulnerable ON vulnerable.project = path.vulnerable
JOIN pins ON pins.project = path.project
WHERE path.project IN (SELECT project FROM root)
    -- projects that require each other have no root: such a requirement stands for itself
    OR (path.project = path.vulnerable AND path.vulnerable NOT IN (SELECT vulnerable FROM rooted))
GROUP BY ALL
ORDER BY vulnerable.project, distance, required_by
