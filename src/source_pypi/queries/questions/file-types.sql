-- title: File types
-- question: How many files of each type are there, and how large are they?
-- needs: files
SELECT
    packagetype,
    count(*) AS files,
    round(100 * count(*) / sum(count(*)) OVER (), 2) AS percent,
    round(sum(size) / 1e9, 3) AS gigabytes,
    round(avg(size) / 1e6, 2) AS megabytes_per_file
FROM files
GROUP BY packagetype
ORDER BY files DESC
