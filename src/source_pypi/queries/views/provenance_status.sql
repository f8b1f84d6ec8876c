-- title: Provenance status
-- question: Which releases have attestations, and did the publisher change?
-- row: a release whose attestations were read, and its provenance status in the index's words
-- needs: attestations, versions, pins, index_capabilities
-- column status: The most notable of states, in this order: lost, changed, inconsistent, none, partial, full.
-- column states: All states that hold, separated by commas. One of none (no file of the release is attested), partial
--   and full (all files are); and inconsistent (its files name more than one repository or workflow), lost (none of its
--   files is attested, but some of a release of the 14 days before), changed (its repositories or workflows are not
--   those of the newest attested release of the 14 days before; not judged if a publisher cannot be parsed).
-- column files: Number of files of the release.
-- column attested_files: Number of them that have an attestation.
-- column publishers: The repositories and workflows that published them, or their accounts; separated by commas. Null:
--   none.
-- column compared_with: The newest attested release of the 14 days before. Null: none is known. Older releases are
--   known with the setting releases: all.
WITH origins AS (
    SELECT project, version, 'repository' AS kind, publisher_repository AS origin
    FROM attestations
    WHERE publisher_repository IS NOT NULL
    UNION
    SELECT project, version, 'workflow' AS kind, publisher_workflow AS origin
    FROM attestations
    WHERE publisher_workflow IS NOT NULL
),
counted AS (
    SELECT project, version, count(*) AS origins, sum(CASE WHEN kind = 'repository' THEN 1 ELSE 0 END) AS repositories
    FROM origins
    GROUP BY project, version
),
attested AS (
    SELECT
        project,
        version,
        count(DISTINCT filename) AS attested_files,
        max(CASE WHEN publisher_kind IS NULL THEN 1 ELSE 0 END) AS unparsed
    FROM attestations
    GROUP BY project, version
),
identities AS (
    SELECT DISTINCT
        project,
        version,
        coalesce(
            publisher_repository || coalesce(' ' || publisher_workflow, ''),
            publisher_email,
            publisher_kind
        ) AS identity
    FROM attestations
),
named AS (
    SELECT project, version, string_agg(identity, ', ' ORDER BY identity) AS publishers
    FROM identities
    GROUP BY project, version
),
pinned AS (
    SELECT DISTINCT project, version FROM pins WHERE version IS NOT NULL
),
unattested AS (
    SELECT versions.project, versions.version, versions.file_count AS files
    FROM versions
    LEFT JOIN pins ON pins.project = versions.project
    WHERE versions.is_latest AND pins.project IS NULL
    UNION ALL
    SELECT versions.project, versions.version, versions.file_count AS files
    FROM pinned
    JOIN versions ON versions.project = pinned.project AND versions.version = pinned.version
),
releases AS (
    SELECT
        versions.project,
        versions.version,
        versions.file_count AS files,
        attested.attested_files,
        attested.unparsed,
        counted.repositories > 1 OR counted.origins - counted.repositories > 1 AS inconsistent,
        named.publishers
    FROM attested
    JOIN versions ON versions.project = attested.project AND versions.version = attested.version
    LEFT JOIN counted ON counted.project = versions.project AND counted.version = versions.version
    LEFT JOIN named ON named.project = versions.project AND named.version = versions.version
    UNION ALL
    SELECT unattested.project, unattested.version, unattested.files, 0, 0, FALSE, NULL
    FROM unattested
    LEFT JOIN attested ON attested.project = unattested.project AND attested.version = unattested.version
    WHERE attested.project IS NULL
),
earlier AS (
    SELECT
        releases.project,
        releases.version,
        previous.version AS previous,
        attested.unparsed,
        row_number() OVER (
            PARTITION BY releases.project, releases.version
            ORDER BY coalesce(previous.first_upload_at, previous.first_seen_at) DESC, previous.sort_key DESC
        ) AS place
    FROM attested
    JOIN versions AS previous ON previous.project = attested.project AND previous.version = attested.version
    JOIN versions AS releases
        ON releases.project = previous.project
        AND coalesce(previous.first_upload_at, previous.first_seen_at)
        < coalesce(releases.first_upload_at, releases.first_seen_at)
        AND date_diff(
            'second',
            coalesce(previous.first_upload_at, previous.first_seen_at),
            coalesce(releases.first_upload_at, releases.first_seen_at)
        ) <= 14 * 86400
    WHERE previous.file_count > 0
),
compared AS (
    SELECT
        earlier.project,
        earlier.version,
        earlier.previous,
        earlier.unparsed,
        max(coalesce(counted.origins, 0)) AS earlier_origins,
        count(now_origins.origin) AS origins,
        count(then_origins.origin) AS shared
    FROM earlier
    LEFT JOIN counted ON counted.project = earlier.project AND counted.version = earlier.previous
    LEFT JOIN origins AS now_origins
        ON now_origins.project = earlier.project AND now_origins.version = earlier.version
    LEFT JOIN origins AS then_origins
        ON then_origins.project = earlier.project
        AND then_origins.version = earlier.previous
        AND then_origins.kind = now_origins.kind
        AND then_origins.origin = now_origins.origin
    WHERE earlier.place = 1
    GROUP BY earlier.project, earlier.version, earlier.previous, earlier.unparsed
),
judged AS (
    SELECT
        releases.project,
        releases.version,
        releases.files,
        releases.attested_files,
        releases.publishers,
        compared.previous AS compared_with,
        CASE
            WHEN releases.attested_files = 0 THEN 'none'
            WHEN releases.attested_files < releases.files THEN 'partial'
            ELSE 'full'
        END AS coverage,
        coalesce(releases.inconsistent, FALSE) AS inconsistent,
        releases.attested_files = 0 AND compared.previous IS NOT NULL AS lost,
        releases.attested_files > 0
        AND releases.unparsed = 0
        AND compared.unparsed = 0
        AND (compared.origins <> compared.shared OR compared.earlier_origins <> compared.shared) AS changed
    FROM releases
    LEFT JOIN compared ON compared.project = releases.project AND compared.version = releases.version
    WHERE releases.files > 0
)
SELECT
    project,
    version,
    CASE
        WHEN lost THEN 'lost'
        WHEN changed THEN 'changed'
        WHEN inconsistent THEN 'inconsistent'
        ELSE coverage
    END AS status,
    coverage
    || CASE WHEN inconsistent THEN ', inconsistent' ELSE '' END
    || CASE WHEN lost THEN ', lost' ELSE '' END
    || CASE WHEN changed THEN ', changed' ELSE '' END AS states,
    files,
    attested_files,
    publishers,
    compared_with
FROM judged
WHERE NOT EXISTS (SELECT 1 FROM index_capabilities WHERE stream = 'attestations' AND NOT available)
