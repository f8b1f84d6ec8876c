-- title: Oldest Python
-- question: Which is the oldest Python that the latest releases admit?
-- needs: projects
WITH required AS (
    SELECT regexp_extract(requires_python, '>=?\s*([23](?:\.[0-9]+)?)', 1) AS python, count(*) AS projects
    FROM projects
    GROUP BY requires_python
)
SELECT coalesce(nullif(python, ''), 'no lower limit') AS python, sum(projects)::BIGINT AS projects
FROM required
GROUP BY python
ORDER BY
    python = '',
    try_cast(split_part(python, '.', 1) AS INTEGER),
    try_cast(split_part(python, '.', 2) AS INTEGER) NULLS FIRST
