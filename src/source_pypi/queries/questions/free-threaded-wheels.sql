-- title: Free-threaded wheels
-- question: Which projects' latest release has wheels for Python without the GIL (cp313t, abi3t), and which have abi3?
-- needs: latest_files
SELECT
    project,
    any_value(version) AS version,
    list(DISTINCT tag ORDER BY tag) FILTER (free) AS free_threaded_abis,
    coalesce(bool_or(tag = 'abi3'), FALSE) AS abi3,
    count(DISTINCT filename) AS compiled_wheels
FROM (
    SELECT project, version, filename, tag, tag = 'abi3t' OR regexp_full_match(tag, 'cp3\d+t') AS free
    FROM (SELECT project, version, filename, unnest(abi_tags) AS tag FROM latest_files WHERE abi_tags <> ['none'])
)
GROUP BY project
HAVING bool_or(free)
ORDER BY project
