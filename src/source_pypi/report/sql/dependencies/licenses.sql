-- title: Licences
-- question: Under which licences are the pinned releases?
-- needs: pin_licenses
SELECT
    coalesce(pin_licenses.expression, CASE WHEN license IS NOT NULL THEN 'not in SPDX' END) AS expression,
    count(DISTINCT project) AS projects,
    list(DISTINCT project ORDER BY project) AS "named"
FROM pin_licenses
GROUP BY 1
ORDER BY bool_and(pin_licenses.expression IS NULL) DESC, projects DESC, expression
