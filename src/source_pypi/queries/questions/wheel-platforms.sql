-- title: Platforms of wheels
-- question: For which systems do the latest releases have wheels, and how many projects are that?
-- needs: latest_files
SELECT
    CASE
        WHEN tag = 'any' THEN 'any'
        WHEN starts_with(tag, 'manylinux') THEN 'manylinux'
        WHEN starts_with(tag, 'musllinux') THEN 'musllinux'
        WHEN starts_with(tag, 'macosx') THEN 'macos'
        WHEN starts_with(tag, 'win') THEN 'windows'
        ELSE regexp_extract(tag, '^[a-z]+')
    END AS system,
    CASE
        WHEN tag = 'any' THEN NULL
        WHEN tag = 'win_amd64' THEN 'x86_64'
        WHEN tag = 'win32' THEN 'x86'
        ELSE nullif(regexp_extract(tag, '(x86_64|amd64|i686|win32|arm64|aarch64|armv7l|'
        'ppc64le|s390x|riscv64|universal2|intel|wasm32)$'), '')
    END AS machine,
    count(DISTINCT project) AS projects
FROM (SELECT project, unnest(platform_tags) AS tag FROM latest_files WHERE platform_tags IS NOT NULL)
GROUP BY ALL
ORDER BY projects DESC, system, machine
