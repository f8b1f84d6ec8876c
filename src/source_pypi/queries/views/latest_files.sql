-- title: Files of the latest releases
-- question: Which files does the latest release of each project have?
-- row: a file of a project's latest release
-- needs: files, versions
SELECT files.*
FROM files
JOIN versions ON versions.project = files.project AND versions.version = files.version
WHERE versions.is_latest
