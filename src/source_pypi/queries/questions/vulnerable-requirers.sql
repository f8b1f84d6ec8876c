-- title: Who requires what is vulnerable
-- question: Which loaded releases require a project of which a pin selects a vulnerable release?
-- needs: vulnerable_pins, dependencies
SELECT
    affected.project AS vulnerable,
    affected.version,
    affected.ids,
    dependencies.project AS required_by,
    dependencies.version AS required_by_version,
    dependencies.specifier,
    dependencies.marker
FROM (
    SELECT project, version, list(DISTINCT id ORDER BY id) AS ids FROM vulnerable_pins GROUP BY project, version
) AS affected
JOIN dependencies ON dependencies.name = affected.project AND dependencies.project <> affected.project
ORDER BY vulnerable, affected.version, required_by, required_by_version, dependencies.position
