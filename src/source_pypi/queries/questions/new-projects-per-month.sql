-- title: New projects per month
-- question: How many projects had their first release in each month, and how many of them had a second one?
-- needs: versions
SELECT
    strftime(date_trunc('month', make_timestamp(epoch_us(first_release_at))), '%Y-%m') AS month,
    count(*) AS new_projects,
    count(*) FILTER (releases > 1) AS with_more_releases
FROM (
    SELECT min(first_upload_at) AS first_release_at, count(first_upload_at) AS releases
    FROM versions
    GROUP BY project
)
WHERE first_release_at IS NOT NULL
GROUP BY month
ORDER BY month
