-- title: Projects pinned twice
-- question: Which projects are pinned to different versions in different places?
-- needs: pins
SELECT
    project,
    count(DISTINCT sort_key) AS versions,
    string_agg(version || coalesce(' (' || file || coalesce(':' || line, '') || ')', ''), ', ' ORDER BY position)
        AS places
FROM pins
WHERE pinned_version IS NOT NULL
GROUP BY project
HAVING count(DISTINCT sort_key) > 1
ORDER BY project
