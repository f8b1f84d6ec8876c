-- title: The project
-- question: What is the latest release, who owns it, and how old is it?
-- needs: projects
WITH owner AS (SELECT list(DISTINCT "user" ORDER BY "user") AS owners FROM roles WHERE project = $project)
SELECT
    coalesce(projects.name, $project) AS name,
    projects.summary,
    projects.latest_version,
    (SELECT any_value(status) FROM statuses WHERE project = $project) AS status,
    (SELECT any_value(reason) FROM statuses WHERE project = $project) AS reason,
    coalesce(
        (SELECT any_value(licenses.expression) FROM licenses WHERE licenses.project = $project AND licenses.version = projects.latest_version),
        projects.license_expression,
        left(projects.license, 80)
    ) AS licence,
    owner.owners,
    projects.organization,
    projects.requires_python,
    projects.first_upload_at,
    projects.last_upload_at,
    projects.version_count,
    projects.file_count,
    projects.total_size
FROM owner
LEFT JOIN projects ON projects.project = $project
