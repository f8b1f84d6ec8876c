-- title: Python versions in classifiers
-- question: How many latest releases name each Python version in their classifiers?
-- needs: projects
SELECT
    replace(classifier, 'Programming Language :: Python :: ', '') AS python,
    count(DISTINCT project) AS projects,
    round(100 * count(DISTINCT project) / (SELECT count(*) FROM projects WHERE len(classifiers) > 0), 1) AS percent
FROM (SELECT project, unnest(classifiers) AS classifier FROM projects)
WHERE
    starts_with(classifier, 'Programming Language :: Python :: ')
    AND regexp_full_match(classifier, 'Programming Language :: Python :: \d+\.\d+')
GROUP BY python
ORDER BY split_part(python, '.', 1)::INTEGER, split_part(python, '.', 2)::INTEGER
