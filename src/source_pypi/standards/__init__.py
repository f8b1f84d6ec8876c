"""Packaging standards: versions (PEP 440), requirements (PEP 508), names of wheels (PEP 427)."""
