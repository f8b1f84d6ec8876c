-- title: Files uploaded per month
-- question: How many files were uploaded in each month?
-- needs: files
SELECT date_trunc('month', uploaded_at)::DATE AS month, count(*) AS files, sum(size)::BIGINT AS bytes
FROM files
WHERE uploaded_at IS NOT NULL
GROUP BY month
ORDER BY month
