-- title: Vulnerable pins
-- question: Which pins select a release with a known vulnerability, and which release fixes it?
-- needs: vulnerable_pins
SELECT project, version, id, smallest_fix, fix_admitted, summary, file, line
FROM vulnerable_pins
ORDER BY project, version, id, file, line
