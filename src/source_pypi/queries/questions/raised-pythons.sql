-- title: Changed Python requirements
-- question: Which projects' latest release requires other Python versions than the release before?
-- needs: versions
WITH compared AS (
    SELECT
        project,
        any_value({'version': version, 'python': requires_python, 'key': sort_key, 'released': first_upload_at})
            FILTER (is_latest) AS latest,
        max({'key': sort_key, 'version': version, 'python': requires_python})
            FILTER (NOT is_latest AND file_count > 0 AND NOT coalesce(yanked, FALSE) AND NOT is_prerelease) AS earlier
    FROM versions
    GROUP BY project
    HAVING count(*) > 1
)
SELECT
    project,
    earlier.version AS before,
    latest.version AS latest,
    earlier.python AS required_before,
    latest.python AS required_now,
    latest.released AS released_at
FROM compared
WHERE earlier.key < latest.key AND earlier.python IS DISTINCT FROM latest.python
ORDER BY released_at DESC NULLS LAST, project
