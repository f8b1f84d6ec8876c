-- title: Largest projects
-- question: Which projects have the largest files on the index in total?
-- needs: projects
SELECT
    project,
    version_count AS versions,
    file_count AS files,
    round(total_size / 1e6, 1) AS megabytes,
    round(total_size / 1e6 / nullif(file_count, 0), 1) AS megabytes_per_file
FROM projects
WHERE total_size IS NOT NULL
ORDER BY total_size DESC, project
LIMIT 100
