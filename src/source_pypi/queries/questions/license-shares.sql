-- title: Licences
-- question: How many loaded releases have each licence, as an SPDX expression, and where is it stated?
-- needs: licenses
SELECT
    expression,
    count(*) AS releases,
    round(100 * count(*) / sum(count(*)) OVER (), 1) AS percent,
    count(*) FILTER (expression_source = 'license_expression') AS stated_as_expression
FROM licenses
GROUP BY expression
ORDER BY releases DESC, expression
LIMIT 100
