-- title: Releases
-- question: When was each version released, and which are pre-releases, yanked or vulnerable?
-- needs: versions
WITH advisory AS (
    SELECT version, list(DISTINCT id ORDER BY id) AS advisories
    FROM vulnerabilities
    WHERE project = $project AND withdrawn_at IS NULL
    GROUP BY version
)
SELECT
    versions.version,
    coalesce(versions.first_upload_at, versions.first_seen_at) AS released_at,
    versions.is_prerelease,
    versions.yanked,
    versions.yanked_reason,
    advisory.advisories,
    versions.is_latest,
    versions.requires_python,
    versions.file_count
FROM versions
LEFT JOIN advisory USING (version)
WHERE versions.project = $project
ORDER BY versions.sort_key DESC
