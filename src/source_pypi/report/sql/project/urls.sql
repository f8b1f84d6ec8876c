-- title: Links
-- question: Which URLs does the latest release that was read give?
-- needs: urls
WITH read AS (
    SELECT urls.version
    FROM urls
    LEFT JOIN versions USING (project, version)
    WHERE urls.project = $project
    ORDER BY versions.sort_key DESC NULLS LAST
    LIMIT 1
)
SELECT label, well_known, url
FROM urls
WHERE project = $project AND version = (SELECT version FROM read)
ORDER BY label
