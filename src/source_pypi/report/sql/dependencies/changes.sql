-- title: Changes in the last run
-- question: Which rows did the last run add, change or remove, apart from the raw documents in project and release?
-- needs: changes, runs
SELECT
    table_name AS "table",
    kind,
    array_to_string(key ->> '$.*', ', ') AS "row",
    array_to_string(
        list_transform(
            changed_columns,
            lambda name: name
            || ': ' || coalesce(left(before ->> ('$."' || name || '"'), 60), 'none')
            || ' → ' || coalesce(left(after ->> ('$."' || name || '"'), 60), 'none')
        ),
        ', '
    ) AS changed
FROM changes
WHERE run = (SELECT max(run) FROM runs) AND table_name NOT IN ('project', 'release')
ORDER BY
    CASE table_name WHEN 'vulnerabilities' THEN 0 WHEN 'statuses' THEN 1 WHEN 'versions' THEN 2 ELSE 3 END,
    "table",
    kind,
    "row"
