-- title: Removed releases
-- question: Which releases were removed from the index, and how long had they been there?
-- row: a removal of a release
-- needs: events
-- column serial: The serial of the event.
-- column removed_at: When it was removed.
-- column released_at: When it was created. Null: before the events that are loaded.
-- column released_again_at: When a release with the same version was created after that. Null: there is none.
-- column project_removed_at: When the whole project was removed after that. Null: it was not.
WITH removed AS (
    SELECT project, version, serial, time
    FROM events
    WHERE kind = 'remove_release' AND project IS NOT NULL
),
around AS (
    SELECT
        removed.serial,
        max(
            CASE WHEN events.kind = 'new_release' AND events.serial < removed.serial THEN events.serial END
        ) AS release_serial,
        min(
            CASE WHEN events.kind = 'new_release' AND events.serial > removed.serial THEN events.serial END
        ) AS again_serial,
        min(
            CASE WHEN events.kind = 'remove_project' AND events.serial > removed.serial THEN events.serial END
        ) AS project_serial
    FROM removed
    JOIN events ON events.project = removed.project
    WHERE
        events.kind = 'new_release' AND events.version = removed.version
        OR events.kind = 'remove_project'
    GROUP BY removed.serial
)
SELECT
    removed.project,
    removed.version,
    removed.serial,
    removed.time AS removed_at,
    released.time AS released_at,
    again.time AS released_again_at,
    whole.time AS project_removed_at
FROM removed
LEFT JOIN around ON around.serial = removed.serial
LEFT JOIN events AS released ON released.serial = around.release_serial
LEFT JOIN events AS again ON again.serial = around.again_serial
LEFT JOIN events AS whole ON whole.serial = around.project_serial
