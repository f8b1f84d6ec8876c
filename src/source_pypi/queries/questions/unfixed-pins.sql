-- title: Pins without a fix
-- question: Which pins select a vulnerable release for which no fixed release is known?
-- needs: vulnerable_pins
SELECT project, version, id, aliases, summary, link
FROM vulnerable_pins
WHERE smallest_fix IS NULL
ORDER BY project, version, id
