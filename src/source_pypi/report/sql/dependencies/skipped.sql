-- title: Skipped
-- question: Which requirements were not read, and why?
-- needs: pins
WITH gone AS (
    SELECT project, any_value(status) AS status, any_value(reason) AS reason
    FROM (
        SELECT project, status, reason FROM missing_projects
        UNION ALL
        SELECT project, status, reason FROM pin_statuses
    )
    GROUP BY project
),
skipped AS (
    SELECT
        pins.project,
        pins.specifier,
        NULL AS requirement,
        coalesce(
            pins.not_read,
            CASE WHEN gone.status IS NOT NULL THEN 'the index says: ' || gone.status || coalesce(', ' || gone.reason, '') END,
            'no release of it was read'
        ) AS reason,
        pins.file,
        pins.line,
        pins.position
    FROM pins
    LEFT JOIN gone USING (project)
    WHERE pins.not_read IS NOT NULL OR pins.version IS NULL
    UNION ALL
    SELECT NULL, NULL, requirement, reason, NULL, NULL, position
    FROM unnamed_requirements
)
SELECT * EXCLUDE (position)
FROM skipped
ORDER BY project IS NULL, position
