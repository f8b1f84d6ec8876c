-- title: Unattested pins
-- question: Which pins select a release with files that have no attestation?
-- needs: unattested_pins
SELECT project, version, files, attested_files, status, file, line
FROM unattested_pins
ORDER BY attested_files > 0, project, version, file, line
