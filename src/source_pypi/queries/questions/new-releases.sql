-- title: New releases
-- question: Which releases of the loaded projects were uploaded in the past seven days?
-- needs: versions
SELECT project, version, first_upload_at, file_count AS files, is_prerelease, yanked
FROM versions
WHERE first_upload_at > current_timestamp - INTERVAL 7 DAY
ORDER BY first_upload_at DESC, project
