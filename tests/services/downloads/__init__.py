"""Tests of ``services/downloads/``, against the fakes of ``tests/fake_downloads/``."""
