-- title: Differences between the index and OSV
-- question: Which advisories does only the index name for a release, and which does only OSV's export?
-- row: a release of which the index's advisories were read (those of pins, otherwise the latest), and an advisory that only one of the two names for it
-- needs: pins, vulnerabilities, vulnerable_versions, versions, advisories, removed_advisories
-- column only_in: 'index' or 'osv'.
-- column reason: Of the index only: 'withdrawn', 'removed', 'unknown' (the export does not have the advisory) or 'other
--   versions' (it affects other versions). Of OSV only: 'not listed'.
WITH listed AS (
    SELECT vulnerabilities.project, vulnerabilities.version, vulnerabilities.id
    FROM vulnerabilities
    WHERE vulnerabilities.withdrawn_at IS NULL
),
asked AS (
    SELECT project, version FROM vulnerabilities
    UNION
    SELECT project, version FROM pins WHERE version IS NOT NULL
    UNION
    SELECT versions.project, versions.version
    FROM versions
    LEFT JOIN pins ON pins.project = versions.project
    WHERE versions.is_latest AND pins.project IS NULL
)
SELECT
    listed.project,
    listed.version,
    listed.id,
    'index' AS only_in,
    CASE
        WHEN advisories.id IS NULL THEN 'unknown'
        WHEN advisories.withdrawn_at IS NOT NULL THEN 'withdrawn'
        WHEN removed_advisories.removed_at IS NOT NULL THEN 'removed'
        ELSE 'other versions'
    END AS reason
FROM listed
LEFT JOIN vulnerable_versions
    ON vulnerable_versions.project = listed.project
    AND vulnerable_versions.version = listed.version
    AND vulnerable_versions.id = listed.id
LEFT JOIN advisories ON advisories.id = listed.id
LEFT JOIN removed_advisories ON removed_advisories.id = listed.id
WHERE vulnerable_versions.id IS NULL
UNION ALL
SELECT
    vulnerable_versions.project,
    vulnerable_versions.version,
    vulnerable_versions.id,
    'osv' AS only_in,
    'not listed' AS reason
FROM vulnerable_versions
JOIN asked ON asked.project = vulnerable_versions.project AND asked.version = vulnerable_versions.version
LEFT JOIN listed
    ON listed.project = vulnerable_versions.project
    AND listed.version = vulnerable_versions.version
    AND listed.id = vulnerable_versions.id
WHERE listed.id IS NULL
