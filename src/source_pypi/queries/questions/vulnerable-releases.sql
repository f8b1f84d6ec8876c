-- title: Vulnerable releases
-- question: Which loaded releases have known vulnerabilities, those with the most first?
-- needs: vulnerabilities
SELECT
    project,
    version,
    count(*) AS advisories,
    count(*) FILTER (fixed_in IS NULL OR len(fixed_in) = 0) AS without_fix,
    list(id ORDER BY id) AS ids
FROM vulnerabilities
WHERE withdrawn_at IS NULL
GROUP BY project, version
ORDER BY advisories DESC, project, version
