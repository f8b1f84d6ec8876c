-- title: Outdated pins
-- question: Which pins are behind the latest release, those behind by the most first?
-- needs: outdated_pins
SELECT project, version, latest_version, major_behind, releases_behind, days_behind, latest_admitted, file, line
FROM outdated_pins
ORDER BY major_behind DESC NULLS LAST, days_behind DESC NULLS LAST, project, version, file, line
