-- title: Licences
-- question: Under which licences are the pinned releases?
-- needs: pin_licenses
SELECT
    expression,
    count(DISTINCT project) AS projects,
    list(DISTINCT project ORDER BY project) AS "named"
FROM pin_licenses
GROUP BY expression
ORDER BY expression IS NULL DESC, projects DESC, expression
