"""Tests of ``services/events``."""
