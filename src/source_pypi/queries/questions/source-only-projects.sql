-- title: Projects without wheels
-- question: Which projects' latest release has a source distribution and no wheel?
-- needs: versions
SELECT project, version, first_upload_at
FROM versions
WHERE is_latest AND has_sdist AND NOT has_wheel
ORDER BY first_upload_at DESC NULLS LAST, project
