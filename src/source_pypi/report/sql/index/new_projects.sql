-- title: New projects per month
-- question: How many projects had their first upload in each month?
-- needs: projects
SELECT date_trunc('month', first_upload_at)::DATE AS month, count(*) AS projects
FROM projects
WHERE first_upload_at IS NOT NULL
GROUP BY month
ORDER BY month
