-- title: Changes in the last run
-- question: Which rows did the last run add, change or remove?
-- needs: changes
SELECT
    table_name AS "table",
    kind,
    CAST(key AS VARCHAR) AS "key",
    changed_columns
FROM changes
WHERE run = (SELECT max(run) FROM changes)
ORDER BY table_name, kind, key
