-- title: Fresh pins
-- question: Which pins select a release of the past 14 days, which few people have used yet?
-- needs: pins, versions
SELECT
    pins.project,
    pins.version,
    coalesce(versions.first_upload_at, versions.first_seen_at) AS released_at,
    date_diff('second', coalesce(versions.first_upload_at, versions.first_seen_at), current_timestamp) // 86400 AS days,
    pins.file,
    pins.line
FROM pins
JOIN versions ON versions.project = pins.project AND versions.version = pins.version
WHERE coalesce(versions.first_upload_at, versions.first_seen_at) > current_timestamp - INTERVAL 14 DAY
ORDER BY released_at DESC, pins.project, pins.file, pins.line
