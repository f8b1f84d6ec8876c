-- title: Downloads
-- question: How often were all pinned projects downloaded per day, without mirrors?
-- needs: pins, downloads_daily
SELECT day, source, sum(downloads)::BIGINT AS downloads, min(counting) AS counting, bool_and(complete) AS complete
FROM downloads_daily
WHERE
    project IN (SELECT project FROM pins WHERE not_read IS NULL)
    AND category = 'without_mirrors'
    AND source = (SELECT source FROM downloads_daily GROUP BY source ORDER BY max(day) DESC, source LIMIT 1)
GROUP BY day, source
ORDER BY day DESC
LIMIT 365
