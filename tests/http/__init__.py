"""Tests of ``source_pypi.http``, and of whole commands on a network that fails."""
