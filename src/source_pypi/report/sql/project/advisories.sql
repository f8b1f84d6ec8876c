-- title: Advisories
-- question: Which advisories affect the releases that were read?
-- needs: vulnerabilities
SELECT
    id,
    aliases,
    summary,
    list(DISTINCT version ORDER BY version) AS versions,
    any_value(fixed_in) AS fixed_in,
    any_value(withdrawn_at) AS withdrawn_at,
    any_value(link) AS link
FROM vulnerabilities
WHERE project = $project
GROUP BY id, aliases, summary
ORDER BY any_value(withdrawn_at) IS NOT NULL, id
