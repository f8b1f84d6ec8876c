-- title: Suspicious provenance
-- question: Which releases lost their attestations, or were published from elsewhere than before?
-- needs: provenance_status
SELECT project, version, states, compared_with, publishers
FROM provenance_status
WHERE status IN ('lost', 'changed', 'inconsistent')
ORDER BY project, version
