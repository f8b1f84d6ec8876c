-- title: Yanks
-- question: When was which release yanked, and is it still?
-- row: a yank of a release
-- needs: events
-- column serial: The serial of the event.
-- column released_at: When the release was created. Null: before the events that are loaded.
-- column yanked_at: When it was yanked. The journal has no reason; versions.yanked_reason has today's.
-- column unyanked_at: When the yank was withdrawn. Null: it was not.
-- column removed_at: When the release or its project was removed while it was yanked. Null: it was not.
-- column is_yanked: Whether it is still yanked, and has not been removed.
WITH yanked AS (
    SELECT project, version, serial, time
    FROM events
    WHERE kind = 'yank_release' AND project IS NOT NULL
),
around AS (
    SELECT
        yanked.serial,
        max(
            CASE WHEN events.kind = 'new_release' AND events.serial < yanked.serial THEN events.serial END
        ) AS release_serial,
        min(
            CASE WHEN events.kind <> 'new_release' AND events.serial > yanked.serial THEN events.serial END
        ) AS end_serial
    FROM yanked
    JOIN events ON events.project = yanked.project
    WHERE
        events.version = yanked.version AND events.kind IN ('new_release', 'unyank_release', 'remove_release')
        OR events.kind = 'remove_project'
    GROUP BY yanked.serial
)
SELECT
    yanked.project,
    yanked.version,
    yanked.serial,
    released.time AS released_at,
    yanked.time AS yanked_at,
    CASE WHEN ended.kind = 'unyank_release' THEN ended.time END AS unyanked_at,
    CASE WHEN ended.kind <> 'unyank_release' THEN ended.time END AS removed_at,
    ended.serial IS NULL AS is_yanked
FROM yanked
LEFT JOIN around ON around.serial = yanked.serial
LEFT JOIN events AS released ON released.serial = around.release_serial
LEFT JOIN events AS ended ON ended.serial = around.end_serial
