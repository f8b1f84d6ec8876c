-- title: Licences
-- question: Under which licences are the latest releases, as SPDX expressions?
-- needs: projects
SELECT license_expression AS expression, count(*) AS projects
FROM projects
GROUP BY expression
ORDER BY projects DESC, expression
LIMIT 20
