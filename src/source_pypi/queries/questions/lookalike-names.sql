-- title: Names that look alike
-- question: Which names on the index differ only in hyphens, or in characters that look alike (0 and o, 1 and l)?
-- needs: listing
SELECT count(*) AS projects, list(project ORDER BY project) AS names
FROM listing
GROUP BY translate(replace(project, '-', ''), '01i5', 'olls')
HAVING count(*) > 1
ORDER BY projects DESC, names
