-- title: Yanked pins
-- question: Which pins select a yanked release, why was it yanked, and what can replace it?
-- needs: yanked_pins
SELECT project, version, yanked_reason, replacement, replacement_admitted, file, line
FROM yanked_pins
ORDER BY project, version, file, line
