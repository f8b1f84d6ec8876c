-- title: Changed Python requirements
-- question: Which projects' latest release requires other Python versions than the release before?
-- needs: versions
WITH latest AS (
    SELECT project, version, sort_key, requires_python, first_upload_at FROM versions WHERE is_latest
),
earlier AS (
    SELECT
        versions.project,
        arg_max(versions.version, versions.sort_key) AS version,
        arg_max({'is': versions.requires_python}, versions.sort_key) AS requires_python
    FROM versions
    JOIN latest ON latest.project = versions.project AND versions.sort_key < latest.sort_key
    WHERE versions.file_count > 0 AND NOT coalesce(versions.yanked, FALSE) AND NOT versions.is_prerelease
    GROUP BY versions.project
)
SELECT
    latest.project,
    earlier.version AS before,
    latest.version AS latest,
    earlier.requires_python['is'] AS required_before,
    latest.requires_python AS required_now,
    latest.first_upload_at AS released_at
FROM latest
JOIN earlier ON earlier.project = latest.project
WHERE earlier.requires_python['is'] IS DISTINCT FROM latest.requires_python
ORDER BY released_at DESC NULLS LAST, latest.project
