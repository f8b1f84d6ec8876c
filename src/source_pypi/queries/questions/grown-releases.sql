-- title: Grown releases
-- question: Which projects' latest release is at least twice as large per file as the one before?
-- needs: versions
WITH compared AS (
    SELECT
        project,
        any_value({'version': version, 'size': total_size / file_count, 'key': sort_key})
            FILTER (is_latest) AS latest,
        max({'key': sort_key, 'version': version, 'size': total_size / file_count}) FILTER (NOT is_latest) AS earlier
    FROM versions
    WHERE file_count > 0 AND total_size > 0 AND (is_latest OR NOT coalesce(yanked, FALSE) AND NOT is_prerelease)
    GROUP BY project
    HAVING count(*) > 1
)
SELECT
    project,
    earlier.version AS before,
    latest.version AS latest,
    round(earlier.size / 1e6, 2) AS megabytes_per_file_before,
    round(latest.size / 1e6, 2) AS megabytes_per_file,
    round(latest.size / earlier.size, 1) AS times
FROM compared
WHERE earlier.key < latest.key AND latest.size >= 2 * earlier.size
ORDER BY times DESC, project
LIMIT 1000
