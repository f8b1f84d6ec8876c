-- title: Vulnerable versions
-- question: Which versions of all loaded projects do advisories affect?
-- row: a version and an advisory of OSV that affects it, neither withdrawn nor removed
-- needs: versions, advisories, advisory_ranges, advisory_versions, removed_advisories
-- column id: The advisory. Several advisories may describe one vulnerability: see advisory_clusters.
-- column score: The CVSS base score, of version 4 if there is one. Null: the advisory has no valid vector.
-- column in_range: Whether the version is in an interval of the advisory; otherwise the advisory lists it only.
-- column fixed: The version with the fix at the end of the interval. Null: no fix is known.
WITH held AS (
    SELECT advisories.id
    FROM advisories
    LEFT JOIN removed_advisories ON removed_advisories.id = advisories.id
    WHERE advisories.withdrawn_at IS NULL AND removed_advisories.removed_at IS NULL
),
matches AS (
    SELECT
        versions.project,
        versions.version,
        versions.sort_key,
        advisory_ranges.id,
        1 AS in_range,
        CASE WHEN advisory_ranges.fixed_sort_key IS NULL THEN 1 ELSE 0 END AS unfixed,
        advisory_ranges.fixed_sort_key
    FROM versions
    JOIN advisory_ranges
        ON advisory_ranges.project = versions.project
        AND advisory_ranges.introduced_sort_key <= versions.sort_key
    WHERE (advisory_ranges.fixed_sort_key IS NULL OR versions.sort_key < advisory_ranges.fixed_sort_key)
        AND (
            advisory_ranges.last_affected_sort_key IS NULL
            OR versions.sort_key <= advisory_ranges.last_affected_sort_key
        )
        AND (advisory_ranges.limit_sort_key IS NULL OR versions.sort_key < advisory_ranges.limit_sort_key)
    UNION ALL
    SELECT
        versions.project,
        versions.version,
        versions.sort_key,
        advisory_versions.id,
        0 AS in_range,
        0 AS unfixed,
        NULL AS fixed_sort_key
    FROM versions
    JOIN advisory_versions
        ON advisory_versions.project = versions.project AND advisory_versions.sort_key = versions.sort_key
),
affected AS (
    SELECT
        project,
        version,
        min(sort_key) AS sort_key,
        id,
        max(in_range) AS in_range,
        CASE WHEN max(unfixed) = 0 THEN max(fixed_sort_key) END AS fixed_sort_key
    FROM matches
    GROUP BY project, version, id
),
fixes AS (
    SELECT id, project, fixed_sort_key, min(fixed) AS fixed
    FROM advisory_ranges
    WHERE fixed_sort_key IS NOT NULL
    GROUP BY id, project, fixed_sort_key
)
SELECT
    affected.project,
    affected.version,
    affected.sort_key,
    affected.id,
    advisories.kind,
    advisories.severity,
    coalesce(advisories.cvss_v4_score, advisories.cvss_v3_score) AS score,
    advisories.published_at,
    affected.in_range = 1 AS in_range,
    fixes.fixed,
    affected.fixed_sort_key
FROM affected
JOIN held ON held.id = affected.id
JOIN advisories ON advisories.id = affected.id
LEFT JOIN fixes
    ON fixes.id = affected.id
    AND fixes.project = affected.project
    AND fixes.fixed_sort_key = affected.fixed_sort_key
