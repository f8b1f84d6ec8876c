-- title: Stale projects
-- question: Which projects had no release for two years, the oldest first?
-- needs: stale_projects
SELECT project, latest_version, last_release_at, days_since_last
FROM stale_projects
ORDER BY last_release_at, project
