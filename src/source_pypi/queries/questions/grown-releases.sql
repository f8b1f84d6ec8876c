-- title: Grown releases
-- question: Which projects' latest release is at least twice as large per file as the one before?
-- needs: versions
WITH sized AS (
    SELECT project, version, sort_key, total_size / file_count AS size, is_latest
    FROM versions
    WHERE file_count > 0 AND total_size > 0 AND NOT coalesce(yanked, FALSE) AND NOT is_prerelease
),
latest AS (
    SELECT project, version, sort_key, size FROM sized WHERE is_latest
),
earlier AS (
    SELECT latest.project, max(sized.sort_key) AS sort_key, arg_max(sized.version, sized.sort_key) AS version,
        arg_max(sized.size, sized.sort_key) AS size
    FROM latest
    JOIN sized ON sized.project = latest.project AND sized.sort_key < latest.sort_key
    GROUP BY latest.project
)
SELECT
    latest.project,
    earlier.version AS before,
    latest.version AS latest,
    round(earlier.size / 1e6, 2) AS megabytes_per_file_before,
    round(latest.size / 1e6, 2) AS megabytes_per_file,
    round(latest.size / earlier.size, 1) AS times
FROM latest
JOIN earlier ON earlier.project = latest.project
WHERE latest.size >= 2 * earlier.size
ORDER BY times DESC, latest.project
LIMIT 1000
