-- title: Invalid requirements
-- question: Which loaded releases have requirements that installers cannot parse?
-- needs: dependencies
SELECT project, version, requirement, parse_error
FROM dependencies
WHERE parse_error IS NOT NULL
ORDER BY project, version, position
