-- title: Downloads by Python
-- question: With which versions of Python are all pinned projects downloaded: how often in the last 30 complete days, and with which share?
-- needs: pins, downloads_by
WITH of_source AS (
    SELECT coalesce(nullif(downloads_by.python, ''), 'unknown') AS counted, downloads, day, counting
    FROM downloads_by
    WHERE
        project IN (SELECT project FROM pins WHERE not_read IS NULL)
        AND dimensions = 'python'
        AND complete
        AND source = (
            SELECT source
            FROM downloads_by
            WHERE dimensions = 'python'
            GROUP BY source
            ORDER BY max(day) DESC, source
            LIMIT 1
        )
),
newest AS (
    SELECT max(CAST(day AS DATE)) AS day, arg_max(counting, day) AS counting FROM of_source
)
SELECT
    of_source.counted AS python,
    sum(of_source.downloads)::BIGINT AS downloads,
    round(100.0 * sum(of_source.downloads) / sum(sum(of_source.downloads)) OVER (), 1) AS percent,
    min(min(of_source.day)) OVER () AS since,
    of_source.counting
FROM of_source
JOIN newest ON newest.counting = of_source.counting AND newest.day - CAST(of_source.day AS DATE) < 30
GROUP BY of_source.counted, of_source.counting
ORDER BY downloads DESC, of_source.counted
LIMIT 20
