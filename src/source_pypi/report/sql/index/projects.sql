-- title: Projects
-- question: Which projects were released last?
-- needs: projects
SELECT project, latest_version, last_upload_at, version_count, file_count, total_size, left(summary, 120) AS summary
FROM projects
ORDER BY last_upload_at DESC NULLS LAST, project
LIMIT 2000
