-- title: Owner changes
-- question: Who got or lost a role in a project, and which release came next?
-- row: a role that a user or a team got, lost or has instead of another
-- needs: events
-- column change: added (also by accepting an invitation), removed, or changed (the role is the new one).
-- column user: The user, or the team, that has the role. The journal does not say who changed it.
-- column serial: The serial of the event.
-- column changed_at: When it was changed.
-- column next_release: The first release after the change. Null: there is none yet.
-- column next_release_at: When that release was created. Null: there is none yet.
WITH changes AS (
    SELECT
        events.project,
        CASE
            WHEN events.kind = 'remove_role' THEN 'removed'
            WHEN events.kind = 'change_role' THEN 'changed'
            ELSE 'added'
        END AS change,
        events.role,
        events."user",
        events.serial,
        events.time
    FROM events
    WHERE events.project IS NOT NULL AND events.kind IN ('add_role', 'accept_invite', 'remove_role', 'change_role')
),
releases AS (
    SELECT changes.serial, min(events.serial) AS release_serial
    FROM changes
    JOIN events ON events.project = changes.project AND events.serial > changes.serial
    WHERE events.kind = 'new_release'
    GROUP BY changes.serial
)
SELECT
    changes.project,
    changes.change,
    changes.role,
    changes."user",
    changes.serial,
    changes.time AS changed_at,
    events.version AS next_release,
    events.time AS next_release_at
FROM changes
LEFT JOIN releases ON releases.serial = changes.serial
LEFT JOIN events ON events.serial = releases.release_serial
