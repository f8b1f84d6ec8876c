-- title: Python versions
-- question: Which versions of Python does the latest release support, by its requirement, classifiers and wheels?
-- needs: python_support
WITH latest AS (SELECT project, version FROM versions WHERE project = $project AND is_latest)
SELECT
    python_support.python,
    python_support.admitted,
    python_support.classified,
    python_support.has_wheel
FROM python_support
JOIN latest USING (project, version)
ORDER BY
    try_cast(split_part(python_support.python, '.', 1) AS INTEGER) DESC,
    try_cast(split_part(python_support.python, '.', 2) AS INTEGER) DESC
