-- title: Owners
-- question: Who has a role in the project, and in how many other loaded projects?
-- needs: roles
SELECT
    roles."user",
    roles.role,
    (SELECT count(DISTINCT other.project) FROM roles AS other WHERE other."user" = roles."user" AND other.project <> $project) AS other_projects
FROM roles
WHERE roles.project = $project
ORDER BY roles.role DESC, roles."user"
