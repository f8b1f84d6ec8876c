-- title: Sole maintainers
-- question: Which projects depend on one person?
-- row: a project of no organization in which only one user has a role
-- needs: roles, projects
-- column user: The user, who may have several roles in it.
SELECT roles.project, min(roles."user") AS "user"
FROM roles
LEFT JOIN projects ON projects.project = roles.project
WHERE projects.organization IS NULL
GROUP BY roles.project
HAVING count(DISTINCT roles."user") = 1
