-- title: Key people
-- question: Which users have a role in the most projects, and in how many are they the only one?
-- needs: roles
SELECT
    roles."user",
    count(DISTINCT roles.project) AS projects,
    count(DISTINCT roles.project) FILTER (users.users = 1) AS alone_in
FROM roles
JOIN (SELECT project, count(DISTINCT "user") AS users FROM roles GROUP BY project) AS users USING (project)
GROUP BY roles."user"
ORDER BY projects DESC, alone_in DESC, roles."user"
LIMIT 100
