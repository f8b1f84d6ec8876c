-- title: Runs of sync
-- question: When did sync run, how long did it take, and how many rows did it add, change and remove in which tables?
-- needs: runs
SELECT
    run,
    started_at,
    round(epoch(finished_at) - epoch(started_at), 1) AS seconds,
    projects,
    requests,
    changed.table_name,
    changed.added,
    changed.changed,
    changed.removed
FROM (FROM runs ORDER BY run DESC LIMIT 100) AS last_runs
LEFT JOIN (
    SELECT
        runs.run,
        entry.key AS table_name,
        (entry.value ->> '$.added')::BIGINT AS added,
        (entry.value ->> '$.changed')::BIGINT AS changed,
        (entry.value ->> '$.removed')::BIGINT AS removed
    FROM runs, json_each(runs.tables) AS entry
    WHERE added + changed + removed > 0
) AS changed USING (run)
ORDER BY run DESC, changed.table_name
