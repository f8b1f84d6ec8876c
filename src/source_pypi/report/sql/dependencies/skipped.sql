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
)
SELECT
    pins.project,
    pins.specifier,
    coalesce(
        pins.not_read,
        CASE WHEN gone.status IS NOT NULL THEN 'the index says: ' || gone.status || coalesce(', ' || gone.reason, '') END,
        'no release of it was read'
    ) AS reason,
    pins.file,
    pins.line
FROM pins
LEFT JOIN gone USING (project)
WHERE pins.not_read IS NOT NULL OR pins.version IS NULL
ORDER BY pins.position
