-- title: Downloads per Python
-- question: With which versions of Python is each project downloaded: how often in the last 30 complete days, and with which share?
-- needs: downloads_by
WITH counted AS (
    SELECT
        project,
        source,
        python,
        downloads,
        CAST(max(day) OVER (PARTITION BY source) AS DATE) - CAST(day AS DATE) AS age
    FROM downloads_by
    WHERE dimensions = 'python' AND complete
)
SELECT
    project,
    source,
    coalesce(nullif(python, ''), 'unknown') AS python,
    sum(downloads)::BIGINT AS downloads,
    round(100.0 * sum(downloads) / sum(sum(downloads)) OVER (PARTITION BY project, source), 1) AS percent
FROM counted
WHERE age < 30
GROUP BY project, source, python
ORDER BY project, source, downloads DESC, python
