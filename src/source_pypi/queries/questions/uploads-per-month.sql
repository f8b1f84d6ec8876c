-- title: Uploads per month
-- question: How many releases and files were uploaded in each month, and how large are they?
-- needs: versions
SELECT
    strftime(uploaded, '%Y-%m') AS month,
    releases,
    files,
    gigabytes
FROM (
    SELECT
        date_trunc('month', make_timestamp(epoch_us(first_upload_at))) AS uploaded,
        count(*) AS releases,
        sum(file_count)::BIGINT AS files,
        round(sum(total_size) / 1e9, 3) AS gigabytes
    FROM versions
    WHERE first_upload_at IS NOT NULL
    GROUP BY ALL
)
ORDER BY month
