-- title: Wheels
-- question: For which platforms do the pinned releases have wheels?
-- needs: pins, files
WITH pinned AS (SELECT DISTINCT project, version FROM pins WHERE version IS NOT NULL),
wheel AS (
    SELECT
        project,
        version,
        unnest(platform_tags) AS platform,
        array_to_string(python_tags, '.') AS python,
        array_to_string(abi_tags, '.') AS abi
    FROM files
    SEMI JOIN pinned USING (project, version)
    WHERE packagetype = 'bdist_wheel'
),
family AS (
    SELECT
        project,
        version,
        CASE
            WHEN platform = 'any' THEN 'any'
            WHEN platform LIKE '%linux%' THEN
                CASE WHEN platform LIKE 'musl%' THEN 'musl ' ELSE 'glibc ' END
                || coalesce(nullif(regexp_extract(platform, '(x86_64|aarch64|i686|armv7l|ppc64le|s390x|riscv64)$', 1), ''), 'other')
            WHEN platform LIKE 'macosx%' THEN
                'macOS ' || coalesce(nullif(regexp_extract(platform, '(arm64|x86_64|universal2)$', 1), ''), 'other')
            WHEN platform LIKE 'win%' THEN
                'Windows ' || CASE platform WHEN 'win32' THEN 'x86' WHEN 'win_amd64' THEN 'x86_64' ELSE replace(platform, 'win_', '') END
            ELSE platform
        END AS platform,
        python,
        abi
    FROM wheel
)
SELECT
    pinned.project,
    pinned.version,
    family.platform,
    list(DISTINCT family.python || '-' || family.abi ORDER BY family.python || '-' || family.abi) FILTER (family.python IS NOT NULL) AS wheels,
    bool_or(family.abi LIKE '%abi3%') AS stable_abi,
    bool_or(regexp_matches(family.abi, '^(cp3[0-9]+t|.*abi3t)$')) AS free_threaded
FROM pinned
LEFT JOIN family USING (project, version)
GROUP BY ALL
ORDER BY pinned.project, pinned.version, family.platform
