-- title: Runs of sync
-- question: When did sync run, how long did it take, and how many rows did it add, change and remove in each table?
-- needs: runs
SELECT
    run,
    started_at,
    round(epoch(finished_at) - epoch(started_at), 1) AS seconds,
    projects,
    requests,
    tables
FROM runs
ORDER BY run DESC
LIMIT 100
