-- title: Invalid versions
-- question: Which versions break PEP 440, so that installers ignore them?
-- needs: versions
SELECT project, version, first_upload_at, file_count AS files
FROM versions
WHERE NOT valid_pep440
ORDER BY project, version
