-- title: Requirements without a pin
-- question: Which requirements do not pin a version, so that another day may install another release?
-- needs: pins
SELECT project, specifier, version AS selected, file, line
FROM pins
WHERE pinned_version IS NULL AND not_read IS NULL
ORDER BY specifier IS NOT NULL, project, file, line
