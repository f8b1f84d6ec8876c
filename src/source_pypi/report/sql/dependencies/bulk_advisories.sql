-- title: Advisories of OSV
-- question: Which advisories of OSV are about the pinned releases, how severe are they, and which release fixes them?
-- needs: advisory_pins
SELECT DISTINCT
    project,
    version,
    id,
    CASE WHEN removed_at IS NOT NULL THEN 'removed' WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' ELSE kind END AS kind,
    severity,
    score,
    CAST(published_at AS DATE) AS published,
    aliases,
    summary,
    smallest_fix,
    fix_admitted,
    link,
    'osv' AS source
FROM advisory_pins
ORDER BY
    CASE kind WHEN 'malware' THEN 0 WHEN 'vulnerability' THEN 1 ELSE 2 END,
    score DESC NULLS LAST,
    project,
    version,
    id
