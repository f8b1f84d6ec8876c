-- title: Files added late
-- question: Which pinned releases got a file more than 14 days after their first one?
-- needs: pins, files
SELECT
    files.project,
    files.version,
    files.filename,
    files.uploaded_at,
    date_diff('second', first.uploaded_at, files.uploaded_at) // 86400 AS days_after_the_first
FROM files
JOIN (
    SELECT files.project, files.version, min(files.uploaded_at) AS uploaded_at
    FROM files
    JOIN (SELECT DISTINCT project, version FROM pins) AS pinned USING (project, version)
    GROUP BY files.project, files.version
) AS first ON first.project = files.project AND first.version = files.version
WHERE files.uploaded_at > first.uploaded_at + INTERVAL 14 DAY
ORDER BY files.project, files.version, files.uploaded_at, files.filename
