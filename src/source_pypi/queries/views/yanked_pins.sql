-- title: Yanked pins
-- question: Which pins select a yanked release, and which release can replace it?
-- row: a pin that selects a yanked release
-- needs: pins, pin_clauses, versions
-- column version: The release that the pin selects.
-- column yanked_reason: The reason given for yanking. Null: none.
-- column uploaded_at: Time of the release's first upload; the index does not say when it was yanked. Null: not given.
-- column replacement: The nearest release above it that has files and is not yanked; if there is none, the nearest
--   below. Pre-releases count only if the selected one is one. Null: there is none.
-- column replacement_admitted: Whether the pin's specifier admits that release. Null: there is none, or a clause is
--   invalid.
WITH yanked AS (
    SELECT
        pins.position,
        pins.project,
        pins.version,
        pins.specifier,
        pins.file,
        pins.line,
        versions.sort_key,
        versions.is_prerelease,
        versions.yanked_reason,
        versions.first_upload_at AS uploaded_at
    FROM pins
    JOIN versions ON versions.project = pins.project AND versions.version = pins.version
    WHERE versions.yanked
),
nearest AS (
    SELECT
        yanked.position,
        yanked.project,
        coalesce(
            min(CASE WHEN versions.sort_key > yanked.sort_key THEN versions.sort_key END),
            max(CASE WHEN versions.sort_key < yanked.sort_key THEN versions.sort_key END)
        ) AS sort_key
    FROM yanked
    JOIN versions ON versions.project = yanked.project
    WHERE
        versions.file_count > 0
        AND NOT coalesce(versions.yanked, FALSE)
        AND versions.valid_pep440
        AND (NOT versions.is_prerelease OR yanked.is_prerelease)
    GROUP BY yanked.position, yanked.project
),
replacements AS (
    SELECT nearest.position, nearest.sort_key, min(versions.version) AS version
    FROM nearest
    JOIN versions ON versions.project = nearest.project AND versions.sort_key = nearest.sort_key
    WHERE versions.file_count > 0 AND NOT coalesce(versions.yanked, FALSE)
    GROUP BY nearest.position, nearest.sort_key
),
clauses AS (
    SELECT
        replacements.position,
        (
            coalesce(replacements.sort_key >= pin_clauses.lower_sort_key, TRUE)
            AND coalesce(replacements.sort_key < pin_clauses.upper_sort_key, TRUE)
        ) <> pin_clauses.excluded AS admits
    FROM replacements
    JOIN pin_clauses ON pin_clauses.position = replacements.position
),
admitted AS (
    SELECT
        position,
        max(CASE WHEN NOT admits THEN 1 ELSE 0 END) AS refused,
        max(CASE WHEN admits IS NULL THEN 1 ELSE 0 END) AS unknown
    FROM clauses
    GROUP BY position
)
SELECT
    yanked.project,
    yanked.version,
    yanked.specifier,
    yanked.file,
    yanked.line,
    yanked.yanked_reason,
    yanked.uploaded_at,
    replacements.version AS replacement,
    CASE
        WHEN replacements.version IS NULL OR admitted.refused = 0 AND admitted.unknown = 1 THEN NULL
        WHEN admitted.refused = 1 THEN FALSE
        ELSE TRUE
    END AS replacement_admitted
FROM yanked
LEFT JOIN replacements ON replacements.position = yanked.position
LEFT JOIN admitted ON admitted.position = yanked.position
