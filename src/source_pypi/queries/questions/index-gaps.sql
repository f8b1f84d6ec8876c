-- title: What the index does not provide
-- question: Which streams does the index not provide, so that an empty table means unknown?
-- needs: index_capabilities
SELECT stream, available, reason, checked_at
FROM index_capabilities
WHERE available IS DISTINCT FROM TRUE
ORDER BY stream
