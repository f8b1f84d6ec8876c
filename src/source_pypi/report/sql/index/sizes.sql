-- title: Size of projects
-- question: How much do the files of a project take?
-- needs: projects
SELECT
    CASE
        WHEN total_size < 1e4 THEN 'below 10 kB'
        WHEN total_size < 1e5 THEN '10 to 100 kB'
        WHEN total_size < 1e6 THEN '100 kB to 1 MB'
        WHEN total_size < 1e7 THEN '1 to 10 MB'
        WHEN total_size < 1e8 THEN '10 to 100 MB'
        WHEN total_size < 1e9 THEN '100 MB to 1 GB'
        WHEN total_size IS NULL THEN 'not given'
        ELSE '1 GB and more'
    END AS size,
    count(*) AS projects,
    sum(total_size)::BIGINT AS bytes
FROM projects
GROUP BY size
ORDER BY min(total_size) NULLS LAST
