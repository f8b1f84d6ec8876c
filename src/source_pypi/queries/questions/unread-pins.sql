-- title: Requirements that were not read
-- question: Which requirements were not requested from this index, and why?
-- needs: pins
SELECT project, specifier, named_index, not_read, file, line
FROM pins
WHERE not_read IS NOT NULL
ORDER BY not_read, project, file, line
