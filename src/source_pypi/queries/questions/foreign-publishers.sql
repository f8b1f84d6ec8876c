-- title: Foreign publishers
-- question: Which attested releases were published from a repository that none of the project's links names?
-- needs: attestations, urls
SELECT attested.project, attested.version, attested.publisher_repository, attested.publisher_workflow
FROM (
    SELECT DISTINCT project, version, publisher_repository, publisher_workflow
    FROM attestations
    WHERE publisher_repository IS NOT NULL
) AS attested
LEFT JOIN urls
    ON urls.project = attested.project
    AND urls.version = attested.version
    AND contains(lower(urls.url), lower(attested.publisher_repository))
WHERE urls.project IS NULL
ORDER BY attested.project, attested.version, attested.publisher_repository
