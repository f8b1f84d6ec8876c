-- title: Size of each release
-- question: How large are the files of each release, by type?
-- needs: files, versions
SELECT
    versions.version,
    coalesce(sum(files.size) FILTER (files.packagetype = 'sdist'), 0)::BIGINT AS sdist,
    coalesce(sum(files.size) FILTER (files.packagetype = 'bdist_wheel'), 0)::BIGINT AS wheels,
    coalesce(sum(files.size) FILTER (coalesce(files.packagetype, '') NOT IN ('sdist', 'bdist_wheel')), 0)::BIGINT AS other,
    count(*) AS files
FROM versions
JOIN files USING (project, version)
WHERE versions.project = $project
GROUP BY versions.version, versions.sort_key
ORDER BY versions.sort_key DESC
