-- title: Statuses of pinned projects
-- question: Which pinned projects does the index mark as quarantined, archived or deprecated?
-- row: a pin of a project whose status on the index is not active
-- needs: pins, statuses
-- column version: The release that the pin selects. Null: none was read.
-- column status: quarantined, archived, deprecated, or another status that the index gives. Projects that are missing
--   or empty are in missing_projects.
-- column reason: The reason, as the index gives it. Null: none.
SELECT
    pins.project,
    pins.version,
    pins.specifier,
    pins.file,
    pins.line,
    statuses.status,
    statuses.reason
FROM pins
JOIN statuses ON statuses.project = pins.project
WHERE pins.not_read IS NULL AND statuses.status NOT IN ('active', 'missing', 'empty')
