-- title: Missing projects
-- question: Which pins name a project or a release that the index does not have?
-- needs: missing_projects
SELECT project, specifier, status, reason, since, file, line
FROM missing_projects
ORDER BY project, file, line
