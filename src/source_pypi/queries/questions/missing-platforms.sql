-- title: Missing platforms
-- question: Which projects' latest release has wheels for some systems, and lacks others that are in wide use?
-- needs: latest_files
SELECT
    project,
    any_value(version) AS version,
    bool_or(regexp_matches(tags, 'manylinux\S*_x86_64')) AS manylinux_x86_64,
    bool_or(regexp_matches(tags, 'manylinux\S*_aarch64')) AS manylinux_aarch64,
    bool_or(contains(tags, 'musllinux')) AS musllinux,
    bool_or(regexp_matches(tags, 'macosx\S*_(arm64|universal2)')) AS macos_arm64,
    bool_or(contains(tags, 'win_amd64')) AS windows_x86_64,
    bool_or(contains(tags, 'win_arm64')) AS windows_arm64
FROM (
    SELECT project, version, array_to_string(platform_tags, ' ') AS tags
    FROM latest_files
    WHERE platform_tags IS NOT NULL
)
GROUP BY project
HAVING NOT bool_or(tags = 'any')
    AND NOT (manylinux_x86_64 AND manylinux_aarch64 AND musllinux AND macos_arm64 AND windows_x86_64 AND windows_arm64)
ORDER BY project
