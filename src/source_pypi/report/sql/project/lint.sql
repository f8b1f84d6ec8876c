-- title: Metadata checks
-- question: What do the metadata of the latest release lack or contradict?
-- needs: projects
WITH latest AS (
    SELECT projects.*, coalesce(projects.license_expression, '') AS expression
    FROM projects
    WHERE project = $project
),
classified AS (
    SELECT DISTINCT replace(classifier, 'Programming Language :: Python :: ', '') AS python
    FROM (SELECT unnest(classifiers) AS classifier FROM latest)
    WHERE regexp_full_match(classifier, 'Programming Language :: Python :: 3\.[0-9]+')
),
label AS (SELECT DISTINCT well_known FROM urls WHERE project = $project AND regexp_matches(url, '^https?://', 'i')),
minimum AS (
    SELECT try_cast(regexp_extract(requires_python, '>=\s*3\.([0-9]+)', 1) AS INTEGER) AS minor
    FROM latest
)
SELECT "check", passed, detail
FROM (
    SELECT 1 AS position, 'A summary' AS "check", summary IS NOT NULL AS passed, NULL AS detail FROM latest
    UNION ALL
    SELECT 2, 'requires-python', requires_python IS NOT NULL, requires_python FROM latest
    UNION ALL
    SELECT 3, 'A licence as an SPDX expression', expression <> '', coalesce(license_expression, left(license, 80)) FROM latest
    UNION ALL
    SELECT
        4,
        'No licence classifier beside the expression',
        NOT (expression <> '' AND len(list_filter(coalesce(classifiers, []), lambda one: one LIKE 'License ::%')) > 0),
        NULL
    FROM latest
    UNION ALL
    SELECT 5, 'A URL of the source', count(*) FILTER (well_known = 'source') > 0, NULL FROM label
    UNION ALL
    SELECT 6, 'A URL of the documentation', count(*) FILTER (well_known IN ('documentation', 'homepage')) > 0, NULL FROM label
    UNION ALL
    SELECT 7, 'A URL of the issues', count(*) FILTER (well_known = 'issues') > 0, NULL FROM label
    UNION ALL
    SELECT 8, 'A URL of the changelog', count(*) FILTER (well_known IN ('changelog', 'releasenotes')) > 0, NULL FROM label
    UNION ALL
    SELECT 9, 'Classifiers of Python versions', count(*) > 0, array_to_string(list(python ORDER BY try_cast(split_part(python, '.', 2) AS INTEGER)), ', ')
    FROM classified
    UNION ALL
    SELECT
        10,
        'Classifiers agree with requires-python',
        coalesce(bool_and(try_cast(split_part(classified.python, '.', 2) AS INTEGER) >= minimum.minor), true),
        'below it: ' || array_to_string(list(classified.python) FILTER (try_cast(split_part(classified.python, '.', 2) AS INTEGER) < minimum.minor), ', ')
    FROM classified, minimum
)
WHERE EXISTS (FROM latest)
ORDER BY position
