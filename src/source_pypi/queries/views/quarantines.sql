-- title: Quarantines
-- question: Which projects and releases were quarantined, and which of them still are?
-- row: a quarantine of a project or of a release
-- needs: events
-- column version: The quarantined release. Null: the whole project.
-- column serial: The serial of the event that began it.
-- column quarantined_at: When it began.
-- column cleared_at: When it ended. Null: it has not.
-- column removed_at: When the release or project was removed while in quarantine. Null: it was not.
-- column is_open: Whether it has not ended, and the project or release has not been removed since.
WITH marked AS (
    SELECT
        events.project,
        events.version,
        events.serial,
        events.time,
        CASE
            WHEN events.kind IN ('project_quarantined', 'release_quarantined') THEN 'begin'
            WHEN events.kind IN ('project_quarantine_cleared', 'release_quarantine_cleared') THEN 'clear'
            ELSE 'remove'
        END AS mark
    FROM events
    WHERE
        events.project IS NOT NULL
        AND events.kind IN (
            'project_quarantined',
            'project_quarantine_cleared',
            'remove_project',
            'release_quarantined',
            'release_quarantine_cleared',
            'remove_release'
        )
),
begun AS (
    SELECT project, version, serial, time
    FROM marked
    WHERE mark = 'begin'
),
ended AS (
    SELECT begun.serial, min(marked.serial) AS end_serial
    FROM begun
    JOIN marked ON marked.project = begun.project AND marked.serial > begun.serial
    WHERE
        marked.mark <> 'begin'
        AND (
            coalesce(marked.version, '') = coalesce(begun.version, '')
            OR marked.mark = 'remove' AND marked.version IS NULL
        )
    GROUP BY begun.serial
)
SELECT
    begun.project,
    begun.version,
    begun.serial,
    begun.time AS quarantined_at,
    CASE WHEN marked.mark = 'clear' THEN marked.time END AS cleared_at,
    CASE WHEN marked.mark = 'remove' THEN marked.time END AS removed_at,
    marked.serial IS NULL AS is_open
FROM begun
LEFT JOIN ended ON ended.serial = begun.serial
LEFT JOIN marked ON marked.serial = ended.end_serial
