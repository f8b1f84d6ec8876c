-- title: Downloads
-- question: How often was the project downloaded per day, without mirrors?
-- needs: downloads_daily
SELECT day, source, downloads, counting, complete
FROM downloads_daily
WHERE
    project = $project
    AND category = 'without_mirrors'
    AND source = (
        SELECT source FROM downloads_daily WHERE project = $project GROUP BY source ORDER BY max(day) DESC, source LIMIT 1
    )
ORDER BY day DESC
LIMIT 365
