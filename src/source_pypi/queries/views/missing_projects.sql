-- title: Missing projects
-- question: Which pins name a project or a release that the index does not have?
-- row: a pin of a project that the index does not have, or of which it has no release that the pin admits
-- needs: pins, pin_clauses, statuses, versions
-- column status: missing (the index does not have the project), empty (the project has no releases) or no release
--   (the pin's specifier admits none of its releases, or only yanked ones, of which a range selects none). Quarantined
--   projects are in pin_statuses.
-- column reason: The reason, as the index gives it. Null: none.
-- column since: Time of the visit that found the project missing or empty. Null for no release.
WITH clauses AS (
    SELECT
        pins.position,
        versions.version,
        max(
            CASE
                WHEN
                    pins.pinned_version IS NULL AND versions.yanked
                    OR (
                        coalesce(versions.sort_key >= pin_clauses.lower_sort_key, TRUE)
                        AND coalesce(versions.sort_key < pin_clauses.upper_sort_key, TRUE)
                    ) = pin_clauses.excluded
                THEN 1
                ELSE 0
            END
        ) AS refused
    FROM pins
    JOIN pin_clauses ON pin_clauses.position = pins.position
    JOIN versions ON versions.project = pins.project
    WHERE pins.version IS NULL
    GROUP BY pins.position, versions.version
),
refused AS (
    SELECT position
    FROM clauses
    GROUP BY position
    HAVING min(refused) = 1
)
SELECT
    pins.project,
    pins.specifier,
    pins.file,
    pins.line,
    CASE WHEN refused.position IS NULL THEN statuses.status ELSE 'no release' END AS status,
    statuses.reason,
    CASE WHEN refused.position IS NULL THEN statuses.seen_at END AS since
FROM pins
JOIN statuses ON statuses.project = pins.project
LEFT JOIN refused ON refused.position = pins.position
WHERE pins.not_read IS NULL AND (statuses.status IN ('missing', 'empty') OR refused.position IS NOT NULL)
