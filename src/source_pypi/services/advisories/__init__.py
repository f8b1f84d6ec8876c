"""Advisories in bulk: an export of OSV's database, from its bucket, a copy of it, or a local folder or zip."""
