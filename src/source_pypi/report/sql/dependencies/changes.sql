-- title: Changes in the last run
-- question: Which rows did the last run add, change or remove, apart from the raw documents in project and release?
-- needs: changes, runs
SELECT
    table_name AS "table",
    kind,
    array_to_string(key ->> '$.*', ', ') AS "row",
    changed_columns,
    CASE WHEN kind = 'changed' THEN left(CAST(before AS VARCHAR), 400) END AS before,
    CASE WHEN kind = 'changed' THEN left(CAST(after AS VARCHAR), 400) END AS after
FROM changes
WHERE run = (SELECT max(run) FROM runs) AND table_name NOT IN ('project', 'release')
ORDER BY
    CASE table_name WHEN 'vulnerabilities' THEN 0 WHEN 'statuses' THEN 1 WHEN 'versions' THEN 2 ELSE 3 END,
    "table",
    kind,
    "row"
