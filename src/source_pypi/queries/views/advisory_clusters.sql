-- title: Advisory clusters
-- question: Which advisories describe the same vulnerability?
-- row: an advisory and the vulnerability that it describes
-- needs: advisories
-- column cluster: The smallest identifier among the advisory's own, its aliases, their aliases and so on, in both
--   directions. Advisories with the same one describe the same vulnerability.
WITH RECURSIVE edges AS (
    SELECT advisories.id AS node, alias.name AS other
    FROM advisories
    CROSS JOIN UNNEST(advisories.aliases) AS alias (name)
    UNION
    SELECT alias.name AS node, advisories.id AS other
    FROM advisories
    CROSS JOIN UNNEST(advisories.aliases) AS alias (name)
),
reached AS (
    SELECT advisories.id, advisories.id AS node FROM advisories
    UNION
    SELECT reached.id, edges.other AS node FROM reached JOIN edges ON edges.node = reached.node
)
SELECT id, min(node) AS cluster
FROM reached
GROUP BY id
