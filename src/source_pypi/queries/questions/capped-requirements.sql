-- title: Capped requirements
-- question: Which requirements exclude future releases of a project (<, <=, ==, ~=), and so hold back updates?
-- needs: dependencies
SELECT name AS project, count(DISTINCT project) AS capped_by, mode(specifier) AS most_often
FROM dependencies
WHERE name <> project AND extra IS NULL AND regexp_matches(specifier, '(^|,)\s*(<|==|~=)')
GROUP BY name
ORDER BY capped_by DESC, name
LIMIT 100
