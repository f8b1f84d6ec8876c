-- title: Inactive projects
-- question: Which loaded projects are archived, deprecated, quarantined, empty or missing?
-- needs: statuses
SELECT status, project, reason, seen_at
FROM statuses
WHERE status <> 'active'
ORDER BY status, project
