-- title: Yanked requirements
-- question: Which loaded releases require a version of another project that is yanked?
-- needs: dependencies, versions
SELECT
    dependencies.project,
    dependencies.version,
    dependencies.requirement,
    versions.version AS yanked_version,
    versions.yanked_reason
FROM dependencies
JOIN versions ON versions.project = dependencies.name AND versions.sort_key = dependencies.pin_sort_key
WHERE dependencies.pin_sort_key IS NOT NULL AND versions.yanked
ORDER BY dependencies.project, dependencies.version, dependencies.position
