-- title: Vulnerable pins
-- question: Which pins select a release that an advisory affects, and which release fixes it?
-- row: a pin and an advisory, not withdrawn, that affects the release that it selects
-- needs: pins, pin_clauses, vulnerabilities
-- column version: The release that the pin selects. Only releases that were read have advisories.
-- column id: The advisory. Several advisories may describe one vulnerability: see aliases.
-- column smallest_fix: The lowest release with a fix above the selected one. Null: no fix above it is known.
-- column fix_admitted: Whether the pin's specifier admits that release. Null: there is none, or a clause is invalid.
-- column source: The database that the index got the advisory from.
WITH affected AS (
    SELECT
        pins.position,
        pins.project,
        pins.version,
        pins.sort_key,
        pins.specifier,
        pins.file,
        pins.line,
        vulnerabilities.id,
        vulnerabilities.aliases,
        vulnerabilities.summary,
        vulnerabilities.link,
        vulnerabilities.fixed_in,
        vulnerabilities.fixed_in_sort_keys,
        vulnerabilities.source
    FROM pins
    JOIN vulnerabilities ON vulnerabilities.project = pins.project AND vulnerabilities.version = pins.version
    WHERE vulnerabilities.withdrawn_at IS NULL
),
fixes AS (
    SELECT affected.position, affected.id, min(fix.sort_key) AS sort_key
    FROM affected
    CROSS JOIN UNNEST(affected.fixed_in_sort_keys) AS fix (sort_key)
    WHERE fix.sort_key > affected.sort_key
    GROUP BY affected.position, affected.id
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
    affected.project,
    affected.version,
    affected.specifier,
    affected.file,
    affected.line,
    affected.id,
    affected.aliases,
    affected.summary,
    affected.link,
    affected.fixed_in,
    affected.fixed_in[list_position(affected.fixed_in_sort_keys, fixes.sort_key)] AS smallest_fix,
    CASE
        WHEN fixes.sort_key IS NULL OR admitted.refused = 0 AND admitted.unknown = 1 THEN NULL
        WHEN admitted.refused = 1 THEN FALSE
        ELSE TRUE
    END AS fix_admitted,
    affected.source
FROM affected
LEFT JOIN fixes ON fixes.position = affected.position AND fixes.id = affected.id
LEFT JOIN admitted ON admitted.position = affected.position AND admitted.id = affected.id
