-- title: Recent changes
-- question: Which rows did the last sync that changed anything add, change or remove?
-- needs: changes
SELECT run, table_name, kind, key, changed_columns, before, after
FROM changes
WHERE run = (SELECT max(run) FROM changes)
ORDER BY table_name, kind, key::VARCHAR
