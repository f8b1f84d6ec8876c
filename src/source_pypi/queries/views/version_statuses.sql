-- title: Statuses of releases
-- question: Which releases are available, yanked or quarantined, including those that the index hides?
-- row: a release that the index lists, or that it hides because of a quarantine
-- needs: versions, quarantines
-- column status: available, yanked, or quarantined. The index shows a quarantined release nowhere, as if it were
--   removed.
-- column is_listed: Whether the release is in versions. A document that is older than the quarantine still lists it.
-- column quarantined_at: When the quarantine began. Null: there is none.
WITH hidden AS (
    SELECT project, version, max(quarantined_at) AS quarantined_at
    FROM quarantines
    WHERE is_open AND version IS NOT NULL
    GROUP BY project, version
)
SELECT
    versions.project,
    versions.version,
    CASE
        WHEN hidden.version IS NOT NULL THEN 'quarantined'
        WHEN versions.yanked THEN 'yanked'
        ELSE 'available'
    END AS status,
    TRUE AS is_listed,
    hidden.quarantined_at
FROM versions
LEFT JOIN hidden ON hidden.project = versions.project AND hidden.version = versions.version
UNION ALL
SELECT
    hidden.project,
    hidden.version,
    'quarantined' AS status,
    FALSE AS is_listed,
    hidden.quarantined_at
FROM hidden
LEFT JOIN versions ON versions.project = hidden.project AND versions.version = hidden.version
WHERE versions.project IS NULL
