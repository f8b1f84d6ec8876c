-- title: Reuse of names
-- question: Which projects were removed and then created again, possibly by somebody else?
-- row: a project that was created after its removal
-- needs: events
-- column removed_serial: The serial of the removal.
-- column removed_at: When the project was removed.
-- column created_serial: The serial of the next creation.
-- column created_at: When it was created again.
-- column old_user: The last user or team that is known to have got a role before the removal. Null: before the events
--   that are loaded.
-- column new_user: The first user or team that got a role after the creation. Null: none has.
-- column first_release: The first release after the creation. Null: there is none yet.
WITH created AS (
    SELECT removed.project, removed.serial AS removed_serial, removed.time, min(events.serial) AS created_serial
    FROM events AS removed
    JOIN events ON events.project = removed.project AND events.serial > removed.serial
    WHERE removed.kind = 'remove_project' AND events.kind = 'create'
    GROUP BY removed.project, removed.serial, removed.time
),
latest AS (
    SELECT project, max(removed_serial) AS removed_serial, created_serial
    FROM created
    GROUP BY project, created_serial
),
around AS (
    SELECT
        latest.removed_serial,
        max(
            CASE WHEN events.kind <> 'new_release' AND events.serial < latest.removed_serial THEN events.serial END
        ) AS old_serial,
        min(
            CASE WHEN events.kind <> 'new_release' AND events.serial > latest.created_serial THEN events.serial END
        ) AS new_serial,
        min(
            CASE WHEN events.kind = 'new_release' AND events.serial > latest.created_serial THEN events.serial END
        ) AS release_serial
    FROM latest
    JOIN events ON events.project = latest.project
    WHERE events.kind IN ('add_role', 'accept_invite', 'new_release')
    GROUP BY latest.removed_serial
)
SELECT
    latest.project,
    latest.removed_serial,
    removed.time AS removed_at,
    latest.created_serial,
    created_again.time AS created_at,
    old_role."user" AS old_user,
    new_role."user" AS new_user,
    first_release.version AS first_release
FROM latest
JOIN events AS removed ON removed.serial = latest.removed_serial
JOIN events AS created_again ON created_again.serial = latest.created_serial
LEFT JOIN around ON around.removed_serial = latest.removed_serial
LEFT JOIN events AS old_role ON old_role.serial = around.old_serial
LEFT JOIN events AS new_role ON new_role.serial = around.new_serial
LEFT JOIN events AS first_release ON first_release.serial = around.release_serial
