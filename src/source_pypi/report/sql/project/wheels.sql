-- title: Wheel coverage
-- question: For which platforms and Pythons has the latest release wheels, and which had the one before?
-- needs: files, versions
WITH ordered AS (
    SELECT version, row_number() OVER (ORDER BY is_latest DESC, sort_key DESC) AS place, sort_key
    FROM versions
    WHERE project = $project AND file_count > 0
        AND sort_key <= (SELECT max(sort_key) FROM versions WHERE project = $project AND is_latest)
        AND (is_latest OR NOT coalesce(is_prerelease, false))
),
wheel AS (
    SELECT
        ordered.place = 1 AS is_latest,
        ordered.version,
        unnest(files.platform_tags) AS platform,
        array_to_string(files.python_tags, '.') AS python,
        array_to_string(files.abi_tags, '.') AS abi
    FROM ordered
    JOIN files ON files.project = $project AND files.version = ordered.version
    WHERE ordered.place <= 2 AND files.packagetype = 'bdist_wheel'
)
SELECT
    platform,
    python,
    abi,
    bool_or(is_latest) AS latest,
    bool_or(NOT is_latest) AS previous
FROM wheel
GROUP BY ALL
ORDER BY platform, python, abi
