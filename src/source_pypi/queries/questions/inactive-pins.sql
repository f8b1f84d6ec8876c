-- title: Inactive pins
-- question: Which pinned projects does the index mark as archived, deprecated or quarantined?
-- needs: pin_statuses
SELECT project, version, status, reason, file, line
FROM pin_statuses
ORDER BY status <> 'quarantined', status, project, version, file, line
