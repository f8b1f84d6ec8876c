-- title: Required Python versions
-- question: Which Python versions do the latest releases require, and how many have an upper bound?
-- needs: versions
SELECT
    requires_python,
    count(*) AS projects,
    round(100 * count(*) / sum(count(*)) OVER (), 1) AS percent,
    coalesce(regexp_matches(requires_python, '<|==|~='), FALSE) AS has_upper_bound
FROM versions
WHERE is_latest
GROUP BY requires_python
ORDER BY projects DESC, requires_python
LIMIT 100
