-- title: Sole maintainers
-- question: Which projects of no organization depend on one person, and which person is it?
-- needs: sole_maintainers
SELECT project, "user"
FROM sole_maintainers
ORDER BY project
