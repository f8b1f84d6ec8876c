-- title: Dependents
-- question: Which loaded projects require this one?
-- needs: dependents
SELECT
    dependent,
    dependent_version,
    specifier,
    marker,
    extra
FROM dependents
WHERE project = $project
ORDER BY dependent, dependent_version
