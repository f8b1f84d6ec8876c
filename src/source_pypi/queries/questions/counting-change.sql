-- title: Change of the counting
-- question: How many downloads per day are left since 2026-08-24, when metadata and signatures ceased to be counted?
-- needs: downloads
WITH counted AS (
    SELECT
        project,
        source,
        category,
        counting,
        downloads,
        CAST(day AS DATE) - DATE '2026-08-24' AS distance
    FROM downloads
    WHERE complete
)
SELECT
    project,
    source,
    category,
    round(sum(CASE WHEN distance < 0 THEN downloads ELSE 0 END) / 28.0, 1) AS per_day_before,
    round(sum(CASE WHEN distance >= 0 THEN downloads ELSE 0 END) / 28.0, 1) AS per_day_since,
    round(
        100.0 * sum(CASE WHEN distance >= 0 THEN downloads ELSE 0 END)
        / nullif(sum(CASE WHEN distance < 0 THEN downloads ELSE 0 END), 0),
        1
    ) AS percent
FROM counted
WHERE distance BETWEEN -28 AND 27
GROUP BY project, source, category
HAVING count(DISTINCT counting) = 2
ORDER BY project, source, category
