-- title: New projects per month
-- question: How many projects had their first upload in each month?
-- needs: projects
WITH daily AS (
    SELECT epoch_us(first_upload_at) // 86_400_000_000 AS day, count(*) AS projects
    FROM projects
    WHERE first_upload_at IS NOT NULL
    GROUP BY day
)
SELECT date_trunc('month', DATE '1970-01-01' + day::INTEGER)::DATE AS month, sum(projects)::BIGINT AS projects
FROM daily
GROUP BY month
ORDER BY month
