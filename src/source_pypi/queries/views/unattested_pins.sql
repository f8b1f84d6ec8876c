-- title: Unattested pins
-- question: Which pins select a release with files that have no attestation?
-- row: a pin that selects a release of which not all files are attested
-- needs: pins, provenance_status
-- column version: The release that the pin selects.
-- column files: Number of files of the release.
-- column attested_files: Number of them that have an attestation.
-- column status: The release's status, as in provenance_status.
SELECT
    pins.project,
    pins.version,
    pins.specifier,
    pins.file,
    pins.line,
    provenance_status.files,
    provenance_status.attested_files,
    provenance_status.status
FROM pins
JOIN provenance_status
    ON provenance_status.project = pins.project AND provenance_status.version = pins.version
WHERE provenance_status.attested_files < provenance_status.files
