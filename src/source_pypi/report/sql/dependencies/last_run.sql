-- title: The last run
-- question: How many rows did the last run add, change and remove in each table?
-- needs: runs
SELECT
    entry.key AS "table",
    CAST(entry.value ->> '$.added' AS BIGINT) AS added,
    CAST(entry.value ->> '$.changed' AS BIGINT) AS changed,
    CAST(entry.value ->> '$.removed' AS BIGINT) AS removed,
    CAST(entry.value ->> '$.rows' AS BIGINT) AS "rows"
FROM runs, json_each(runs.tables) AS entry
WHERE runs.run = (SELECT max(run) FROM runs)
ORDER BY added + changed + removed > 0 DESC, entry.key
