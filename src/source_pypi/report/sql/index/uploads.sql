-- title: Files uploaded per month
-- question: How many files were uploaded in each month?
-- needs: files
WITH daily AS (
    SELECT epoch_us(uploaded_at) // 86_400_000_000 AS day, count(*) AS files, sum(size) AS bytes
    FROM files
    WHERE uploaded_at IS NOT NULL
    GROUP BY day
)
SELECT
    date_trunc('month', DATE '1970-01-01' + day::INTEGER)::DATE AS month,
    sum(files)::BIGINT AS files,
    sum(bytes)::BIGINT AS bytes
FROM daily
GROUP BY month
ORDER BY month
