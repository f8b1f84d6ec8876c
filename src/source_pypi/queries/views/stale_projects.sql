-- title: Stale projects
-- question: Which projects had no release for two years?
-- row: a project whose newest release is older than 730 days
-- needs: versions
-- column latest_version: The latest release, as the index selects it. Null: it selects none.
-- column last_release_at: Time of the first upload of the newest release, which may be a pre-release or yanked.
-- column days_since_last: Whole days since then, more than 730.
WITH released AS (
    SELECT
        project,
        max(CASE WHEN is_latest THEN version END) AS latest_version,
        max(first_upload_at) AS last_release_at
    FROM versions
    GROUP BY project
),
aged AS (
    SELECT
        project,
        latest_version,
        last_release_at,
        date_diff('second', last_release_at, current_timestamp) // 86400 AS days_since_last
    FROM released
    WHERE last_release_at IS NOT NULL
)
SELECT project, latest_version, last_release_at, days_since_last
FROM aged
WHERE days_since_last > 730
