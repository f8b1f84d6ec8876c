-- title: What is not provided
-- question: Which streams do the index and the services not provide, so that an empty table means unknown?
-- needs: index_capabilities
SELECT stream, available, reason, checked_at
FROM index_capabilities
WHERE available IS DISTINCT FROM TRUE
ORDER BY stream
