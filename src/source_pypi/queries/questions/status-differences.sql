-- title: Disagreeing documents
-- question: For which projects do the index's document and page list different files?
-- needs: statuses
SELECT project, status, disagreement
FROM statuses
WHERE NOT agree
ORDER BY project
