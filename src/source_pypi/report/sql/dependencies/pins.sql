-- title: Pins
-- question: What does each requirement select, and what is wrong with it?
-- needs: pins
WITH named AS (
    SELECT project, version, specifier, id, smallest_fix, fix_admitted FROM vulnerable_pins
    UNION
    SELECT project, version, specifier, id, smallest_fix, fix_admitted
    FROM advisory_pins
    WHERE kind = 'vulnerability' AND withdrawn_at IS NULL AND removed_at IS NULL
),
advisory AS (
    SELECT
        project,
        version,
        specifier,
        list(DISTINCT id ORDER BY id) AS advisories,
        list(DISTINCT smallest_fix ORDER BY smallest_fix) FILTER (smallest_fix IS NOT NULL) AS fixes,
        bool_and(fix_admitted) AS fix_admitted
    FROM named
    GROUP BY ALL
),
malware AS (
    SELECT DISTINCT project
    FROM advisory_pins
    WHERE kind = 'malware' AND withdrawn_at IS NULL AND removed_at IS NULL
),
owner AS (
    SELECT
        project,
        list(DISTINCT "user" ORDER BY "user") AS owners
    FROM roles
    GROUP BY project
),
yank AS (SELECT project, version, any_value(coalesce(yanked_reason, '')) AS yanked_reason FROM yanked_pins GROUP BY ALL),
behind AS (
    SELECT
        project,
        version,
        any_value(latest_version) AS latest_version,
        any_value(releases_behind) AS releases_behind,
        any_value(days_behind) AS days_behind,
        any_value(major_behind) AS major_behind
    FROM outdated_pins
    GROUP BY ALL
),
unattested AS (
    SELECT
        project,
        version,
        any_value(status) AS status,
        any_value(files) AS files,
        any_value(attested_files) AS attested_files
    FROM unattested_pins
    GROUP BY ALL
),
latest AS (SELECT project, version FROM versions WHERE is_latest),
license AS (
    SELECT project, version, any_value(expression) AS expression, left(any_value(license), 60) AS written
    FROM pin_licenses
    GROUP BY project, version
),
state AS (SELECT project, any_value(status) AS status FROM pin_statuses GROUP BY project),
gone AS (
    SELECT
        project,
        any_value(status) FILTER (status <> 'no release') AS status,
        bool_or(status = 'no release') AS some_without_release
    FROM missing_projects
    GROUP BY project
),
unread AS (
    SELECT DISTINCT project, version
    FROM pins
    WHERE
        (
            SELECT
                bool_or(list_contains(streams, 'vulnerabilities'))
                AND NOT arg_max(list_contains(streams, 'vulnerabilities'), run)
            FROM runs
        )
        AND (project, version) NOT IN (SELECT project, version FROM vulnerabilities)
),
row AS (
    SELECT
        pins.position,
        pins.project,
        pins.version,
        pins.specifier,
        coalesce(behind.latest_version, latest.version) AS latest_version,
        behind.releases_behind,
        behind.days_behind,
        behind.major_behind,
        advisory.advisories,
        advisory.fixes,
        advisory.fix_admitted,
        yank.yanked_reason,
        coalesce(gone.status, state.status) AS status,
        owner.owners,
        projects.organization,
        unattested.status AS attestation,
        unattested.attested_files,
        unattested.files,
        coalesce(license.expression, license.written) AS license,
        pins.file,
        pins.line,
        pins.not_read,
        unread.project IS NOT NULL AS is_unread,
        list_filter(
            [
                CASE WHEN malware.project IS NOT NULL THEN 'malware' END,
                CASE WHEN advisory.project IS NOT NULL THEN 'vulnerable' END,
                CASE WHEN gone.status <> 'quarantined' OR (gone.some_without_release AND pins.version IS NULL) THEN 'missing' END,
                CASE WHEN 'quarantined' IN (state.status, gone.status) THEN 'quarantined' END,
                CASE WHEN yank.project IS NOT NULL THEN 'yanked' END
            ],
            lambda flag: flag IS NOT NULL
        ) AS red,
        list_filter(
            [
                CASE WHEN state.status IN ('archived', 'deprecated') THEN state.status END,
                CASE WHEN behind.major_behind > 0 THEN 'major behind' WHEN behind.project IS NOT NULL THEN 'outdated' END,
                CASE WHEN unattested.project IS NOT NULL THEN 'unattested' END,
                CASE WHEN sole.project IS NOT NULL THEN 'sole maintainer' END,
                CASE WHEN stale.project IS NOT NULL THEN 'stale' END,
                CASE WHEN license.project IS NOT NULL AND license.expression IS NULL THEN 'no SPDX licence' END
            ],
            lambda flag: flag IS NOT NULL
        ) AS amber
    FROM pins
    LEFT JOIN projects USING (project)
    LEFT JOIN malware ON malware.project = pins.project
    LEFT JOIN yank USING (project, version)
    LEFT JOIN behind USING (project, version)
    LEFT JOIN unattested USING (project, version)
    LEFT JOIN advisory
        ON advisory.project = pins.project AND advisory.version = pins.version
        AND advisory.specifier IS NOT DISTINCT FROM pins.specifier
    LEFT JOIN unread ON unread.project = pins.project AND unread.version = pins.version
    LEFT JOIN latest ON latest.project = pins.project
    LEFT JOIN license ON license.project = pins.project AND license.version = pins.version
    LEFT JOIN owner ON owner.project = pins.project
    LEFT JOIN state ON state.project = pins.project
    LEFT JOIN gone ON gone.project = pins.project
    LEFT JOIN (SELECT DISTINCT project FROM sole_maintainers) AS sole ON sole.project = pins.project
    LEFT JOIN (SELECT DISTINCT project FROM stale_projects) AS stale ON stale.project = pins.project
)
SELECT
    CASE
        WHEN len(red) > 0 THEN 'red'
        WHEN not_read IS NOT NULL OR version IS NULL OR is_unread THEN 'not checked'
        WHEN len(amber) > 0 THEN 'amber'
        ELSE 'none'
    END AS severity,
    * EXCLUDE (position, is_unread)
FROM row
ORDER BY
    CASE severity WHEN 'red' THEN 0 WHEN 'not checked' THEN 1 WHEN 'amber' THEN 2 ELSE 3 END,
    len(red) DESC,
    len(amber) DESC,
    project,
    position
