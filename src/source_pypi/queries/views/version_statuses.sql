-- title: Statuses of releases
-- question: Which releases are available, yanked or quarantined, including those that the index hides?
-- row: a release that the index lists, or that it hides because of a quarantine
-- needs: versions, events, quarantines
-- column status: available, yanked, or quarantined. The index shows a quarantined release nowhere, as if it were
--   removed.
-- column is_listed: Whether the release is in versions. A document that is older than the quarantine still lists it.
-- column quarantined_at: When the quarantine of the release or of its project began. Null: there is none.
WITH open_quarantines AS (
    SELECT project, version, quarantined_at
    FROM quarantines
    WHERE is_open
),
last_removals AS (
    SELECT project, version, max(serial) AS serial
    FROM events
    WHERE kind IN ('remove_release', 'remove_project')
    GROUP BY project, version
),
known AS (
    SELECT events.project, events.version
    FROM events
    LEFT JOIN last_removals AS of_release
        ON of_release.project = events.project AND of_release.version = events.version
    LEFT JOIN last_removals AS of_project
        ON of_project.project = events.project AND of_project.version IS NULL
    WHERE
        events.kind IN ('new_release', 'add_file', 'yank_release', 'unyank_release')
        AND events.serial > coalesce(of_release.serial, 0)
        AND events.serial > coalesce(of_project.serial, 0)
    UNION
    SELECT project, version
    FROM versions
),
concealed AS (
    SELECT project, version, quarantined_at
    FROM open_quarantines
    WHERE version IS NOT NULL
    UNION ALL
    SELECT known.project, known.version, open_quarantines.quarantined_at
    FROM open_quarantines
    JOIN known ON known.project = open_quarantines.project
    WHERE open_quarantines.version IS NULL
),
hidden AS (
    SELECT project, version, max(quarantined_at) AS quarantined_at
    FROM concealed
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
