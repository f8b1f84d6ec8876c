-- title: Release cadence
-- question: How often is each project released?
-- row: a project with dated releases, and how often it is released
-- needs: versions
-- column releases: Number of releases that have an upload time.
-- column prereleases: How many of them are pre-releases or development releases.
-- column first_release_at: Time of the first upload of the oldest release.
-- column last_release_at: Time of the first upload of the newest release.
-- column median_days_between: Median number of days between one release and the next, in the order of their uploads.
--   Null: there is one release.
-- column days_since_last: Days since the first upload of the newest release.
WITH dated AS (
    SELECT
        project,
        is_prerelease,
        first_upload_at AS released_at,
        lag(first_upload_at) OVER (PARTITION BY project ORDER BY first_upload_at) AS previous_at
    FROM versions
    WHERE first_upload_at IS NOT NULL
)
SELECT
    project,
    count(*) AS releases,
    count(CASE WHEN is_prerelease THEN 1 END) AS prereleases,
    min(released_at) AS first_release_at,
    max(released_at) AS last_release_at,
    median(date_diff('second', previous_at, released_at) / 86400.0) AS median_days_between,
    date_diff('second', max(released_at), current_timestamp) / 86400.0 AS days_since_last
FROM dated
GROUP BY project
