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
WITH read AS (
    SELECT project, version FROM attestations
    UNION
    SELECT project, version FROM pins WHERE version IS NOT NULL
    UNION
    SELECT versions.project, versions.version
    FROM versions
    LEFT JOIN pins ON pins.project = versions.project
    WHERE versions.is_latest AND pins.project IS NULL
),
attested AS (
    SELECT
        project,
        version,
        count(DISTINCT filename) AS attested_files,
        count(DISTINCT publisher_repository) AS repositories,
        count(DISTINCT publisher_workflow) AS workflows,
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
releases AS (
    SELECT
        versions.project,
        versions.version,
        versions.sort_key,
        coalesce(versions.first_upload_at, versions.first_seen_at) AS released_at,
        versions.file_count AS files,
        coalesce(attested.attested_files, 0) AS attested_files,
        coalesce(attested.repositories, 0) AS repositories,
        coalesce(attested.workflows, 0) AS workflows,
        coalesce(attested.unparsed, 0) AS unparsed
    FROM read
    JOIN versions ON versions.project = read.project AND versions.version = read.version
    LEFT JOIN attested ON attested.project = read.project AND attested.version = read.version
    WHERE versions.file_count > 0
),
earlier AS (
    SELECT
        releases.project,
        releases.version,
        previous.version AS previous,
        previous.repositories,
        previous.workflows,
        previous.unparsed,
        row_number() OVER (
            PARTITION BY releases.project, releases.version
            ORDER BY previous.released_at DESC, previous.sort_key DESC
        ) AS place
    FROM releases
    JOIN releases AS previous
        ON previous.project = releases.project
        AND previous.attested_files > 0
        AND previous.released_at < releases.released_at
        AND date_diff('second', previous.released_at, releases.released_at) <= 14 * 86400
),
shared_repositories AS (
    SELECT earlier.project, earlier.version, count(DISTINCT now_attested.publisher_repository) AS total
    FROM earlier
    JOIN attestations AS now_attested
        ON now_attested.project = earlier.project AND now_attested.version = earlier.version
    JOIN attestations AS then_attested
        ON then_attested.project = earlier.project
        AND then_attested.version = earlier.previous
        AND then_attested.publisher_repository = now_attested.publisher_repository
    WHERE earlier.place = 1
    GROUP BY earlier.project, earlier.version
),
shared_workflows AS (
    SELECT earlier.project, earlier.version, count(DISTINCT now_attested.publisher_workflow) AS total
    FROM earlier
    JOIN attestations AS now_attested
        ON now_attested.project = earlier.project AND now_attested.version = earlier.version
    JOIN attestations AS then_attested
        ON then_attested.project = earlier.project
        AND then_attested.version = earlier.previous
        AND then_attested.publisher_workflow = now_attested.publisher_workflow
    WHERE earlier.place = 1
    GROUP BY earlier.project, earlier.version
),
judged AS (
    SELECT
        releases.project,
        releases.version,
        releases.files,
        releases.attested_files,
        named.publishers,
        earlier.previous AS compared_with,
        CASE
            WHEN releases.attested_files = 0 THEN 'none'
            WHEN releases.attested_files < releases.files THEN 'partial'
            ELSE 'full'
        END AS coverage,
        releases.repositories > 1 OR releases.workflows > 1 AS inconsistent,
        releases.attested_files = 0 AND earlier.previous IS NOT NULL AS lost,
        releases.attested_files > 0
        AND earlier.previous IS NOT NULL
        AND releases.unparsed = 0
        AND earlier.unparsed = 0
        AND (
            releases.repositories <> earlier.repositories
            OR releases.workflows <> earlier.workflows
            OR coalesce(shared_repositories.total, 0) <> releases.repositories
            OR coalesce(shared_workflows.total, 0) <> releases.workflows
        ) AS changed
    FROM releases
    LEFT JOIN named ON named.project = releases.project AND named.version = releases.version
    LEFT JOIN earlier
        ON earlier.project = releases.project AND earlier.version = releases.version AND earlier.place = 1
    LEFT JOIN shared_repositories
        ON shared_repositories.project = releases.project AND shared_repositories.version = releases.version
    LEFT JOIN shared_workflows
        ON shared_workflows.project = releases.project AND shared_workflows.version = releases.version
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
