-- title: Advisories
-- question: Which advisories affect the pinned releases, and which release fixes them?
-- needs: vulnerable_pins
SELECT DISTINCT
    project,
    version,
    id,
    aliases,
    summary,
    smallest_fix,
    fix_admitted,
    fixed_in,
    link,
    source
FROM vulnerable_pins
ORDER BY project, version, id
