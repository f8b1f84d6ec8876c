-- title: Attestations
-- question: Which releases are attested, and by which publishers?
-- needs: provenance_status
SELECT
    provenance_status.version,
    provenance_status.status,
    provenance_status.attested_files,
    provenance_status.files,
    provenance_status.publishers
FROM provenance_status
JOIN versions USING (project, version)
WHERE provenance_status.project = $project
ORDER BY versions.sort_key DESC
