-- title: Downloads by version
-- question: Which of its releases are downloaded: how often in the last 30 complete days, and with which share?
-- needs: downloads_by
WITH of_source AS (
    SELECT version, downloads, day, counting
    FROM downloads_by
    WHERE
        project = $project
        AND dimensions = 'version'
        AND complete
        AND source = (
            SELECT source
            FROM downloads_by
            WHERE project = $project AND dimensions = 'version'
            GROUP BY source
            ORDER BY max(day) DESC, source
            LIMIT 1
        )
),
newest AS (
    SELECT max(CAST(day AS DATE)) AS day, arg_max(counting, day) AS counting FROM of_source
)
SELECT
    coalesce(nullif(of_source.version, ''), 'unknown') AS version,
    sum(of_source.downloads)::BIGINT AS downloads,
    round(100.0 * sum(of_source.downloads) / sum(sum(of_source.downloads)) OVER (), 1) AS percent,
    min(min(of_source.day)) OVER () AS since,
    of_source.counting
FROM of_source
JOIN newest ON newest.counting = of_source.counting AND newest.day - CAST(of_source.day AS DATE) < 30
GROUP BY of_source.version, of_source.counting
ORDER BY downloads DESC, version
LIMIT 20
