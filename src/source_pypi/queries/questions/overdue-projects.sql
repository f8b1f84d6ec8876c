-- title: Overdue releases
-- question: Which regularly released projects have been silent for over five times their usual interval?
-- needs: versions
SELECT
    project,
    releases,
    round(days_between, 1) AS days_between,
    days_since_last,
    round(days_since_last / days_between, 1) AS times
FROM (
    SELECT
        project,
        count(*) AS releases,
        date_diff('second', min(first_upload_at), max(first_upload_at)) / 86400.0 / (count(*) - 1) AS days_between,
        date_diff('second', max(first_upload_at), current_timestamp) // 86400 AS days_since_last
    FROM versions
    WHERE first_upload_at IS NOT NULL
    GROUP BY project
    HAVING count(*) >= 5
)
WHERE days_between >= 1 AND days_since_last > 180 AND days_since_last > 5 * days_between
ORDER BY times DESC, project
