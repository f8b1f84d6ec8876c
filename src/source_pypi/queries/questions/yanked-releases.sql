-- title: Yanked releases
-- question: Which releases of the loaded projects are yanked, the newest first?
-- needs: versions
SELECT project, version, first_upload_at, yanked_reason, is_latest AS all_are_yanked
FROM versions
WHERE yanked
ORDER BY first_upload_at DESC NULLS LAST, project, version
