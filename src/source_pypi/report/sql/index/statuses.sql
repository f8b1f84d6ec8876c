-- title: Statuses
-- question: How many projects are active, archived, quarantined, deprecated, empty or missing?
-- needs: statuses
SELECT status, count(*) AS projects
FROM statuses
GROUP BY status
ORDER BY projects DESC, status
