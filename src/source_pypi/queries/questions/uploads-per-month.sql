-- title: Uploads per month
-- question: How many files and releases were uploaded in each month, by how many projects, and how large are they?
-- needs: versions
SELECT
    strftime(date_trunc('month', make_timestamp(epoch_us(first_upload_at))), '%Y-%m') AS month,
    count(*) AS releases,
    count(DISTINCT project) AS projects,
    sum(file_count)::BIGINT AS files,
    round(sum(total_size) / 1e9, 3) AS gigabytes
FROM versions
WHERE first_upload_at IS NOT NULL
GROUP BY month
ORDER BY month
