-- title: Requirements from elsewhere
-- question: Which loaded releases require a file by its URL, which no index checks?
-- needs: dependencies
SELECT project, version, name AS required, url, marker
FROM dependencies
WHERE url IS NOT NULL
ORDER BY project, version, position
