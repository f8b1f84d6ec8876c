-- title: Attested files
-- question: Which share of the files of each month is attested?
-- needs: files, attestations
WITH attested AS (SELECT DISTINCT project, filename, true AS attested FROM attestations)
SELECT
    date_trunc('month', files.uploaded_at)::DATE AS month,
    count(attested.attested) AS attested,
    count(*) AS files,
    round(100.0 * count(attested.attested) / count(*), 2) AS percent
FROM files
LEFT JOIN attested USING (project, filename)
WHERE files.uploaded_at >= (SELECT min(uploaded_at) FROM files SEMI JOIN attested USING (project, filename))
GROUP BY month
ORDER BY month
