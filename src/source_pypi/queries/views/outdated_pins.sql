-- title: Outdated pins
-- question: Which pins select an older release than the latest one, and how far behind are they?
-- row: a pin that selects a release below the project's latest one
-- needs: pins, pin_clauses, versions
-- column version: The release that the pin selects.
-- column latest_version: The latest release, as the index selects it.
-- column releases_behind: Number of releases above the selected one up to the latest. Yanked releases, releases
--   without files and, unless the latest is one, pre-releases do not count.
-- column days_behind: Days from the first upload of the selected release to that of the latest; without upload times,
--   between the times at which a sync first saw them. 0: the latest is not younger. Null: unknown.
-- column major_behind: Difference of the first numbers of both releases, e.g. 2 for 1.4 and 3.0; at least 1 if the
--   epochs differ. Null: a version is not valid in PEP 440.
-- column latest_admitted: Whether the pin's specifier admits the latest release. Null: unknown, since a clause is
--   invalid.
WITH release AS (
    SELECT
        project,
        version,
        sort_key,
        is_latest,
        is_prerelease,
        coalesce(first_upload_at, first_seen_at) AS released_at,
        substr(sort_key, 1, strpos(sort_key, '~')) AS epoch,
        CASE
            WHEN strpos(sort_key, '~') > 0 AND substr(sort_key, strpos(sort_key, '~') + 1, 2) BETWEEN '01' AND '18'
            THEN
                CAST(
                    substr(
                        sort_key,
                        strpos(sort_key, '~') + 3,
                        CAST(substr(sort_key, strpos(sort_key, '~') + 1, 2) AS INTEGER)
                    ) AS BIGINT
                )
        END AS major
    FROM versions
    WHERE project IN (SELECT project FROM pins)
),
behind AS (
    SELECT
        pins.position,
        pins.project,
        pins.version,
        pins.specifier,
        pins.file,
        pins.line,
        selected.sort_key,
        latest.version AS latest_version,
        latest.sort_key AS latest_sort_key,
        latest.is_prerelease AS latest_is_prerelease,
        date_diff('second', selected.released_at, latest.released_at) AS seconds_behind,
        CASE
            WHEN selected.epoch <> latest.epoch AND latest.major - selected.major < 1 THEN 1
            ELSE latest.major - selected.major
        END AS major_behind
    FROM pins
    JOIN release AS selected ON selected.project = pins.project AND selected.version = pins.version
    JOIN release AS latest ON latest.project = pins.project AND latest.is_latest
    WHERE selected.sort_key < latest.sort_key
),
counted AS (
    SELECT
        behind.position,
        count(versions.version) AS releases_behind
    FROM behind
    LEFT JOIN versions
        ON versions.project = behind.project
        AND versions.sort_key > behind.sort_key
        AND versions.sort_key <= behind.latest_sort_key
        AND versions.file_count > 0
        AND NOT coalesce(versions.yanked, FALSE)
        AND (NOT versions.is_prerelease OR behind.latest_is_prerelease)
    GROUP BY behind.position
),
clauses AS (
    SELECT
        behind.position,
        (
            coalesce(behind.latest_sort_key >= pin_clauses.lower_sort_key, TRUE)
            AND coalesce(behind.latest_sort_key < pin_clauses.upper_sort_key, TRUE)
        ) <> pin_clauses.excluded AS admits
    FROM behind
    JOIN pin_clauses ON pin_clauses.position = behind.position
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
    behind.project,
    behind.version,
    behind.specifier,
    behind.file,
    behind.line,
    behind.latest_version,
    counted.releases_behind,
    CASE WHEN behind.seconds_behind < 0 THEN 0 ELSE behind.seconds_behind // 86400 END AS days_behind,
    behind.major_behind,
    CASE
        WHEN admitted.refused = 1 THEN FALSE
        WHEN admitted.unknown = 1 THEN NULL
        ELSE TRUE
    END AS latest_admitted
FROM behind
JOIN counted ON counted.position = behind.position
LEFT JOIN admitted ON admitted.position = behind.position
