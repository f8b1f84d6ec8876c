-- title: Dependents
-- question: Which projects require a project, in which of their releases, and under which condition?
-- row: a requirement of one project by another
-- needs: dependencies
-- column project: The required project.
-- column dependent: The project that requires it.
-- column dependent_version: The release that requires it. Without the setting releases: all, only selected releases
--   are known.
-- column specifier: The accepted versions. Null: any version, or the requirement is invalid.
-- column marker: The condition. Null: always.
-- column extra: The extra of the dependent that it belongs to. Null: none.
SELECT
    name AS project,
    project AS dependent,
    version AS dependent_version,
    specifier,
    marker,
    extra
FROM dependencies
WHERE name <> project
