-- title: Downloads of every day
-- question: How often was each project downloaded on each day, including days without downloads?
-- row: a project's downloads of a day, between the first and the last day that has any
-- needs: downloads
-- column downloads: Number of downloads; 0 on a day without a row in downloads.
-- column complete: Whether the source adds no more downloads to the day.
-- duckdb only: databases make series of days in ways of their own
WITH spans AS (
    SELECT
        project,
        source,
        min(day) AS first_day,
        max(day) AS last_day,
        max(CASE WHEN complete THEN day END) AS complete_until
    FROM downloads
    GROUP BY project, source
),
days AS (
    SELECT
        project,
        source,
        complete_until,
        strftime(
            unnest(generate_series(CAST(first_day AS TIMESTAMP), CAST(last_day AS TIMESTAMP), INTERVAL 1 DAY)),
            '%Y-%m-%d'
        ) AS day
    FROM spans
),
categories AS (
    SELECT DISTINCT project, source, category FROM downloads
)
SELECT
    days.project,
    days.day,
    days.source,
    categories.category,
    coalesce(downloads.downloads, 0) AS downloads,
    CASE WHEN days.day < '2026-08-24' THEN 'every-object' ELSE 'artifacts' END AS counting,
    coalesce(downloads.complete, days.day <= days.complete_until, false) AS complete
FROM days
JOIN categories ON categories.project = days.project AND categories.source = days.source
LEFT JOIN downloads
    ON downloads.project = days.project
    AND downloads.day = days.day
    AND downloads.source = days.source
    AND downloads.category = categories.category
