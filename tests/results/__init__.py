"""Tests of what the Python library returns."""
