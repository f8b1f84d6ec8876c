-- title: Python versions in classifiers
-- question: How many latest releases name each Python version in their classifiers?
-- needs: classifiers, versions
SELECT
    replace(classifier, 'Programming Language :: Python :: ', '') AS python,
    count(*) AS projects,
    round(100 * count(*) / (SELECT count(DISTINCT project) FROM classifiers), 1) AS percent
FROM classifiers
JOIN versions ON versions.project = classifiers.project AND versions.version = classifiers.version
WHERE regexp_full_match(classifier, 'Programming Language :: Python :: \d+\.\d+') AND versions.is_latest
GROUP BY python
ORDER BY split_part(python, '.', 1)::INTEGER, split_part(python, '.', 2)::INTEGER
