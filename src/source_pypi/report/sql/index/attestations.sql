-- title: Attested files
-- question: Which share of the files of each month is attested, from the first month with attestations on?
-- needs: files, attestations
WITH daily AS (
    SELECT epoch_us(uploaded_at) // 86_400_000_000 AS day, count(*) AS files, 0 AS attested
    FROM files
    WHERE uploaded_at IS NOT NULL
    GROUP BY day
    UNION ALL
    SELECT epoch_us(files.uploaded_at) // 86_400_000_000 AS day, 0, count(*)
    FROM files
    SEMI JOIN attestations USING (project, filename)
    WHERE files.uploaded_at IS NOT NULL
    GROUP BY day
),
monthly AS (
    SELECT
        date_trunc('month', DATE '1970-01-01' + day::INTEGER)::DATE AS month,
        sum(attested)::BIGINT AS attested,
        sum(files)::BIGINT AS files
    FROM daily
    GROUP BY month
)
SELECT month, attested, files, round(100.0 * attested / files, 2) AS percent
FROM monthly
WHERE month >= (SELECT min(month) FROM monthly WHERE attested > 0)
ORDER BY month
