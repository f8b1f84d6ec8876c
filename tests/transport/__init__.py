"""Tests of ``source_pypi.transport``, and of whole commands on a network that fails."""
