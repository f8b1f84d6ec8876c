-- title: Downloads per project
-- question: How often was each project downloaded in its last 30 complete days, without mirrors, and in the 30 before?
-- needs: downloads
WITH counted AS (
    SELECT
        project,
        source,
        day,
        downloads,
        counting,
        CAST(max(day) OVER (PARTITION BY source) AS DATE) - CAST(day AS DATE) AS age
    FROM downloads
    WHERE category = 'without_mirrors' AND complete
)
SELECT
    project,
    source,
    sum(CASE WHEN age < 30 THEN downloads ELSE 0 END)::BIGINT AS last_30_days,
    sum(CASE WHEN age >= 30 THEN downloads ELSE 0 END)::BIGINT AS previous_30_days,
    count(DISTINCT counting) = 1 AS comparable
FROM counted
WHERE age < 60
GROUP BY project, source
ORDER BY last_30_days DESC, project, source
