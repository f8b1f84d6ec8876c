-- title: Wheels
-- question: For which platforms do the pinned releases have wheels?
-- needs: pins, wheel_coverage
SELECT
    pinned.project,
    pinned.version,
    wheel_coverage.platform,
    list(DISTINCT wheel_coverage.python || ' ' || wheel_coverage.abi ORDER BY wheel_coverage.python || ' ' || wheel_coverage.abi)
        FILTER (wheel_coverage.platform IS NOT NULL) AS wheels,
    coalesce(bool_or(wheel_coverage.abi IN ('abi3', 'abi3t')), false) AS stable_abi,
    coalesce(bool_or(wheel_coverage.abi IN ('free-threaded', 'abi3t')), false) AS free_threaded
FROM (SELECT DISTINCT project, version FROM pins WHERE version IS NOT NULL) AS pinned
LEFT JOIN wheel_coverage USING (project, version)
GROUP BY ALL
ORDER BY pinned.project, pinned.version, wheel_coverage.platform
