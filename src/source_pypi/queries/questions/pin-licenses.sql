-- title: Licences of pins
-- question: Which licence does each pinned release have, unknown ones first?
-- needs: pin_licenses
SELECT project, version, expression, expression_source, left(license, 80) AS license, file, line
FROM pin_licenses
ORDER BY expression IS NOT NULL, expression, project, version, file, line
