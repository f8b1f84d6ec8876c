-- title: Advisories about pins
-- question: Which advisories of OSV are about the releases that the pins select, and which release fixes them?
-- row: a pin and an advisory that affects the release that it selects, also a withdrawn one
-- needs: pins, pin_clauses, advisories, advisory_clusters, advisory_ranges, advisory_versions, removed_advisories
-- column version: The release that the pin selects; the pinned one if the index does not have it, which is usual with
--   malware. Null: neither is known, and the advisory affects all versions.
-- column cluster: The smallest identifier of the same vulnerability, as in advisory_clusters.
-- column kind: 'malware' or 'vulnerability'.
-- column score: The CVSS base score, of version 4 if there is one. Null: the advisory has no valid vector.
-- column withdrawn_at: Time of its withdrawal. Null: it holds.
-- column removed_at: When a sync noticed that OSV's export no longer has it. Null: it has it.
-- column smallest_fix: The lowest version above the selected one that the advisory names as fixed and does not affect.
--   Null: there is none.
-- column fix_admitted: Whether the pin's specifier admits that version. Null: there is none, or a clause is invalid.
WITH exact AS (
    SELECT pin_clauses.position, min(pin_clauses.lower_sort_key) AS sort_key
    FROM pin_clauses
    WHERE pin_clauses.operator IN ('==', '===')
    GROUP BY pin_clauses.position
),
targets AS (
    SELECT
        pins.position,
        pins.project,
        coalesce(pins.version, pins.pinned_version) AS version,
        CASE
            WHEN pins.version IS NOT NULL THEN pins.sort_key
            WHEN pins.pinned_version IS NOT NULL THEN exact.sort_key
        END AS sort_key,
        pins.specifier,
        pins.file,
        pins.line
    FROM pins
    LEFT JOIN exact ON exact.position = pins.position
    WHERE pins.not_read IS NULL
),
affected AS (
    SELECT targets.position, targets.sort_key, targets.project, advisory_ranges.id
    FROM targets
    JOIN advisory_ranges ON advisory_ranges.project = targets.project
    WHERE CASE
        WHEN targets.sort_key IS NULL
            THEN advisory_ranges.introduced IS NULL
            AND advisory_ranges.fixed_sort_key IS NULL
            AND advisory_ranges.last_affected_sort_key IS NULL
            AND advisory_ranges.limit_sort_key IS NULL
        ELSE targets.sort_key >= advisory_ranges.introduced_sort_key
            AND coalesce(targets.sort_key < advisory_ranges.fixed_sort_key, TRUE)
            AND coalesce(targets.sort_key <= advisory_ranges.last_affected_sort_key, TRUE)
            AND coalesce(targets.sort_key < advisory_ranges.limit_sort_key, TRUE)
    END
    UNION
    SELECT targets.position, targets.sort_key, targets.project, advisory_versions.id
    FROM targets
    JOIN advisory_versions
        ON advisory_versions.project = targets.project AND advisory_versions.sort_key = targets.sort_key
),
candidates AS (
    SELECT DISTINCT affected.position, affected.id, affected.project, advisory_ranges.fixed_sort_key AS sort_key
    FROM affected
    JOIN advisory_ranges ON advisory_ranges.id = affected.id AND advisory_ranges.project = affected.project
    WHERE advisory_ranges.fixed_sort_key > affected.sort_key
),
fixes AS (
    SELECT candidates.position, candidates.id, min(candidates.sort_key) AS sort_key
    FROM candidates
    LEFT JOIN advisory_ranges AS other
        ON other.id = candidates.id
        AND other.project = candidates.project
        AND candidates.sort_key >= other.introduced_sort_key
        AND coalesce(candidates.sort_key < other.fixed_sort_key, TRUE)
        AND coalesce(candidates.sort_key <= other.last_affected_sort_key, TRUE)
        AND coalesce(candidates.sort_key < other.limit_sort_key, TRUE)
    LEFT JOIN advisory_versions AS listed
        ON listed.id = candidates.id
        AND listed.project = candidates.project
        AND listed.sort_key = candidates.sort_key
    WHERE other.id IS NULL AND listed.id IS NULL
    GROUP BY candidates.position, candidates.id
),
written AS (
    SELECT id, project, fixed_sort_key, min(fixed) AS fixed
    FROM advisory_ranges
    WHERE fixed_sort_key IS NOT NULL
    GROUP BY id, project, fixed_sort_key
),
clauses AS (
    SELECT
        fixes.position,
        fixes.id,
        (
            coalesce(fixes.sort_key >= pin_clauses.lower_sort_key, TRUE)
            AND coalesce(fixes.sort_key < pin_clauses.upper_sort_key, TRUE)
        ) <> pin_clauses.excluded AS admits
    FROM fixes
    JOIN pin_clauses ON pin_clauses.position = fixes.position
),
admitted AS (
    SELECT
        position,
        id,
        max(CASE WHEN NOT admits THEN 1 ELSE 0 END) AS refused,
        max(CASE WHEN admits IS NULL THEN 1 ELSE 0 END) AS unknown
    FROM clauses
    GROUP BY position, id
)
SELECT
    targets.project,
    targets.version,
    targets.specifier,
    targets.file,
    targets.line,
    affected.id,
    advisory_clusters.cluster,
    advisories.kind,
    advisories.aliases,
    advisories.summary,
    advisories.severity,
    coalesce(advisories.cvss_v4_score, advisories.cvss_v3_score) AS score,
    advisories.published_at,
    advisories.withdrawn_at,
    removed_advisories.removed_at,
    written.fixed AS smallest_fix,
    CASE
        WHEN fixes.sort_key IS NULL OR admitted.refused = 0 AND admitted.unknown = 1 THEN NULL
        WHEN admitted.refused = 1 THEN FALSE
        ELSE TRUE
    END AS fix_admitted,
    'https://osv.dev/vulnerability/' || affected.id AS link
FROM affected
JOIN targets ON targets.position = affected.position
JOIN advisories ON advisories.id = affected.id
JOIN advisory_clusters ON advisory_clusters.id = affected.id
LEFT JOIN removed_advisories ON removed_advisories.id = affected.id
LEFT JOIN fixes ON fixes.position = affected.position AND fixes.id = affected.id
LEFT JOIN written
    ON written.id = affected.id
    AND written.project = affected.project
    AND written.fixed_sort_key = fixes.sort_key
LEFT JOIN admitted ON admitted.position = affected.position AND admitted.id = affected.id
